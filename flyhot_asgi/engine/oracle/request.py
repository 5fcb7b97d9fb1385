"""What a fresh process is asked to import, and how its failures are told. Pure but for what `sys.path` says."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...errors import SourceError
from ..living.began import without_what_is_set
from ..living.modules import cold_name, import_root
from ..source.module import SourceModule

_NOTHING_CHANGED = "nothing was changed, the old code still serves"


@dataclass(frozen=True)
class ColdRequest:
    """One cold import: what, from where, seen as whose.

    `tree` is the folder that holds the release (real path); the `sys.path` entries are those of this process, with the
    app's root replaced by it; the working folder is this process's, unless `folder` names another. `own`: names of the
    release's modules; None: whatever is imported from the tree. `overlay`: modules whose text is not what lies on disk.
    `files`: the modules' files, relative to the tree.
    """

    tree: Path
    modules: tuple[str, ...]
    path: tuple[str, ...]
    own: tuple[str, ...] | None = None
    overlay: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable
    environment: Mapping[str, str] | None = None
    folder: Path | None = None

    def document(self) -> dict[str, Any]:
        return {
            "path": list(self.path),
            "modules": list(self.modules),
            "own": list(self.own) if self.own is not None else None,
            "overlay": {name: dict(module) for name, module in self.overlay.items()},
            "tree": str(self.tree) + os.sep,
            "ours": str(Path(__file__).parents[3]),
        }


def request_for_tree(tree: Path, root: Path, live: Mapping[str, SourceModule]) -> ColdRequest:
    """The living modules that a release still has, from its own folder. `live` are their sources in that release."""
    files = {
        cold_name(name, sys.modules[name]) if name == "__main__" else name: source.relpath
        for name, source in live.items()
    }
    environment = without_what_is_set(source.text for source in live.values())
    return replace(request_for_files(tree, root, files), environment=environment)


def request_for_files(tree: Path, root: Path, files: Mapping[str, str]) -> ColdRequest:
    """The same by the modules' names in a cold import, and their files below the tree."""
    tree = tree.resolve()
    moved = [_moved(entry or os.getcwd(), root, tree) for entry in sys.path]
    roots = [str(import_root(name, tree / file)) for name, file in files.items()]
    return ColdRequest(tree, tuple(files), tuple(dict.fromkeys([*roots, *moved])), files=dict(files))


def request_in_place(
    root: Path, sources: Mapping[str, SourceModule], other: Mapping[str, SourceModule], modules: tuple[str, ...]
) -> ColdRequest:
    """A release in the app's own folder, whichever of the two lies there now. `other` is the other release: what
    differs between them is given as text (no byte code of the wrong one may be found), the rest read from the disk."""
    path = tuple(dict.fromkeys(entry or os.getcwd() for entry in sys.path))
    differ = {name: source for name, source in sources.items() if not _same(source, other.get(name))}
    absent = {name: {"absent": True, "file": one.path} for name, one in other.items() if name not in sources}
    overlay = {**absent, **overlay_of(differ, sources)}
    files = {name: sources[name].relpath for name in modules}
    environment = without_what_is_set(one.text for side in (sources, other) for one in side.values())
    return ColdRequest(root, modules, path, tuple(sources), overlay, files, environment=environment)


def _same(source: SourceModule, other: SourceModule | None) -> bool:
    return other is not None and source.text == other.text and source.path == other.path


def overlay_of(texts: Mapping[str, SourceModule], known: Mapping[str, SourceModule]) -> dict[str, dict[str, Any]]:
    """Texts by module, with the packages above them that are folders without `__init__.py`: none of the `known`."""
    found: dict[str, dict[str, Any]] = {}
    for name, source in texts.items():
        found[name] = {"file": source.path, "text": source.text, "package": source.is_package}
        folder = Path(source.path).parent
        folder = folder.parent if source.is_package else folder
        parent = name.rpartition(".")[0]
        while parent:
            if parent not in known and parent not in found:
                found[parent] = {"file": None, "folder": str(folder)}
            parent, folder = parent.rpartition(".")[0], folder.parent
    return found


def _moved(entry: str, root: Path, tree: Path) -> str:
    """A `sys.path` entry inside the app's root, as it is in the release's tree; others as they are."""
    real = Path(os.path.realpath(entry))
    if not real.is_relative_to(root) or "site-packages" in real.parts or "dist-packages" in real.parts:
        return entry
    inside = tree / real.relative_to(root)
    return str(inside) if inside.is_dir() else entry


def failure_of(request: ColdRequest, answer: Mapping[str, Any]) -> SourceError:
    """What the fresh process says that the release raised, as an error with file and line of the release."""
    tree = str(request.tree) + os.sep
    file = answer["file"]
    if file and os.path.realpath(file).startswith(tree):
        file = os.path.realpath(file)[len(tree) :]
    where = f"{file}:{answer['line']}: " if file else ""
    return failed(f"{where}{answer['type']}: {answer['message']}", file, answer["line"], answer["trace"], answer)


def failed(
    message: str,
    file: str | None = None,
    line: int | None = None,
    detail: str | None = None,
    answer: Mapping[str, Any] | None = None,
) -> SourceError:
    do = f"mend it and run it again; {_NOTHING_CHANGED}"
    if answer and answer["type"] == "ModuleNotFoundError" and answer.get("module"):
        missing = answer["module"].partition(".")[0]
        do = f"install `{missing}` where the app runs, or mend the import; run it again; {_NOTHING_CHANGED}"
    return SourceError(f"the release can't be imported: {message}", file=file, line=line, do=do, detail=detail)


def too_slow(seconds: float) -> SourceError:
    """An import did not end in time: that says as much about the machine as about the release."""
    return SourceError(
        f"importing the release cold in a fresh process took longer than {seconds:g} s",
        do="try again when this machine is less busy, allow it more (`import_timeout`), or pack and check the release "
        "on another (`flyhot_deploy pack`). "
        f"If it is always so, see what the app waits for at import; {_NOTHING_CHANGED}",
    )
