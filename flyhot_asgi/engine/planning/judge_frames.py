"""Coroutines and generators under way that still need a name which is gone from the release, or call what takes other
arguments now (`judge_calls`).

They keep their old code to its end, and look names up in the module as it is by then: `helper`, which became `assist`,
raises NameError there. Whoever holds sessions ends or drains most of them before the upgrade, so that it is told; where
nobody does, it is refused.
"""

from __future__ import annotations

import dis
import types
from collections import Counter

from ..living.attributes import fields_of
from ..living.inventory import frame_of, running_code
from ..source.plan import Refusal
from .context import Context
from .judge_calls import failing_call
from .judge_given import given_otherwise

_MEND = "keep the name until they have ended (`{name} = …`), let them end, or restart the app"
_FIT = "let it take what they hand over, too, until they have ended (a default), let them end, or restart the app"
_GIVES = "take both for one release, let them end, or restart the app"
_UPGRADABLE = "__flyhot_upgradable__"


def judge_frames(context: Context) -> None:
    """Note them in the plan."""
    _judge_calls(context)
    for module, line, code, why in given_otherwise(context):
        _note(context, module, line, code, why, _GIVES)
    gone: dict[str, set[str]] = {}
    for module, name in context.plan.deleted_names:
        gone.setdefault(module, set()).add(name)
    if not gone:
        return
    found: Counter[tuple[str, str, int, str]] = Counter()
    for obj in context.survey.running:
        frame = frame_of(obj)
        module = str(frame.f_globals.get("__name__")) if frame is not None else ""
        if frame is None or module not in gone or _starts_anew(context, module, running_code(obj)):
            continue
        if lacks := sorted(_still_read(frame.f_code, frame.f_lasti) & gone[module]):
            found[module, frame.f_code.co_qualname, frame.f_lineno, lacks[0]] += 1
    for (module, code, line, name), count in sorted(found.items()):
        why = f"{count} of it under way still need(s) `{name}`, which is gone from the source"
        _note(context, module, line, code, why, _MEND.format(name=name))


def _note(context: Context, module: str, line: int, code: str, why: str, mend: str) -> None:
    refusal = Refusal(module, context.file(module), line, code, why, mend)
    context.plan.failing.append(refusal)
    context.plan.notes.append(f"{refusal.file}:{line}: `{code}`: {why}: it will fail there, unless it ends before")


def _judge_calls(context: Context) -> None:
    found: Counter[tuple[str, str, int, str]] = Counter()
    for obj in context.survey.running:
        frame = frame_of(obj)
        module = str(frame.f_globals.get("__name__")) if frame is not None else ""
        if frame is not None and module in context.old and not _starts_anew(context, module, running_code(obj)):
            if (why := failing_call(context, module, obj, frame)) is not None:
                found[module, frame.f_code.co_qualname, frame.f_lineno, why] += 1
    for (module, code, line, why), count in sorted(found.items()):
        _note(context, module, line, code, f"{count} of it under way still {why}", _FIT)


def _starts_anew(context: Context, module: str, code: types.CodeType) -> bool:
    """An `@upgradable` function: its old coroutine is ended when the new code is there."""
    value = context.resolve(module, code.co_qualname.partition(".<locals>")[0])
    return _UPGRADABLE in (fields_of(value) or {})


def _still_read(code: types.CodeType, at: int) -> set[str]:
    """Global names that the rest of a frame may read: from where it stands, or from the begin of the loops it is in."""
    instructions = list(dis.get_instructions(code))
    start = at
    for one in reversed(instructions):
        if one.opcode in dis.hasjrel and "BACKWARD" in one.opname and one.offset > start > one.argval:
            start = one.argval
    return {one.argval for one in instructions if one.offset >= start and one.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
