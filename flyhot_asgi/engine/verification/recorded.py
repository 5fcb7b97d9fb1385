"""The recorded structure of a release, and the living process held against it.

A cold import of the release (twice, with different hash seeds, to see what is never the same) and one of the release
that runs give three sides; `flyhot_asgi.engine.verification.compare` says what must be equal.
"""

from __future__ import annotations

import ast
import re
import sys
import types
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..living.modules import cold_name
from ..source.defuse import Home
from ..source.drift import Drift
from ..source.module import SourceModule
from ..source.paths import TAGS
from .compare import differences, drifted, lives_in_state, moved_state, unordered, unsettled, unstable_paths
from .fingerprint import DEFINITION, STATE, describe
from .insides import INSIDE, homes_of
from .insides import Insides as Digests
from .sealed import sealed
from .settings import SETTINGS, Settings, take_settings
from .shapes import Shapes
from .swapped import describe_functions
from .verify import Difference

Structure = dict[str, tuple[str, str]]
Insides = tuple[frozenset[str], frozenset[str]]
SCRIPT = "__main__"


@dataclass
class Recorded:
    """What cold imports said: of the new release, and of the one that runs (None: not known)."""

    new: Structure
    old: Structure | None
    names: Mapping[str, list[str]]
    """By module, those that it had."""
    masked: set[str] = field(default_factory=set)
    before: Structure | None = None
    """The process as `look` saw it."""
    as_lives: frozenset[Home] = frozenset()
    """Names whose living values are what the old release made of files that are others now: a cold import of it made
    something else of these."""
    shapes: Shapes = field(default_factory=Shapes)
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Modules that can't be imported cold in either release, and why: they are not compared."""
    own: frozenset[str] = frozenset()
    """Paths that are compared although the process differs there before: an upgrade that is taken back made them so."""
    drift: frozenset[str] = frozenset()
    """Those in which the process was not its own release, which are masked."""
    salt: str = ""
    """What was said is sealed with it (see sealed.py); "": it is not."""
    insides: Insides = field(default_factory=lambda: (frozenset(), frozenset()))
    """Paths of libraries' objects in which either release has the same, and those in which they differ."""
    insides_new: Mapping[str, str] = field(default_factory=dict)
    """What the new release has in them."""
    settings: Settings = field(default_factory=Settings)
    _by_module: dict[str, Structure] = field(default_factory=dict)

    @classmethod
    def of(cls, cold: Mapping[str, Any] | None) -> Recorded | None:
        """From the document that `check` made; None if there is none."""
        if not cold or "structure" not in cold:
            return None
        new, masked = _structure(cold["structure"]), set(cold.get("masked", ()))
        old = _structure(cold["before"]) if cold.get("before") is not None else None
        settings = take_settings(new), take_settings(old or {})
        insides = _take_insides(new), _take_insides(old or {})
        return cls(
            new=new,
            old=old,
            names=cold["modules"],
            masked=masked,
            insides=_compared(*insides, masked),
            insides_new=insides[0],
            settings=Settings.of(*settings, masked),
            left_out=cold.get("left_out") or {},
            salt=cold.get("sealed") or "",
        )

    def look(self, live: Mapping[str, types.ModuleType], root: Path) -> Drift | None:
        """Before anything is touched: note in what the process is not its own release, which is not our doing. What the
        program changed since it was imported; None if no cold import of the running release is known."""
        if self.old is None:
            return None
        described = self.before = self._describe(live, root)
        main = self._script(live)
        if self.as_lives:
            self.masked -= {path for path in self.drift if _is_of(path, self.as_lives)}
            self.old = _taken_over(self.old, described, self.as_lives)
        if loose := unordered(self.old, described):
            self.masked |= loose | {path for path in self.new if path.endswith(TAGS)}
        masked: Structure = {path: ("", "") for path in self.masked}
        old, living, new, unstable = (
            _renamed(side, main, SCRIPT) if main else side for side in (self.old, described, self.new, masked)
        )
        drift = Drift(old, living, new, frozenset(unstable), *(self.insides if not main else ()))
        drift.settings, drift.targets = self.settings.differs_by_name, self.settings
        self.settings.look(live)
        self.drift = frozenset(drifted(self.old, described)) - self.own
        self.masked |= self.drift
        return drift

    def follow(self, moves: Iterable[tuple[Home, Home]]) -> None:
        """Definitions that move take with them what the program made of their attributes: the old release's are told
        at their new homes, too."""
        to = dict(moves)
        for old, new in to.items() if self.old is not None and self.before is not None else ():
            assert self.old is not None and self.before is not None
            self.old, self.before = ({**_at(side, old, new), **side} for side in (self.old, self.before))

    def prepare(self, sources: Iterable[SourceModule]) -> None:
        """What `compare` would have to work out while sessions are held. `sources`: those that change, as they will
        be."""
        self._of("")
        self.settings.begin()
        self._paths  # noqa: B018 (worked out now)
        for source in sources:
            self.shapes.digest(source.code)

    @property
    def moves_state(self) -> bool:
        """The release makes values other ones, or nobody knows."""
        return self.old is None or moved_state(self.old, self.new, self.masked)

    def compare(
        self,
        root: Path,
        sources: Mapping[str, SourceModule],
        only: Collection[str] | None = None,
        *,
        still: bool = False,
        migrated: Collection[str] = (),
    ) -> list[Difference]:
        """The living modules (`only` these) against the new release's record. Runs none of the app's code. `still`: the
        program did not run since `look()`. `migrated`: classes (`module:qualname`) whose instances' contents a
        `code_change` has made: no cold import knows them."""
        loaded = self._loaded(only)
        new: Structure = {}
        for name in loaded:
            new.update(self._of(name))
        living = self._describe(loaded, root, known=None if still else self._paths)
        found = differences(self.old, living, new, self.masked, self.before, still=still)
        if found and migrated:
            inside = _inside(living, {f"a {name}" for name in migrated})
            found = [(path, what) for path, what in found if not path.startswith(inside)]
        found += self.settings.left(self.loaded())
        return [_difference(path, what, sources, self._script(loaded)) for path, what in found]

    def compare_functions(
        self, root: Path, sources: Mapping[str, SourceModule], only: Collection[str]
    ) -> list[Difference]:
        """The same of nothing but the functions that these modules have, for a plan that `only_swaps` codes."""
        loaded = self._loaded(only)
        living = self._as_cold(loaded, lambda own: describe_functions(loaded, str(root), own, self.shapes))
        new = {path: entry for path in living if (entry := self.new.get(path)) is not None}
        found = differences(self.old, living, new, self.masked, self.before)
        return [_difference(path, what, sources, self._script(loaded)) for path, what in found]

    def made_otherwise(
        self, homes: Collection[tuple[str, str]], root: Path, sources: Mapping[str, SourceModule]
    ) -> list[Difference]:
        """Libraries' objects that an upgrade made again just now, with something else in them than the release's have.
        Takes some ms for each."""
        asked = [(m, n) for m, n in homes if f"{m}:{n}" in self.insides[1] and m in sys.modules]
        if not asked:
            return []
        loaded = self.loaded()
        own = frozenset([*self.names, *loaded])
        insides = Digests(homes_of(loaded), own, str(root))
        found = []
        for module, name in asked:
            path = f"{module}:{name}"
            said = insides.of(vars(sys.modules[module]).get(name))
            entry = sealed({path: ("S", f"digest '{said}'")}, self.salt)[path]
            if entry[1] != self.insides_new[path]:
                what = "it was made again, and what is in it is not what the release has in it"
                found.append(_difference(path, what, sources, None))
        return found

    def _loaded(self, only: Collection[str] | None) -> dict[str, types.ModuleType]:
        return {
            name: module
            for name, module in self.loaded().items()
            if only is None or name in only or (SCRIPT in only and module is sys.modules.get(SCRIPT))
        }

    def loaded(self) -> dict[str, types.ModuleType]:
        """The modules that are recorded and that this process has, by their recorded names: what can be compared."""
        found = {}
        main = sys.modules.get(SCRIPT)
        for name in self.names:
            module = sys.modules.get(name)
            if module is None and type(main) is types.ModuleType and cold_name(SCRIPT, main) == name:
                module = main
            if type(module) is types.ModuleType:
                found[name] = module
        return found

    def _script(self, modules: Mapping[str, types.ModuleType]) -> str | None:
        """The recorded name of the main module, if it is among these."""
        main = sys.modules.get(SCRIPT)
        if type(main) is not types.ModuleType or not any(module is main for module in modules.values()):
            return None
        return cold_name(SCRIPT, main)

    @cached_property
    def _paths(self) -> frozenset[str]:
        """Those of either release. What is only in the living process, inside of a value, differs from neither."""
        return frozenset(self.new).union(self.old or ())

    def _describe(
        self, modules: Mapping[str, types.ModuleType], root: Path, known: Collection[str] | None = None
    ) -> Structure:
        return self._as_cold(modules, lambda own: describe(modules, str(root), own, self.shapes, known=known))

    def _as_cold(self, modules: Mapping[str, types.ModuleType], said: Callable[[list[str]], Structure]) -> Structure:
        """What `said` says, as a cold import would have named everything: there the main module has another name."""
        main = self._script(modules)
        found = said([*self.names, *modules, *([SCRIPT] if main else [])])
        return sealed(_renamed(found, SCRIPT, main) if main else found, self.salt)

    def told(self) -> list[str]:
        """In sentences, what is left out of the comparison: after `look`."""
        found = [
            f"{name} is not compared: no fresh process can import it ({why})" for name, why in self.left_out.items()
        ]
        drift = sorted(
            path for path in self.drift if path in self._paths or not lives_in_state(path, self.before or {})
        )
        more = f" and {len(drift) - 3} more" if drift[3:] else ""
        shown = f"{', '.join(drift[:3])}{more}: the program itself made it other than the release has it, and it stays"
        return [*found, shown] if drift else found

    def _of(self, module: str) -> Structure:
        if not self._by_module:
            for path, entry in self.new.items():
                self._by_module.setdefault(path.partition(":")[0], {})[path] = entry
        return self._by_module.get(module, {})

    def settled(self) -> Recorded:
        """What is to be compared once the process runs the release: only that it still is it."""
        return Recorded(self.new, self.new, self.names, set(self.masked), left_out=self.left_out, salt=self.salt)

    def untouched(self) -> Recorded:
        """For a process that has done nothing since it was imported: its values must be those of the release, too.

        Of a script's definitions only the code can be compared (`strangers`): their digests tell that it is called
        `__main__`.
        """
        main = self._script(self.loaded())
        named = [path for path, entry in self.new.items() if entry[0] == DEFINITION and path.startswith(f"{main}:")]
        return Recorded(self.new, {}, self.names, self.masked.union(named), left_out=self.left_out, salt=self.salt)

    def backwards(self, found: Iterable[Difference]) -> Recorded | None:
        """For the way back, after these differences; None if it is not known what to go back to."""
        if self.old is None:
            return None
        own = frozenset(one.where for one in found)
        masked = self.masked - own
        names, left_out = _names_in(self.old), self.left_out
        return Recorded(
            self.old, self.new, names, masked, left_out=left_out, own=own, salt=self.salt, settings=self.settings
        )


def record(new: Mapping[str, Any], again: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The document of a check: two cold imports of a release, and one of the release before it."""
    structures = _structure(new["structure"]), _structure(again["structure"])
    unstable = unstable_paths(*structures) | unsettled(*structures) | unordered(*structures)
    return {
        "modules": new["modules"],
        "structure": new["structure"],
        "masked": sorted(unstable),
        "before": before["structure"] if before is not None else None,
    }


def _take_insides(structure: Structure) -> dict[str, str]:
    """What is in libraries' objects, out of a structure: path → digest. No living process is asked for it."""
    found = [path for path in structure if path.endswith(INSIDE)]
    return {path.removesuffix(INSIDE): structure.pop(path)[1] for path in found}


def _compared(new: dict[str, str], old: dict[str, str], masked: Collection[str]) -> Insides:
    both = {path for path in new.keys() & old.keys() if f"{path}{INSIDE}" not in masked and path not in masked}
    alike = {path for path in both if new[path] == old[path]}
    return frozenset(alike), frozenset(both - alike)


def _names_in(structure: Structure) -> dict[str, list[str]]:
    """By module, the names that are described."""
    found: dict[str, dict[str, None]] = {}
    for path in structure:
        module, _, rest = path.partition(":")
        top = re.split(r"[.\[( ]", rest, maxsplit=1)[0]
        found.setdefault(module, {})[top] = None
    return {module: sorted(names) for module, names in found.items()}


def _inside(living: Structure, texts: Collection[str]) -> tuple[str, ...]:
    """How the paths of what instances hold begin, of those that are described so."""
    holders = [path for path, (_, text) in living.items() if text in texts]
    return tuple(f"{path}{sign}" for path in holders for sign in ".[")


def _structure(document: Mapping[str, Any]) -> Structure:
    return {str(path): (str(entry[0]), str(entry[1])) for path, entry in document.items()}


def _renamed(structure: Structure, old: str, new: str) -> Structure:
    """With the module `old` called `new`, in paths and in what is said of values."""
    name = re.compile(rf"(?<![\w.]){re.escape(old)}(?=[:.])")
    return {name.sub(new, path, count=1): (entry[0], name.sub(new, entry[1])) for path, entry in structure.items()}


def _taken_over(old: Structure, living: Structure, homes: Collection[Home]) -> Structure:
    """What the old release made, with what the process has of these names in place of its own."""
    return {
        **{path: entry for path, entry in old.items() if not _is_of(path, homes)},
        **{path: entry for path, entry in living.items() if _is_of(path, homes)},
    }


def _at(side: Structure, old: Home, new: Home) -> Structure:
    """The state below one home, as if it stood at another."""
    before, after = f"{old[0]}:{old[1]}", f"{new[0]}:{new[1]}"
    found = [path for path, (channel, _) in side.items() if channel == STATE and path.startswith(before)]
    return {f"{after}{path[len(before) :]}": side[path] for path in found if _is_of(path, {old})}


def _is_of(path: str, homes: Collection[Home]) -> bool:
    return _home_of(path) in homes


def _home_of(path: str) -> Home:
    """The module, and its name that the path starts from."""
    module, _, rest = path.partition(":")
    return module, re.split(r"[.\[ ]", rest, maxsplit=1)[0]


def _difference(path: str, what: str, sources: Mapping[str, SourceModule], script: str | None) -> Difference:
    module, _, name = path.partition(":")
    if module == SETTINGS:
        return _setting(name, what, sources)
    module = SCRIPT if module == script else module
    source = sources.get(module)
    if source is None:
        return Difference(path, what, module)
    top = _home_of(path)[1]
    line = next((s.line for s in source.statements if top in s.binds), None)
    return Difference(path, what, source.shown, line, (module, top))


def _setting(name: str, what: str, sources: Mapping[str, SourceModule]) -> Difference:
    """With the statement that has to do with it, if one says its name."""
    words = re.findall(r"\w+", name.partition("`")[2].partition("`")[0])
    found = [(s, one) for s in sources.values() for one in s.statements if words and words[-1] in ast.unparse(one.node)]
    source, statement = found[0] if found else (next(iter(sources.values()), None), None)
    return Difference(name, what, source.shown if source else "", statement.line if statement else None)
