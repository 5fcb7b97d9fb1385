"""Files beside the modules that a release reads while it is imported, and that are others since this process did.

Both releases are imported cold in one folder, where the old file is gone: what the old release made of it can't be told
from what the program made since, unless the new file makes no difference to it.
"""

from __future__ import annotations

import fnmatch
import re
import time
import types
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..living.beside import digest_of, digests_beside
from ..source.active import active
from ..source.defuse import Home, Names
from ..source.drift import Drift
from ..source.module import SourceModule, Statement
from ..source.uses import may_be_stored
from ..source.values import is_atomic

_VERSIONED = re.compile(r"(?<=-)[^-/]+(?=\.(dist|egg)-info/)")
"""The version in the name of the folder where an installer writes what it knows of a distribution."""


@dataclass(frozen=True)
class Beside:
    """What was there when this process had imported its release: `digests` of files by their paths, relative to the
    root, and the time, in nanoseconds, for those that have none."""

    root: Path
    digests: Mapping[str, str]
    since: int

    @classmethod
    def now(cls, root: Path) -> Beside:
        """Blocking: reads all small files below the root."""
        return cls(root, digests_beside(root), time.time_ns())

    def read_since(self, files: Iterable[str], modules: Collection[str]) -> list[str]:
        """Which of `files` are others now. `modules`: files of modules that live here, whose text is compared
        elsewhere."""
        return [path for path in files if path not in modules and self._is_other(path)]

    def _is_other(self, path: str) -> bool:
        before = self.digests.get(path) or self._of_other_version(path)
        if before is not None:
            return digest_of(self.root / path) != before
        return _changed(self.root / path) > self.since

    def _of_other_version(self, path: str) -> str | None:
        """What lay in the folder of the distribution's earlier version, which is called otherwise."""
        if (version := _VERSIONED.search(path)) is None:
            return None
        pattern = f"{path[: version.start()]}[!-]*{path[version.end() :]}"
        found = [one for one in self.digests if fnmatch.fnmatchcase(one, pattern) and _VERSIONED.search(one)]
        return self.digests[found[0]] if len(found) == 1 else None


def _changed(path: Path) -> int:
    """When the file, or its place, got what is there now; 0 if nobody can tell."""
    try:
        return path.stat().st_ctime_ns
    except OSError:
        return 0


def made_the_same(readers: Iterable[tuple[str, int]], sources: Mapping[str, SourceModule], drift: Drift | None) -> bool:
    """What these modules made of a file, at these lines, is what they make of it as it is now: all of it can be seen,
    and is what lives. The old release was imported with the new file."""
    places = [(module, _statement_at(sources.get(module), line)) for module, line in readers]
    homes = [(module, name) for module, statement in places if statement is not None for name in statement.binds]
    if drift is None or not places or any(statement is None or not statement.binds for _, statement in places):
        return False
    return all(drift.known(home) and not drift.by_program(home) and drift.opaque(home) is None for home in homes)


def read_again(
    readers: Iterable[tuple[str, int]],
    sources: Mapping[str, SourceModule],
    live: Mapping[str, types.ModuleType],
    drift: Drift | None,
) -> frozenset[Home]:
    """The names that these modules made of a file, at these lines, and what statements made of those, if all that can
    be seen and is values which nobody can have changed (a version, a text): it may be made once more. Empty if there
    is anything else."""
    names, homes = Names(sources), set[Home]()
    for module, line in readers:
        statement = _statement_at(sources.get(module), line)
        if statement is None or statement.kind != "assign" or module not in live:
            return frozenset()
        homes |= {(module, name) for name in statement.binds}
    made = _made_of(names, homes, live)
    if drift is None or made is None:
        return frozenset()
    other = {home for home in made if not drift.known(home) or drift.by_program(home)}
    if any(drift.opaque(home) is not None for home in made - homes - other):
        return frozenset()
    values = [(home, vars(live[home[0]]).get(home[1])) for home in homes | other]
    firm = all(_is_firm(value) and not may_be_stored(names, home) for home, value in values)
    return frozenset(_with_imports(names, homes | other, live)) if firm else frozenset()


def _with_imports(names: Names, homes: set[Home], live: Collection[str]) -> set[Home]:
    """The names by which other modules have them, too."""
    modules = [module for module in live if module in names.modules]
    imported = [
        (m, name) for m in modules for s in names.modules[m].statements if s.kind == "import" for name in s.binds
    ]
    return homes | {one for one in imported if homes.intersection(names.trail(*one))}


def _made_of(names: Names, homes: Collection[Home], live: Collection[str]) -> set[Home] | None:
    """What statements made of these names when they were executed, of what was made so, and so on; None if one of them
    gave what it made no name."""
    found = set(homes)
    todo = [
        (module, one, names.reads(module, one) | names.reached(names.homes(module, one.calls)).homes)
        for module in live
        if module in names.modules
        for one in active(names.modules[module].statements, module)
        if one.kind != "import"
    ]
    while more := [(module, one) for module, one, reads in todo if reads & found]:
        todo = [each for each in todo if not each[2] & found]
        for module, one in more:
            if not one.binds:
                return None
            found |= {(module, name) for name in one.binds}
    return found


def _is_firm(value: object) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(map(_is_firm, value))
    return is_atomic(value) and not isinstance(value, type | types.FunctionType | types.ModuleType)


def _statement_at(source: SourceModule | None, line: int) -> Statement | None:
    found = source.statements if source is not None else ()
    return next((one for one in found if one.line <= line <= one.end), None)
