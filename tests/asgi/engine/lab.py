"""A laboratory for the engine: write release A into a folder, import it, bring it to release B, look."""

from __future__ import annotations

import importlib
import itertools
import json
import subprocess
import sys
import types
from pathlib import Path

from flyhot_asgi.engine import Journal, Patch, Plan, ReleaseFinder, SourceModule, make_plan, verify
from flyhot_asgi.engine.adapters import default_adapters

_numbers = itertools.count()


class Lab:
    """Modules of one throw-away app. `files` maps module names (`m`, `pkg`, `pkg.m`) to texts; names get a prefix."""

    def __init__(self, root: Path, **files: str) -> None:
        self.top = f"lab{next(_numbers)}"
        self.root = root
        self.finder = ReleaseFinder()
        self.finder.install()
        self.sources = self.release(**files)
        for source in self.sources.values():
            path = Path(source.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source.text)
        sys.path.insert(0, str(root))
        importlib.invalidate_caches()
        for name in self.sources:
            importlib.import_module(name)

    def release(self, **files: str) -> dict[str, SourceModule]:
        """A release of this app: the package itself, and a module per file."""
        texts = {self.top: "", **{f"{self.top}.{name.replace('__', '.')}": text for name, text in files.items()}}
        packages = {name for name in texts if any(other.startswith(name + ".") for other in texts)}
        sources = {}
        for name, text in texts.items():
            tail = "/__init__.py" if name in packages else ".py"
            relpath = name.replace(".", "/") + tail
            sources[name] = SourceModule(name, str(self.root / relpath), text, name in packages, relpath)
        return sources

    def __getattr__(self, name: str) -> types.ModuleType:
        return sys.modules[f"{self.top}.{name}"]

    @property
    def live(self) -> dict[str, types.ModuleType]:
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == self.top}

    def plan(self, units=lambda cls: 0, **files: str) -> Plan:
        self.target = self.release(**files)
        return make_plan(self.sources, self.target, self.live, adapters=default_adapters(), units=units)

    def upgrade(self, **files: str) -> Plan:
        """Plan, apply, verify; the plan must have no refusals and the verification no differences."""
        plan = self.plan(**files)
        assert plan.refusals == [], plan.refusals
        patch = Patch(plan, self.finder)
        patch.stage()
        self.journal = Journal()
        try:
            patch.apply(self.journal)
        except BaseException:
            self.journal.rollback()
            raise
        differences = verify(patch)
        assert not differences, [str(d) for d in differences]
        self.before, self.sources = self.sources, self.target
        return plan

    def undo(self) -> None:
        self.journal.rollback()
        self.sources = self.before

    def close(self) -> None:
        self.finder.uninstall()
        if str(self.root) in sys.path:
            sys.path.remove(str(self.root))
        for name in list(self.live):
            del sys.modules[name]


def cold(sources: dict[str, SourceModule], expression: str, module: str, tmp: Path) -> object:
    """What `expression` gives in a fresh process that imports these sources cold. Plain data only."""
    for source in sources.values():
        path = tmp / source.relpath
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.text)
    script = f"import json, {module} as m\nprint(json.dumps(eval({expression!r}, vars(m))))"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
