"""What a plan lacks, read off what went wrong when it was tried. Pure but for the living values' types.

A difference lies below a module-level name: the statement that made what the name means must be executed again, or the
imports that still hand on what it meant before. A statement that raised met something that an earlier execution of it
had left behind: what it registers with must be made again first.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping

from ..source.defuse import Home, Names
from ..source.module import SourceModule
from ..source.raising import raising_statement
from ..verification.verify import Difference


def homes_of(differences: Iterable[Difference], new: Mapping[str, SourceModule]) -> set[Home]:
    """The names whose statements a plan should execute as well, so that these differences go."""
    names = Names(new)
    differ = {one.home for one in differences if one.home is not None}
    found: set[Home] = set()
    for module, name in differ:
        trail = names.trail(module, name) if module in new else ()
        if f"{module}.{name}" in new:
            found.add((module, name))  # a module that a loop of its package found and imported
        if not trail:
            continue
        home = trail[-1]
        found.update(trail[:-1])  # imports cost nothing, and may still hand on what was
        if home == (module, name) or home in differ:
            found.add(home)
    return found


def homes_of_failure(
    exc: BaseException, new: Mapping[str, SourceModule], live: Mapping[str, types.ModuleType]
) -> set[Home]:
    """The names of what the statement that raised works with, through the functions that it calls: objects, as
    functions and classes remember nothing."""
    found = raising_statement(exc, new.values())
    if found is None:
        return set()
    source, statement, _ = found
    names = Names(new)
    homes = names.homes(source.name, statement.reads | statement.calls)
    reached = homes | names.reached(homes).homes
    return {home for home in reached if not _is_definition(_value(live, home))}


def _value(live: Mapping[str, types.ModuleType], home: Home) -> object:
    module = live.get(home[0])
    return vars(module).get(home[1]) if module is not None else None


def _is_definition(value: object) -> bool:
    return value is None or isinstance(value, type | types.FunctionType | types.ModuleType)
