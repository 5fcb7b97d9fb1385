"""Two fingerprints compared: the living process with a cold import of the release. Pure.

Definitions must be equal. State is three-way: where the release did not change a value (cold old equals cold new), the
living one lives on; where it did, the living one must have become the new one. Paths at which two cold imports of the
same release differ (a time, a random number) say nothing and are masked.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import TypeAlias

from ..source.paths import CONTAINER_KINDS, LATER, ORDER, SAME, SHARED, TAGS, holder_ends
from .fingerprint import DEFINITION, STATE

Entries: TypeAlias = Mapping[str, tuple[str, str]]
_DRAWN = re.compile(r"(?<=_)[0-9a-f]{32}")


def unstable_paths(one: Entries, other: Entries) -> set[str]:
    """Paths that two cold imports of one release describe differently. Names that are drawn (`f_<uuid>`) are others in
    each: told with what was drawn left out, too."""
    found = {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)}
    return found | {_DRAWN.sub("…", path) for path in found if _DRAWN.search(path)}


def unsettled(one: Entries, other: Entries) -> set[str]:
    """Containers that two cold imports of one release fill otherwise: in several of their items lie things that only
    one import has, as in tables whose states are numbered in the order of a set. That an item chances to be alike in
    both says nothing of a third import. And the names of what is also in there, at another place each time."""
    parts: dict[str, set[str]] = defaultdict(set)
    for path in one.keys() ^ other.keys():
        ends = [*holder_ends(path.removesuffix(SAME)), None]
        for end, after in itertools.pairwise(ends):
            parts[path[:end]].add(path[end:after])
    found = {holder for holder, items in parts.items() if len(items) > 1 and _sizes(one, other, holder)}
    inside = tuple(f"{holder}{sign}" for holder in found for sign in ".[")
    for path in one.keys() | other.keys() if inside else ():
        texts = [side[path][1] for side in (one, other) if path in side and path.endswith(SAME)]
        if any(text.removeprefix(SHARED).startswith(inside) for text in texts):
            found.add(path)
    return found


def _sizes(one: Entries, other: Entries, path: str) -> bool:
    """There is a container in both."""
    words = [side.get(path, ("", ""))[1].partition(" of ") for side in (one, other)]
    return all(kind in _SIZED and number.isdigit() for kind, _, number in words)


def unordered(one: Entries, other: Entries) -> set[str]:
    """Orders of tags that say nothing: of all routes, where those of one differ between processes of one release, as
    they are in the order of a set. A route that is put in before them moves them to other paths."""
    told = {path for path in one.keys() | other.keys() if path.endswith(TAGS)}
    moved = any(path in one and path in other and one[path] != other[path] for path in told)
    return told if moved else set()


def drifted(old: Entries, live: Entries) -> set[str]:
    """Definitions in which the process is not the release that it runs, before anything is done: wrapped by a tracer,
    replaced by a test. The upgrade did not make them, and can't mend them."""
    return {
        path
        for path in old.keys() | live.keys()
        if old.get(path) != live.get(path) and (old.get(path) or live[path])[0] == DEFINITION
    }


def moved_state(old: Entries, new: Entries, masked: set[str]) -> bool:
    """The release changes a value, whether its text changes one or not."""
    return any(
        old.get(path) != new.get(path)
        and STATE in (old.get(path, new.get(path, ("",)))[0], new.get(path, ("",))[0])
        and not _is_masked(path, masked)
        for path in old.keys() | new.keys()
    )


def differences(
    old: Entries | None,
    live: Entries,
    new: Entries,
    masked: set[str],
    before: Entries | None = None,
    *,
    still: bool = False,
) -> list[tuple[str, str]]:
    """Path and sentence for each way in which `live` is not `new`. `old` is the cold import of the release before;
    without it only definitions are compared. `before`: the process before the upgrade; what somebody registered with
    an object, and neither the program nor the release changed, must not have been changed by the upgrade. `still`: the
    program stood still since then, so that this holds for all state."""
    found: list[tuple[str, str]] = []
    names = _further_names(live) if before is not None else {}
    for path in sorted(live.keys() | new.keys()):
        wanted, has = new.get(path), live.get(path)
        if wanted == has and still and old is not None and before is not None:
            if wanted == old.get(path) and _is_lost(path, wanted, before, masked):
                what = f"what the running program made of it ({_short(before[path])}) would be lost"
                found.append((path, f"{what}: it is {_short(has)} again"))
        if wanted == has or _is_masked(path, masked) or LATER in (*(wanted or ()), *(has or ())):
            continue
        strict = (wanted or has or ("", ""))[0] == DEFINITION and not lives_in_state(path, live, new)
        if not strict and (old is None or old.get(path) == wanted):
            if before is None or not _upgrade_did(path, wanted, before, live, still):
                continue  # the release did not change it: what the program made of it lives on
            if _is_of_the_release(path, live, new, names):
                continue
            found.append((path, _changed(before.get(path), has)))
            continue
        if old is not None and (_as_many(path, old, live, new) or _other_way(path, wanted, has, old, before)):
            continue
        found.append((path, _sentence(wanted, has)))
    return found


def _further_names(live: Entries) -> dict[str, list[str]]:
    """By each path of an object, all of them, where there are several."""
    found: dict[str, list[str]] = {}
    for path, entry in live.items():
        if path.endswith(SAME) and entry[1].startswith(SHARED):
            first = entry[1][len(SHARED) :]
            found.setdefault(first, [first]).append(path.removesuffix(SAME))
    return {path: paths for paths in found.values() for path in paths}


def _is_of_the_release(path: str, live: Entries, new: Entries, names: Mapping[str, list[str]]) -> bool:
    """The program put an object of a module somewhere, and the release made of that object what it is now."""
    for end in [*holder_ends(path), len(path)] if names else ():
        others = [f"{name}{path[end:]}" for name in names.get(path[:end], ())]
        if any(one in new and live.get(one) == new[one] == live.get(path) for one in others):
            return True
    return False


def _as_many(path: str, old: Entries, live: Entries, new: Entries) -> bool:
    """How many items there are, and in which order, where the program has added some or taken some out: each item is
    compared by itself, and those that both have must stand in the release's order."""
    wanted, has = new.get(path, ("", ""))[1], live.get(path, ("", ""))[1]
    if path.endswith(ORDER):
        common = {*wanted.splitlines()} & {*has.splitlines()}
        return [k for k in wanted.splitlines() if k in common] == [k for k in has.splitlines() if k in common]
    before = old.get(path, ("", ""))[1]
    words = [text.partition(" of ") for text in (wanted, has, before)]
    sized = all(kind in _SIZED and number.isdigit() for kind, _, number in words)
    return sized and len({kind for kind, _, _ in words}) == 1


_SIZED = frozenset(kind.__name__ for kind in CONTAINER_KINDS)


def _other_way(
    path: str, wanted: tuple[str, str] | None, has: tuple[str, str] | None, old: Entries, before: Entries | None
) -> bool:
    """A variable of a closure that is reached by another way, as a decorator came or went: the only one of that name
    (or of those that are alike) below the same name of the module lives on as the program made it."""
    cell = _CELL.match(path)
    if cell is None or before is None or path in old:
        return False
    home, variable = cell.groups()
    ways = [one for one in old if one.startswith((f"{home}[", f"{home}.")) and one.endswith(variable)]
    ways = [one for one in ways if (match := _CELL.match(one)) is not None and match.group(2) == variable]
    return bool(ways) and all(old[one] == wanted and before.get(one) == has for one in ways)


_MEMBER = re.compile(r"[\w.]+:\w+(?:\.\w+)?(?:\(\))?(?:\[[^\W\d]\w*\])*$")
"""A function of a module or a class, or one in its closure."""
_CELL = re.compile(r"([\w.]+:\w+)(?:\[\w+\]|\.\w+|\(\))*(\[[^\W\d]\w*\](?!\[[^\W\d]).*)$")


def _is_masked(path: str, masked: set[str]) -> bool:
    if path in masked:
        return True
    path = _DRAWN.sub("…", path.removesuffix(SAME)) if _DRAWN.search(path) else path.removesuffix(SAME)
    return path in masked or any(path[:end] in masked for end, sign in enumerate(path) if sign in "[.")


def lives_in_state(path: str, *sides: Entries) -> bool:
    """The path lies inside of a value: contents of a container or attributes of an object, which come and go."""
    module, _, rest = path.partition(":")
    for index, character in enumerate(rest):
        if character in ".[":
            holder = f"{module}:{rest[:index]}"
            if any(_is_value(side.get(holder)) for side in sides):
                return True
    return False


def _is_value(entry: tuple[str, str] | None) -> bool:
    return entry is not None and (entry[0] != DEFINITION or entry[1].startswith("a "))


def _upgrade_did(path: str, wanted: tuple[str, str] | None, before: Entries, live: Entries, still: bool) -> bool:
    """Neither the program nor the release made of it what it is now. What is there that no release has may have come
    with somebody who connected meanwhile."""
    if (wanted or live[path])[0] == DEFINITION:
        return before.get(path) == wanted and (still or wanted is not None)
    if not still or before.get(path) == live.get(path) or _is_code(path, live, before):
        return False
    holder, _, index = path.rpartition("[")
    if index[:-1].isdigit() and path in live:  # an item of a list may have moved on
        return live[path] not in [entry for other, entry in before.items() if other.startswith(f"{holder}[")]
    return True


def _is_lost(path: str, wanted: tuple[str, str] | None, before: Entries, masked: set[str]) -> bool:
    """What the program made of a value at module level is gone: it is as after an import. Not so of most attributes,
    which may be caches that were emptied; those of an object of the app's count, if a cold import has more
    than None there."""
    was = before.get(path)
    if was is None or wanted is None or was == wanted or STATE != was[0] or path.endswith(SAME):
        return False
    holder, _, name = path.rpartition(".")
    if name.isidentifier() and before.get(holder, ("", ""))[1].startswith("a "):
        plain = before[holder][0] == DEFINITION and not was[1].startswith("a ") and wanted[1] != "None"
        owner, _, member = holder.rpartition(".")
        of_class = ":" in owner and member.isidentifier() and before.get(owner, ("", ""))[1].startswith("class ")
        return plain and (of_class or "." not in holder.partition(":")[2]) and not _is_masked(path, masked)
    function = path[: path.rfind("[")] if _CELL.match(path) else ""
    if _MEMBER.match(function) and before.get(function, ("", ""))[1].startswith("function "):
        return not _is_masked(path, masked)
    return not re.search(r"[.(]", path.partition(":")[2].partition("[")[0]) and not _is_masked(path, masked)


def _is_code(path: str, *sides: Entries) -> bool:
    """A definition, or what belongs to a function: the upgrade changes these wherever the program put them."""
    if any(path in side and side[path][0] == DEFINITION for side in sides):
        return True
    module, _, rest = path.partition(":")
    holders = [f"{module}:{rest[:i]}" for i, character in enumerate(rest) if character in ".["]
    return any(side[holder][1].startswith("function ") for holder in holders for side in sides if holder in side)


def _changed(before: tuple[str, str] | None, has: tuple[str, str] | None) -> str:
    was = f"was {_short(before)}" if before is not None else "was not there"
    return f"it {was} and is {_short(has)}, which neither the program nor the release made of it"


def _sentence(wanted: tuple[str, str] | None, has: tuple[str, str] | None) -> str:
    if wanted is None:
        return f"it should not be there (it is {_short(has)})"
    if has is None:
        return f"it is missing (the release has {_short(wanted)})"
    return f"it is {_short(has)}, in the release {_short(wanted)}"


def _short(entry: tuple[str, str] | None) -> str:
    text = entry[1] if entry is not None else "nothing"
    return text if len(text) <= 80 else text[:77] + "…"
