"""Coroutines and generators under way that still need a name which is gone from the release, or call what takes other
arguments now (`judge_calls`).

They keep their old code to its end, and look names up in the module as it is by then: `helper`, which became `assist`,
raises NameError there. Nobody ends a generator that is kept: refused. Coroutines may have ended when the code is
exchanged, as sessions and requests are brought to rest before: whoever does that asks again then (`Plan.fails`). Where
nobody does, it is refused.
"""

from __future__ import annotations

import types
import weakref
from collections import defaultdict
from typing import Any

from ..living.attributes import fields_of
from ..living.inventory import frame_of, running_code
from ..living.serving import read_later
from ..source.plan import Failing, Refusal
from .context import Context
from .judge_calls import failing_call
from .judge_given import given_otherwise

_MEND = "keep the name until they have ended (`{name} = …`), let them end, or restart the app"
_FIT = "let it take what they hand over, too, until they have ended (a default), let them end, or restart the app"
_GIVES = "take both for one release, let them end, or restart the app"
_GLOBALS = ("LOAD_GLOBAL", "LOAD_NAME")
_UPGRADABLE = "__flyhot_upgradable__"


def judge_frames(context: Context) -> None:
    """Note them in the plan."""
    for module, line, code, why in given_otherwise(context):
        context.plan.refusals.append(Refusal(module, context.file(module), line, code, why, _GIVES))
    failing = context.plan.fails = _Fails(context)
    found: defaultdict[tuple[str, str, int, str, str], list[Any]] = defaultdict(list)
    for obj in context.survey.running:
        if (will := failing.why(obj)) is not None:
            found[will].append(obj)
    for (module, code, line, why, mend), running in sorted(found.items()):
        refusal = failing.refusal((module, code, line, f"{len(running)} of it under way still {why}", mend))
        context.plan.failing.append(Failing(refusal, [weakref.ref(one) for one in running]))
        told = f"{refusal.file}:{line}: `{code}`: {refusal.reason}"
        context.plan.notes.append(f"{told}: it will fail there, unless it ends before")
    context.survey.let_go()  # the plan keeps `fails`, and by it all that is known here


class _Fails:
    """Will one that is under way fail on its old code? Asked while the plan is made, and again of those that are there
    when the code is exchanged."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._gone: dict[str, set[str]] = {}
        for module, name in context.plan.deleted_names:
            self._gone.setdefault(module, set()).add(name)

    def __call__(self, running: Any) -> Refusal | None:
        found = self.why(running)
        if found is None:
            return None
        module, code, line, why, mend = found
        return self.refusal((module, code, line, f"it is under way, and still {why}", mend))

    def refusal(self, found: tuple[str, str, int, str, str]) -> Refusal:
        module, code, line, why, mend = found
        return Refusal(module, self._context.file(module), line, code, why, mend)

    def why(self, running: Any) -> tuple[str, str, int, str, str] | None:
        """Module, qualified name and line of what will fail, why, and the mend."""
        frame, context = frame_of(running), self._context
        module = str(frame.f_globals.get("__name__")) if frame is not None else ""
        if frame is None or module not in context.old or _starts_anew(context, module, running_code(running)):
            return None
        here = module, frame.f_code.co_qualname, frame.f_lineno
        if (failing := failing_call(context, module, running, frame)) is not None:
            why, gone = failing
            return *here, why, _FIT if gone is None else _MEND.format(name=gone.rpartition(".")[2])
        names = self._gone.get(module)
        if names and (lacks := sorted(read_later(frame.f_code, frame.f_lasti, _GLOBALS) & names)):
            return *here, f"need(s) `{lacks[0]}`, which is gone from the source", _MEND.format(name=lacks[0])
        return None


def _starts_anew(context: Context, module: str, code: types.CodeType) -> bool:
    """An `@upgradable` function: its old coroutine is ended when the new code is there."""
    value = context.resolve(module, code.co_qualname.partition(".<locals>")[0])
    return _UPGRADABLE in (fields_of(value) or {})
