"""A laboratory for the engine: write release A into a folder, import it, bring it to release B, look."""

from __future__ import annotations

import gc
import importlib
import itertools
import sys
import types
from collections.abc import Callable, Collection
from pathlib import Path

from flyhot_asgi.engine import (
    Journal,
    Patch,
    Plan,
    Refusal,
    Refused,
    ReleaseFinder,
    SourceModule,
    StillCollector,
    make_plan,
    verify,
)
from flyhot_asgi.engine.adapters import default_adapters
from flyhot_asgi.engine.rehearsal.attempts import Ground, attempt
from flyhot_asgi.engine.source.drift import Drift
from flyhot_asgi.engine.verification.fingerprint import describe
from flyhot_asgi.engine.verification.recorded import Recorded, Structure
from flyhot_asgi.engine.verification.settings import Settings, settings

from .compare import Comparison
from .snapshot import Snapshot

_numbers = itertools.count()


def forget_folder(root: Path) -> None:
    """What the import system remembers of folders that are gone: the heap of the tests to come would have it, too."""
    for path in [path for path in sys.path_importer_cache if path.startswith(str(root))]:
        del sys.path_importer_cache[path]


class Lab:
    """Modules of one throw-away app. `files` maps module names (`m`, `pkg`, `pkg__m`) to texts; names get a prefix."""

    def __init__(self, root: Path, **files: str) -> None:
        self.top = f"lab{next(_numbers)}"
        self.root = root
        self.finder = ReleaseFinder()
        self.finder.install()
        self.sources = self.before = self.release(**files)
        self.journal = Journal()
        self.collector = StillCollector()
        self.cold: list[str] = []
        self.looks = False
        """Plans are made with what is known of values: cold imports of both releases."""
        self.here = False
        """Releases are imported cold under the same names: nothing need be renamed."""
        self._write(self.sources)
        sys.path.insert(0, str(root))
        importlib.invalidate_caches()
        for name in self.sources:
            if "lazy" not in name:
                importlib.import_module(name)
        self.described = describe(self.live, str(root), self.live)
        self.settings = settings(self.live)
        self.settings_then = self.settings
        """Those of the release that was imported cold last."""

    def _write(self, sources: dict[str, SourceModule]) -> None:
        for source in sources.values():
            path = Path(source.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source.text)

    def release(self, top: str | None = None, **files: str) -> dict[str, SourceModule]:
        """A release of this app: the package itself, and a module per file."""
        top = top or self.top
        texts = {top: "", **{f"{top}.{name.replace('__', '.')}": text for name, text in files.items()}}
        packages = {name for name in texts if any(other.startswith(name + ".") for other in texts)}
        sources = {}
        for name, text in texts.items():
            tail = "/__init__.py" if name in packages else ".py"
            relpath = name.replace(".", "/") + tail
            sources[name] = SourceModule(name, str(self.root / relpath), text, name in packages, relpath)
        return sources

    def __getattr__(self, name: str) -> types.ModuleType:
        try:
            return sys.modules[f"{self.top}.{name}"]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def live(self) -> dict[str, types.ModuleType]:
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == self.top}

    def plan(
        self, units: Callable[[type], Collection[int]] = lambda cls: (), downgrade: bool = False, **files: str
    ) -> Plan:
        self.target = self.release(**files)
        drift = self._drift(**files) if self.looks else None
        return make_plan(
            self.sources,
            self.target,
            self.live,
            adapters=default_adapters(),
            units=units,
            downgrade=downgrade,
            drift=drift,
        )

    def _drift(self, **files: str) -> Drift:
        """What the program changed since the import, and what the next release changes."""
        return Drift(self.described, describe(self.live, str(self.root), self.live), self._cold_import(**files)[1])

    def _cold_import(self, **files: str) -> tuple[dict[str, list[str]], Structure]:
        """The names and the structure of a release, imported beside the living one, told as if it had its place."""
        top, found = self.cold_import(**files)
        cold = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == top}
        return {name.replace(top, self.top, 1): sorted(vars(module)) for name, module in cold.items()}, found

    def cold_import(self, **files: str) -> tuple[str, Structure]:
        """A release, imported beside the living one: its top name there, and its structure as if it had its place."""
        top = f"new{next(_numbers)}"
        self.cold.append(top)
        self._write(self.release(top, **files))
        importlib.invalidate_caches()
        for name in [*self.sources, *self.live]:  # sys.modules is in the order in which imports ended
            if name in self.live and name in self.release(**files):
                importlib.import_module(name.replace(self.top, top, 1))
        cold = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == top}
        found = describe(cold, str(self.root), cold)
        return top, {p.replace(top, self.top): (c, t.replace(top, self.top)) for p, (c, t) in found.items()}

    def apply(self, plan: Plan, journal: Journal) -> Patch:
        """Stage and apply; whatever is raised is raised after the rollback."""
        patch = Patch(plan, self.finder)
        patch.stage()
        self.collector.begin()
        try:
            patch.apply(journal)
        except BaseException:
            journal.rollback()
            self.collector.end()
            raise
        return patch

    def upgrade(self, units: Callable[[type], int] = lambda cls: 0, downgrade: bool = False, **files: str) -> Plan:
        """Plan, apply, verify; the plan must have no refusals and the verification no differences."""
        plan = self.plan(units, downgrade, **files)
        assert plan.refusals == [], [f"{r.file}:{r.line}: {r.name}: {r.reason}" for r in plan.refusals]
        self.journal = Journal()
        patch = self.apply(plan, self.journal)
        try:
            differences = verify(patch)
        finally:
            self.collector.end()
        assert not differences, [str(d) for d in differences]
        self.before, self.sources = self.sources, self.target
        return plan

    def cold_here(
        self, *, insides: bool = False, **files: str
    ) -> tuple[dict[str, types.ModuleType], dict[str, list[str]], Structure]:
        """A release imported in the place of the living one, for a moment: its modules, names and structure, which need
        no renaming (some texts are digests)."""
        living = self.live
        for name in living:
            del sys.modules[name]
        self._write(self.release(**files))
        for path in self.root.rglob("*.pyc"):
            path.unlink()
        importlib.invalidate_caches()
        self.finder.uninstall()
        try:
            for name in [name for name in living if name in self.release(**files)]:
                importlib.import_module(name)
            cold = self.live
            self.settings_then = settings(cold)
            names = {name: sorted(vars(module)) for name, module in cold.items()}
            return cold, names, describe(cold, str(self.root), cold, insides=insides)
        finally:
            for name, module in self.live.items():
                vars(module)["__file__"] = f"{module.__file__} (cold)"  # no module that the app executed besides
                del sys.modules[name]
            sys.modules.update(living)
            self.finder.install()

    def arrive(self, **files: str) -> Plan:
        """As `Engine.upgrade()` does it, in this process: compared with a cold import, enlarged by what differs. Raises
        Refused, and everything is as it was."""
        self.target = self.release(**files)
        _, names, structure = self.cold_here(**files) if self.here else (None, *self._cold_import(**files))
        ground = Ground(self.root, self.sources, self.target, self.live, self.finder)
        sides = ({k: v[1] for k, v in s.items()} for s in (self.settings_then, self.settings))
        otherwise = Settings.of(*sides, ())
        ground.look(Recorded(structure, self.described, names, settings=otherwise))
        try:
            arrival = attempt(ground, ground.plan())
        except Refused:
            gc.collect()
            raise
        self.journal = arrival.journal
        self.before, self.sources = self.sources, self.target
        return arrival.plan

    def comes(self, **files: str) -> Plan:
        """As `arrive`, with all that fresh processes say of both releases, what is in libraries' objects included."""
        old = {name.partition(".")[2].replace(".", "__"): source.text for name, source in self.sources.items()}
        before = self.cold_here(insides=True, **{name: text for name, text in old.items() if name})[2]
        names, structure = self.cold_here(insides=True, **files)[1:]
        gc.collect()  # what was imported for a moment holds nothing
        self.target = self.release(**files)
        ground = Ground(self.root, self.sources, self.target, self.live, self.finder)
        recorded = Recorded.of({"structure": structure, "before": before, "modules": names})
        assert recorded is not None
        ground.look(recorded)
        arrival = attempt(ground, ground.plan())
        self.journal = arrival.journal
        self.before, self.sources = self.sources, self.target
        return arrival.plan

    def undo(self) -> None:
        self.journal.rollback()
        gc.collect()  # as the engine does it: classes that were made and taken back are derived ones until then
        self.sources = self.before

    def refused(self, **files: str) -> Refusal:
        """The first refusal of a plan that must have one. Planning must not have changed anything."""
        before = Snapshot(self.top)
        plan = self.plan(**files)
        assert plan.refusals, f"not refused: {[(s.name, s.action.value, s.why) for s in plan.steps]}"
        assert all(r.file and r.line and r.reason and r.do for r in plan.refusals)
        assert before.differences() == []
        before.release()
        return plan.refusals[0]

    def brings(self, *, but: tuple[str, ...] = (), **files: str) -> Plan:
        """To a release and back: equal to a cold import of it, and undone exactly.

        `but`: paths (as comparisons show them) that are state and may differ, by their beginning.
        """
        before = Snapshot(self.top)
        plan = self.upgrade(**files)
        assert self.differs(but, **files) == []
        self.undo()
        assert before.differences() == []
        before.release()
        return plan

    def differs(self, but: tuple[str, ...] = (), **files: str) -> list[str]:
        """How the living modules differ from a cold import of `files`."""
        top = f"old{next(_numbers)}"
        self.cold.append(top)
        self._write(self.release(top, **files))
        importlib.invalidate_caches()
        for name in [*self.before, *self.live]:  # sys.modules is in the order in which imports ended
            if name in self.live and name in self.release(**files):
                importlib.import_module(name.replace(self.top, top, 1))
        cold = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == top}
        found = Comparison(self.top, top).modules(self.live, cold)
        return [one for one in found if not one.removeprefix(self.top + ".").startswith(but or ("\0",))]

    def close(self) -> None:
        self.journal.discard()
        self.finder.uninstall()
        if str(self.root) in sys.path:
            sys.path.remove(str(self.root))
        for name in list(sys.modules):
            if name.partition(".")[0] in (self.top, *self.cold):
                del sys.modules[name]
        forget_folder(self.root)
