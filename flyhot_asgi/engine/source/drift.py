"""What a release's own import made of each name, what the program made of it since, and what the next release makes
of it: three descriptions of the modules' values, held against each other. Pure.

A description maps a path (`app.main:ROOMS['a'].topic`) to a channel and a text, see `verification.fingerprint`. Where a
text is of something that is not looked into (a library's object, a very large container), nothing is known of its
inside.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from .defuse import Home
from .paths import CONTAINER_KINDS, SAME, SHARED, TOLD, TOLD_WHOLE

Entries: TypeAlias = Mapping[str, tuple[str, str]]
_BARE = frozenset(kind.__name__ for kind in CONTAINER_KINDS)


class Targets(Protocol):
    """What either release sets in libraries and the process, by name, as digests."""

    def knows(self, name: str) -> bool:
        """The new release sets something there, or leaves it alone, and that can be told."""

    def differs(self, name: str) -> bool:
        """The releases set it otherwise; or only one of them does."""

    def goes(self, name: str) -> bool:
        """The old release sets it, the new one does not."""

    def had(self, name: str) -> bool:
        """The old release tells of it."""

    def as_set(self, name: str) -> bool:
        """The process has it as the old release sets it."""

    def wanted(self, name: str) -> str | None:
        """As the new release has it."""

    def set_since(self) -> str | None:
        """What the running program has set to something else than its release, and the new release sets otherwise."""

    def digest(self, value: Any) -> str:
        """What `wanted` would say of this value."""

    def check_all(self) -> None:
        """A statement that sets something is executed: afterwards all that is told of must be as the release has it,
        where the program had it as its own release did, and as it was where it had not."""


@dataclass
class Drift:
    """`old`: a cold import of the release that runs; `live`: the process now; `new`: a cold import of the next one.
    `unstable`: paths that differ from one cold import to the next; nothing is concluded from them."""

    old: Entries
    live: Entries
    new: Entries
    unstable: Collection[str] = ()
    same_inside: Collection[str] = ()
    """Paths of libraries' objects in which either release makes the same, as far as that can be seen."""
    other_inside: Collection[str] = ()
    """Those in which they make something else."""
    settings: Mapping[str, bool] = field(default_factory=dict)
    """What both releases set in libraries and the process, by name (`verification.settings`): whether they differ."""
    targets: Targets | None = None
    _sides: dict[str, dict[Home, dict[str, tuple[str, str]]]] = field(default_factory=dict)
    _paths: dict[tuple[str, Home], list[str]] = field(default_factory=dict)

    def known(self, home: Home) -> bool:
        """The value is described on both sides that there must be."""
        return bool(self._of("old", home)) and bool(self._of("live", home))

    def by_program(self, home: Home, part: str = "") -> bool:
        """The program changed the value (or the part of it at `.attribute` or `[key]`) since it was imported."""
        before, now = self._under("old", home, part), self._under("live", home, part)
        kept = [path for path, entry in now.items() if path not in before and self._is_kept_since(entry)]
        if not kept:
            return before != now
        inside = tuple(path.removesuffix(SAME) for path in kept)  # says also what is shared below it
        before = {p: entry for p, entry in before.items() if not (p.endswith(SAME) and p.startswith(inside))}
        return before != {path: entry for path, entry in now.items() if path not in kept}

    def _is_kept_since(self, entry: tuple[str, str]) -> bool:
        """That it is the same object as one that the program has put somewhere since: that place changed, not it."""
        return entry[1].startswith(SHARED) and entry[1][len(SHARED) :] not in self.old

    def by_release(self, home: Home, part: str = "") -> bool:
        """The next release makes another value than this one."""
        return self._under("old", home, part) != self._under("new", home, part)

    def is_same(self, home: Home, part: str) -> bool:
        """What stands there is the same still, whatever became of what is below it."""
        path = f"{home[0]}:{home[1]}{part}"
        return self._of("old", home).get(path) == self._of("live", home).get(path)

    def as_before(self, home: Home, part: str = "") -> bool:
        """Both releases make the same: all of the value is told, and what is in a library's object was compared."""
        top = f"{home[0]}:{home[1]}{part}"
        old = self._under("old", home, part)
        if top not in old or self.by_release(home, part) or any(one.startswith(top) for one in self.unstable):
            return False
        return all(
            path in self.same_inside or not _is_opaque(entry) or (entry[1] in TOLD_WHOLE and f"{path}{TOLD}" in old)
            for path, entry in old.items()
        )

    def made_other(self, home: Home) -> bool:
        """The next release's value is a library's object with something else in it."""
        return f"{home[0]}:{home[1]}" in self.other_inside

    def arrived(self, home: Home, part: str = "") -> bool:
        """The living value is what the next release makes."""
        return self._under("live", home, part) == self._under("new", home, part)

    def opaque(self, home: Home, part: str = "", *, spared: Callable[[str], bool] | None = None) -> str | None:
        """Something in the living value that can't be looked into, in words; but for those whose text is `spared`."""
        for path, (channel, text) in self._under("live", home, part).items():
            if _is_opaque((channel, text)) and not (spared is not None and spared(text)):
                return text.removeprefix("a ").replace(":", ".") + f" at {path.partition(':')[2]}"
        return None

    def attributes(self, home: Home) -> set[str]:
        """Of the object behind the name, on any side."""
        names: set[str] = set()
        for side in ("old", "live", "new"):
            for path in self._of(side, home):
                rest = path[len(f"{home[0]}:{home[1]}") :]
                if rest.startswith("."):
                    names.add(rest[1:].partition(".")[0].partition("[")[0])
        return names

    def described(self, side: str, home: Home, part: str = "") -> dict[str, tuple[str, str]]:
        """All that one side (`old`, `live`, `new`) says of the part, by the path below it."""
        top = len(f"{home[0]}:{home[1]}{part}")
        return {path[top:]: entry for path, entry in self._under(side, home, part).items()}

    def counterpart(self, home: Home, part: str) -> str | None:
        """Where the next release has what this one has at `part`, a variable of a closure: at the same place, or, where
        decorators came or went above or below it, at the only one of that name."""
        function, variable = part[: part.index("[")], part[part.rindex("[") :]
        paths = {side: set(self.described(side, home, function)) for side in ("old", "new")}
        if part[len(function) :] in paths["new"]:
            return part
        of_name = [[path for path in found if path.endswith(variable) and "." not in path] for found in paths.values()]
        return function + of_name[1][0] if [len(found) for found in of_name] == [1, 1] else None

    def names(self, side: str, module: str) -> set[str]:
        """The names that a module has on one side."""
        self._of(side, (module, ""))
        return {name for owner, name in self._sides[side] if owner == module}

    def size(self, side: str, home: Home, part: str = "") -> int | None:
        """How many items a container has; None if that is not known."""
        text = self._of(side, home).get(f"{home[0]}:{home[1]}{part}", ("", ""))[1]
        words = text.split(" of ")
        return int(words[1]) if len(words) == 2 and words[1].isdigit() else None

    def _under(self, side: str, home: Home, part: str) -> dict[str, tuple[str, str]]:
        top = f"{home[0]}:{home[1]}{part}"
        found, paths = self._of(side, home), self._in_order(side, home)
        under = {}
        for index in range(bisect_left(paths, top), len(paths)):
            path = paths[index]
            if not path.startswith(top):
                break
            if (path == top or path.startswith((f"{top}.", f"{top}[", f"{top} ("))) and path not in self.unstable:
                under[path] = found[path]
        return under

    def _in_order(self, side: str, home: Home) -> list[str]:
        """The paths of one home, so that those of a part of it stand together."""
        if (side, home) not in self._paths:
            self._paths[side, home] = sorted(self._of(side, home))
        return self._paths[side, home]

    def _of(self, side: str, home: Home) -> dict[str, tuple[str, str]]:
        if side not in self._sides:
            grouped: dict[Home, dict[str, tuple[str, str]]] = defaultdict(dict)
            for path, entry in getattr(self, side).items():
                module, _, rest = path.partition(":")
                grouped[module, rest.partition(".")[0].partition("[")[0].partition(" (")[0]][path] = entry
            self._sides[side] = dict(grouped)
        return self._sides[side].get(home, {})


def _is_opaque(entry: tuple[str, str]) -> bool:
    if entry[1] == "a functools:partial":
        return False  # what it calls, and with what, is told below it
    return (entry[0] == "S" and entry[1].startswith("a ")) or entry[1] in _BARE
