"""Functions that the program handed on with their arguments, and that need others now.

`partial(send, to, body)` in a list of jobs, `loop.call_later(5, send, to)`, `stack.callback(close, n)`: the call stands
already, and gets the new function when it is carried out. Only what fitted before and does not now counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..living.applied import Applied, applied
from ..source.defuse import methods_of
from ..source.module import FunctionNode, SourceModule
from ..source.plan import Refusal
from ..source.signature import Handed, lacking_of, why_not
from .context import COLD, Context

_MEND = f"give what is new a default, or {COLD}"


def judge_applied(context: Context) -> None:
    """Refuse where such a call would raise."""
    changed = {
        (module, path): (old, new)
        for module in context.plan.changed
        for path, old, new in _pairs(context.old[module], context.new[module])
    }
    if not changed:
        return
    found: Counter[tuple[str, str, int, str, str]] = Counter()
    known = _of_the_release(context)
    for one in applied():
        key = (one.function.__module__, one.function.__qualname__)
        if key in changed and id(one.one) not in known and (why := _why_not(one, *changed[key])) is not None:
            found[(*key, changed[key][1].lineno, one.holder, why)] += 1
    for (module, path, line, holder, why), count in sorted(found.items()):
        reason = f"{count} time(s) {holder} has it with arguments that old code gave it, and {why}"
        refusal = Refusal(module, context.file(module), line, path, reason, _MEND)
        if refusal not in context.plan.refusals:
            context.plan.refusals.append(refusal)


def _why_not(one: Applied, old: FunctionNode, new: FunctionNode) -> str | None:
    handed, own = Handed(one.count, one.keywords), int(one.bound)
    if one.whole:
        return why_not(new.args, handed, own) if why_not(old.args, handed, own) is None else None
    before, after = lacking_of(old.args, handed, own), lacking_of(new.args, handed, own)
    if before is None or (after is not None and len(after) <= len(before)):
        return None
    return why_not(new.args, handed, own)


def _pairs(old: SourceModule, new: SourceModule) -> Iterator[tuple[str, FunctionNode, FunctionNode]]:
    """Functions and methods that both releases have, with other parameters."""
    before = dict(_functions(old))
    for path, function in _functions(new):
        if path in before and _parameters(before[path]) != _parameters(function):
            yield path, before[path], function


def _functions(source: SourceModule) -> Iterator[tuple[str, FunctionNode]]:
    for statement in source.statements:
        if statement.kind == "def":
            yield statement.binds[0], statement.node  # type: ignore[misc]
        elif statement.kind == "class":
            for method in methods_of(statement.node):  # type: ignore[arg-type]
                yield f"{statement.binds[0]}.{method.name}", method


def _parameters(function: FunctionNode) -> tuple[object, ...]:
    args = function.args
    names = ([one.arg for one in part] for part in (args.posonlyargs, args.args, args.kwonlyargs))
    loose = [one is not None for one in args.kw_defaults]
    return (*map(tuple, names), len(args.defaults), tuple(loose), args.vararg is None, args.kwarg is None)


def _of_the_release(context: Context) -> set[int]:
    """What modules and classes have by their own statements: a cold import has it, too, or the plan makes it anew."""
    found: set[int] = set()
    for name, module in context.live.items():
        for key, value in list(vars(module).items()):
            if context.drift is None or not context.drift.by_program((name, key)):
                _note(value, found)
    for cls in context.survey.classes:
        for value in list(vars(cls).values()):
            _note(value, found)
    return found


def _note(value: object, found: set[int], depth: int = 4) -> None:
    found.add(id(value))
    if depth and isinstance(value, dict | list | set | tuple):
        for one in list(value.values()) if isinstance(value, dict) else list(value):
            _note(one, found, depth - 1)
