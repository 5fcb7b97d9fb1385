"""Functions that a function handed out, and that can't take their new code: which those are, and who made them.

Where a statement of a module called the maker at import (`Depends(get_repository(Users))`), that statement is executed
again, and hands out new ones: see `dependents`. Whatever lives on beyond that, `judge_living` refuses.
"""

from __future__ import annotations

import types
from collections.abc import Mapping

from ..source.codetree import match
from ..source.defuse import Home
from ..source.headers import Header, headers
from ..source.kinds import Origins, local_kinds, reshaped
from ..source.module import SourceModule

_LOCAL = ".<locals>"


class Stuck:
    """What of a changed module's code can't be put into the functions that run it now."""

    def __init__(self, old: SourceModule, new: SourceModule, origins: tuple[Origins, Origins]) -> None:
        self.pairs = match(old.code, new.code, (old.owners, new.owners))
        """Old code object → its counterpart."""
        self._problems: dict[types.CodeType, tuple[str, int]] = {}
        before = headers(old.tree, old.code, postponed=old.postponed)
        after = headers(new.tree, new.code, postponed=new.postponed)
        known = {id(code): code for code in self.pairs}
        for key, header in before.items():
            code = known.get(key)
            counterpart = self.pairs.get(code) if code is not None else None
            twin = after.get(id(counterpart)) if counterpart is not None else None
            if code is not None and twin is not None and (reason := _why(header, twin)):
                self._problems[code] = (reason, twin.line)
        self._problems |= _reshaped_variables((old, new), origins, self.pairs)

    def problem(self, function: types.FunctionType) -> tuple[str, int] | None:
        """Why a living function can't follow, and the line of the new source; None if it can."""
        code = function.__code__
        counterpart = self.pairs.get(code)
        if counterpart is None:
            return ("it has no counterpart in the new source", code.co_firstlineno)
        if code in self._problems and "<" in code.co_qualname:
            return self._problems[code]
        missing = set(counterpart.co_freevars) - set(code.co_freevars) - {"__class__"}
        if missing:
            return (
                f"its new code needs the variable `{min(missing)}`, which it has no place for",
                counterpart.co_firstlineno,
            )
        return None


def _reshaped_variables(
    sides: tuple[SourceModule, SourceModule],
    origins: tuple[Origins, Origins],
    pairs: Mapping[types.CodeType, types.CodeType],
) -> dict[types.CodeType, tuple[str, int]]:
    """Code of closures whose variables the function around them now makes another kind of thing."""
    before, after = (local_kinds(side.tree, where) for side, where in zip(sides, origins, strict=True))
    found = {}
    for code, counterpart in pairs.items():
        around = [path.rpartition(".<locals>.")[0] for path in (code.co_qualname, counterpart.co_qualname)]
        changed = reshaped(before.get(around[0], {}), after.get(around[1], {}))
        if names := sorted(changed.intersection(code.co_freevars, counterpart.co_freevars)):
            what = f"its variable `{names[0]}` is another kind of thing in the release"
            found[code] = (what, counterpart.co_firstlineno)
    return found


def _why(old: Header, new: Header) -> str | None:
    if old.parameters != new.parameters:
        return "its parameters or their defaults changed"
    if old.annotations != new.annotations:
        return "its annotations changed"
    return "its decorators changed" if old.decorators != new.decorators else None


def makers(module: str, stuck: Stuck, living: Mapping[types.FunctionType, None]) -> set[Home]:
    """The functions and methods (`Class.method`) of a module that handed out what can't follow."""
    return {
        (module, function.__code__.co_qualname.partition(_LOCAL)[0])
        for function in living
        if _LOCAL in function.__code__.co_qualname and stuck.problem(function) is not None
    }
