"""What the decorators of a definition do when they run again: only wrap it, or enter it somewhere."""

from __future__ import annotations

import ast
import functools
import importlib
import sys
import types
from typing import Any

from ..living import commands
from ..living.commands import is_group
from ..source.defuse import imported_from
from ..source.effects import effects_of
from ..source.module import Statement, dotted_name
from .context import Context

_WRAPPING_MODULES = frozenset(
    {
        "functools",
        "contextlib",
        "abc",
        "typing",
        "typing_extensions",
        "builtins",
        "dataclasses",
        "warnings",
        "enum",
        *commands.HOMES,
        "flyhot_asgi.functions.upgradable",
        "dependency_injector.wiring",
    }
)
"""What these enter somewhere an adapter looks after."""


def look_up(context: Context, module: str, expression: ast.expr) -> Any:
    """The living object that an expression of the new source will mean; None if there is none yet."""
    dotted = dotted_name(expression)
    if dotted is None:
        return None
    home = context.new_names.home(module, dotted)
    if home is not None and home[0] in context.live:
        return context.resolve(home[0], ".".join([home[1], *_rest(context, module, dotted, home)]))
    binder = context.new_names.binders(module).get(dotted.partition(".")[0]) if module in context.new else None
    if binder is None or not isinstance(binder.node, ast.Import | ast.ImportFrom):
        return context.resolve(module, dotted)
    return _imported(context, module, binder.node, dotted.split("."))


def _rest(context: Context, module: str, dotted: str, home: tuple[str, str]) -> list[str]:
    """What of a dotted name comes after its home: `on` of `bus.on`."""
    parts = dotted.split(".")
    for index in range(len(parts)):
        if context.new_names.home(module, ".".join(parts[: index + 1])) == home:
            return parts[index + 1 :]
    return []


def _imported(context: Context, module: str, node: ast.Import | ast.ImportFrom, parts: list[str]) -> Any:
    alias = node.names[0]
    if isinstance(node, ast.ImportFrom):
        origin, rest = imported_from(context.new[module], node), [alias.name, *parts[1:]]
    elif alias.asname:
        origin, rest = alias.name, parts[1:]
    else:
        origin, rest = parts[0], parts[1:]
    if origin.partition(".")[0] in sys.stdlib_module_names and origin not in sys.modules:
        importlib.import_module(origin)
    found: Any = sys.modules.get(origin)
    for part in rest:
        found = vars(found).get(part) if isinstance(found, types.ModuleType) else getattr(found, part, None)
        if found is None:
            return None
    return found


def entering(context: Context, module: str, statement: Statement, *, new: bool = False) -> str | None:
    """Why running the statement's decorators (again) could enter it where it can't be taken out; None if they only
    wrap, or enter it in objects of the app's that can be made again."""
    reasons = {d: reason for d in statement.decorators if (reason := registering(context, module, d, new=new))}
    if not reasons or context.slices.fills(module, statement):
        return None
    if all(context.slices.quiet(module, statement, decorator) for decorator in reasons):
        return None
    if context.entries.takes(module, statement):
        return None
    return next(iter(reasons.values()))


def handed_registrars(context: Context, module: str, statement: Statement) -> frozenset[int]:
    """Which of the decorators, from the outside in, are told of a living registrar: `@view(router)`."""
    given = [[*d.args, *(k.value for k in d.keywords)] if isinstance(d, ast.Call) else [] for d in statement.decorators]
    named = [[dotted for one in each if (dotted := dotted_name(one))] for each in given]
    return frozenset(i for i, each in enumerate(named) if any(context.owned(context.resolve(module, n)) for n in each))


def registering(context: Context, module: str, decorator: ast.expr, *, new: bool = False) -> str | None:
    """Why running this decorator could enter the function somewhere (again); None if it only wraps.

    `new`: the function is new, so that entering it once, in a dict that the journal knows, is as it should be.
    """
    called = isinstance(decorator, ast.Call)
    expression = decorator.func if isinstance(decorator, ast.Call) else decorator
    dotted = dotted_name(expression)
    shown = ast.unparse(decorator).split("(")[0]
    if dotted is None:
        return f"its decorator `@{shown}` can't be looked up before it is run; it may enter it somewhere"
    home = context.new_names.home(module, dotted) or context.old_names.home(module, dotted)
    names = context.new_names if home and context.new_names.definition(home) else context.old_names
    living = context.resolve(*home) if home is not None and home[0] in context.live else None
    if isinstance(living, types.ModuleType) and home is not None:  # `try: import rich_click as click`
        living = context.resolve(home[0], ".".join([home[1], *_rest(context, module, dotted, home)]))
    if isinstance(living, type | types.FunctionType) and living.__module__ in _WRAPPING_MODULES:
        return None  # imported in a block: `if sys.version_info …`
    if home is not None:
        if _rest_of(names, module, dotted, home):
            by_name = is_group(living) and dotted in (f"{home[1]}.command", f"{home[1]}.group")
            return None if by_name else _entering(shown, new)
        effects = effects_of(names, home, called=called)
        dicts = all(type(context.value(m, n)) is dict for m, n in effects.entries if m in context.live)
        return None if effects.none or (new and not effects.other and dicts) else _entering(shown, new)
    found = look_up(context, module, expression)
    if found is None or found in (functools.singledispatch, functools.singledispatchmethod):
        return _entering(shown, new and found is not None)
    if getattr(found, "__qualname__", "").startswith("singledispatch"):
        return _entering(shown, new)
    return None if getattr(found, "__module__", None) in _WRAPPING_MODULES else _entering(shown, new)


def _rest_of(names: Any, module: str, dotted: str, home: tuple[str, str]) -> bool:
    """The decorator is an attribute of something first-party: of an object, or of a class."""
    parts = dotted.split(".")
    return any(names.home(module, ".".join(parts[:n])) == home for n in range(1, len(parts)))


def _entering(shown: str, new: bool) -> str:
    if new:
        return f"its decorator `@{shown}` may enter it somewhere, which could not be undone"
    return f"its decorator `@{shown}` may enter it somewhere; running it again would enter it twice"
