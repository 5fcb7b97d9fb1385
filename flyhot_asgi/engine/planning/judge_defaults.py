"""What functions keep between their calls in a default that the release writes otherwise: `seen={}`, then `known={}`.
The living container holds what the program put in, and would give way to another one."""

from __future__ import annotations

import ast
from typing import Any

from ..living.defaults import defaults_of
from ..source.defaults import changed_defaults
from ..source.plan import Refusal
from ..source.values import alike
from .context import COLD, Context

_EMPTY: dict[str, Any] = {"dict": {}, "list": [], "set": set()}
_MISSING: Any = object()


def judge_defaults(context: Context) -> None:
    """Refuse where it would be lost."""
    for module in context.plan.changed:
        changed = changed_defaults(context.old[module], context.new[module])
        for function in context.survey.functions if changed else ():
            path = function.__code__.co_qualname
            if function.__globals__ is not context.namespace(module) or path not in changed:
                continue
            given, line = dict(defaults_of(function)), function.__code__.co_firstlineno
            for name, value in changed[path].items():
                cold = _made(value)
                if name in given and cold is not _MISSING and not alike(cold, given[name]):
                    reason = (
                        f"the default of `{name}` is a {type(given[name]).__name__} that holds what was put into it "
                        "since, and the release writes another one"
                    )
                    mend = f"keep the default as it is written, or {COLD}"
                    refusal = Refusal(module, context.file(module), line, path, reason, mend)
                    if refusal not in context.plan.refusals:
                        context.plan.refusals.append(refusal)


def _made(value: ast.expr) -> Any:
    """What the text makes; missing where only executing it would tell."""
    if isinstance(value, ast.Call):
        plain = isinstance(value.func, ast.Name) and not value.args and not value.keywords
        return _EMPTY.get(value.func.id, _MISSING) if plain and isinstance(value.func, ast.Name) else _MISSING
    try:
        return ast.literal_eval(value)
    except ValueError:
        return _MISSING
