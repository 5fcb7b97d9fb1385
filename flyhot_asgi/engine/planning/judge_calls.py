"""Coroutines and generators under way whose old code calls what takes other arguments now, or is gone.

Their code was compiled from the old text, and looks its functions and methods up by name: it gets the new ones. A call
in the rest of the frame that fitted the old function and does not fit the new one raises there; so does one of a method
that is gone, or a result that is taken apart into another number. What a call means is followed to the living objects:
by the module's names, and by what the frame's own variables hold.
"""

from __future__ import annotations

import ast
import types
from typing import Any

from ..living.attributes import fields_of
from ..living.inventory import running_code
from ..source.codetree import walk
from ..source.defuse import methods_of
from ..source.module import FunctionNode, dotted_name
from ..source.nodes import nodes_of
from ..source.schema import class_in, class_level
from ..source.signature import Handed, calls_made, constructor, fits_no_more, returns, still_called, still_read
from .context import Context
from .judge_made import chain_of

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MISSING: Any = object()


class Callee:
    """What a call runs in either release: a function with the number of its own parameters; or why it can't."""

    def __init__(
        self, name: str, old: FunctionNode | None, new: FunctionNode | None, own: tuple[int, int] = (0, 0)
    ) -> None:
        self.name, self.old, self.new, self.own = name, old, new, own
        self.gone = False


def failing_call(context: Context, module: str, running: Any, frame: types.FrameType) -> tuple[str, str | None] | None:
    """What the rest of a frame does that will fail, in words, and the name that it needs, if that is gone; None if
    nothing does."""
    if not context.plan.changed or module not in context.new:
        return None
    if context.old[module].text == context.new[module].text:
        return None  # it calls as the new release does
    function = _function(context, module, running_code(running))
    if function is None:
        return None
    same = _calls_after(context, module, function)
    for made in still_called(function, frame.f_lineno):
        if made.text in same:
            continue
        callee = _callee(context, module, frame, made.call.func)
        if callee is not None and callee.gone:
            return f"calls `{callee.name}`, which is gone", callee.name
        if (why := _why(context, module, frame, callee, made.call, made.apart)) is not None:
            return why, None
    asked = {ast.dump(n) for one in _named_so(context, module, function) for n in nodes_of(one)}
    for read in still_read(function, frame.f_lineno):
        if ast.dump(read) not in asked and (name := _gone(context, module, frame, read)) is not None:
            return f"asks for `{name}`, which is gone", name
    return None


def _gone(context: Context, module: str, frame: types.FrameType, read: ast.Attribute) -> str | None:
    """An attribute of a module or class, or of an instance by its class, that the new release does not give."""
    base = dotted_name(read.value)
    if base is None:
        return None
    dotted = f"{base}.{read.attr}"
    if not _is_local(frame, base):
        home = context.old_names.home(module, dotted)
        if home is not None and home[1] == read.attr and home in context.plan.deleted_names:
            return dotted
    owner = _owner(context, module, frame, base)
    if owner is _MISSING or owner is None or isinstance(owner, types.ModuleType):
        return None
    cls = owner if isinstance(owner, type) else type(owner)
    before, after = chain_of(context.old, cls), chain_of(context.new, cls)
    if not after or (owner is not cls and read.attr in (fields_of(owner) or {})):
        return None
    given = [{name for _, node in chain for name in class_level(node)} for chain in (before, after)]
    if read.attr not in given[0] or read.attr in given[1] or "__getattr__" in given[1]:
        return None
    told = _answered_here(context, cls, read.attr) and _bases_are_told(after[0][1], before[0][1])
    return f"{cls.__qualname__}.{read.attr}" if told else None


def _function(context: Context, module: str, code: types.CodeType) -> FunctionNode | None:
    """The function of a code object in the text of the release that runs; None if it is of an earlier one."""
    source = context.old[module]
    if not any(code is one or code == one for _, one in walk(source.code)):
        return None
    for node in nodes_of(source.tree):
        if isinstance(node, _FUNCTIONS) and node.name == code.co_name:
            if min([node.lineno, *(one.lineno for one in node.decorator_list)]) == code.co_firstlineno:
                return node
    return None


def _calls_after(context: Context, module: str, function: FunctionNode) -> set[object]:
    """Calls that functions of that name make in the new release, too: what is wrong with them is wrong there."""
    return {made.text for one in _named_so(context, module, function) for made in calls_made(one)}


def _named_so(context: Context, module: str, function: FunctionNode) -> list[FunctionNode]:
    tree = context.new[module].tree
    return [one for one in nodes_of(tree) if isinstance(one, _FUNCTIONS) and one.name == function.name]


def _why(
    context: Context,
    module: str,
    frame: types.FrameType,
    callee: Callee | None,
    call: ast.Call,
    apart: int | None,
) -> str | None:
    if callee is not None:
        if callee.old is not None and callee.new is not None:
            if (why := fits_no_more(callee.old, callee.new, Handed.by(call), callee.own)) is not None:
                return f"calls `{callee.name}` as it was: {why}"
            if apart is not None and returns(callee.old) == apart and returns(callee.new) not in (None, apart):
                return f"takes what `{callee.name}` gives apart into {apart}: it gives {returns(callee.new)} now"
    elif isinstance(call.func, ast.Attribute) and (why := _whoever_has_it(context, frame, call, call.func)) is not None:
        return why
    for index, argument in enumerate(call.args):  # handed on, with what it is to be called with
        handed = _callee(context, module, frame, argument) if isinstance(argument, ast.Name | ast.Attribute) else None
        if handed is not None and handed.old is not None and handed.new is not None:
            shape = Handed.by(ast.Call(call.func, call.args, []), index + 1)
            if (why := fits_no_more(handed.old, handed.new, shape, handed.own)) is not None:
                return f"hands on `{handed.name}` as it was: {why}"
    return None


def _callee(context: Context, module: str, frame: types.FrameType, func: ast.expr) -> Callee | None:
    dotted = dotted_name(func)
    if dotted is None:
        return None
    base, _, name = dotted.rpartition(".")
    if not _is_local(frame, dotted):
        home = context.old_names.home(module, dotted)
        if home is not None and (not base or home[1] == name):
            return _defined(context, module, dotted)
    if not base:
        return None
    owner = _owner(context, module, frame, base)
    return _method(context, owner, name) if owner is not _MISSING else None


def _whoever_has_it(context: Context, frame: types.FrameType, call: ast.Call, func: ast.Attribute) -> str | None:
    """A method of what nobody knows yet: none of the app's of that name may still fit, where one did."""
    base = dotted_name(func.value)
    if base is not None and (not _is_local(frame, base) or base.partition(".")[0] in frame.f_locals):
        return None
    found: str | None = None
    for module, source in context.old.items():
        if f"def {func.attr}(" not in source.text or module not in context.new:
            continue
        for cls in [one for one in source.tree.body if isinstance(one, ast.ClassDef)]:
            twin = class_in(context.new[module].tree, [cls.name])
            old, new = _in([cls], func.attr), _in([twin] if twin is not None else [], func.attr)
            if old is None or new is None:
                continue
            why = fits_no_more(old, new, Handed.by(call), (_own(old, False), _own(new, False)))
            if why is None:
                return None
            found = found or f"calls `{func.attr}` as `{cls.name}.{func.attr}` was: {why}"
    return found


def _is_local(frame: types.FrameType, dotted: str) -> bool:
    first = dotted.partition(".")[0]
    return first in frame.f_locals or first in frame.f_code.co_varnames


def _owner(context: Context, module: str, frame: types.FrameType, base: str) -> Any:
    """What a dotted name leads to: by the frame's variables, or the module's names."""
    if _is_local(frame, base):
        return _living(frame.f_locals.get(base.partition(".")[0], _MISSING), base.split(".")[1:])
    return context.resolve(module, base)


def _living(value: Any, path: list[str]) -> Any:
    """What a chain of attributes leads to, as far as instances have them themselves."""
    for name in path:
        value = (fields_of(value) or {}).get(name, _MISSING) if value is not _MISSING else value
    return value


def _defined(context: Context, module: str, dotted: str) -> Callee | None:
    home, after = context.old_names.home(module, dotted), context.new_names.home(module, dotted)
    assert home is not None
    old = context.old_names.definition(home)
    if after is None:
        gone = Callee(dotted, None, None)
        gone.gone = (home[0], home[1]) in context.plan.deleted_names and "." in dotted
        return gone if gone.gone else None
    new = context.new_names.definition(after)
    if old is None or new is None:
        return None
    if isinstance(old.node, _FUNCTIONS) and isinstance(new.node, _FUNCTIONS):
        return Callee(dotted, old.node, new.node)
    live = context.resolve(*home) if home[0] in context.live else None
    if isinstance(old.node, ast.ClassDef) and isinstance(new.node, ast.ClassDef) and isinstance(live, type):
        chains = ([node for _, node in chain_of(side, live)] for side in (context.old, context.new))
        made = [constructor(chain) if chain else None for chain in chains]
        return Callee(dotted, made[0], made[1], (1, 1))
    return None


def _method(context: Context, owner: Any, name: str) -> Callee | None:
    """A method of a living object, or of a class."""
    if owner is _MISSING or owner is None or isinstance(owner, types.ModuleType):
        return None
    cls = owner if isinstance(owner, type) else type(owner)
    if cls.__module__ not in context.old or name in (fields_of(owner) or {} if owner is not cls else {}):
        return None
    before, after = chain_of(context.old, cls), chain_of(context.new, cls)
    old = _in([node for _, node in before], name)
    if old is None or not after or not _answered_here(context, cls, name):
        return None
    new = _in([node for _, node in after], name)
    shown = f"{cls.__qualname__}.{name}"
    if new is None:
        found = Callee(shown, None, None)
        found.gone = not any(name in class_level(node) or "__getattr__" in class_level(node) for _, node in after)
        return found if found.gone and _bases_are_told(after[0][1], before[0][1]) else None
    return Callee(shown, old, new, (_own(old, owner is cls), _own(new, owner is cls)))


def _answered_here(context: Context, cls: type, name: str) -> bool:
    """The first class along the MRO that has the name is one of the app's."""
    for base in cls.__mro__:
        if name in vars(base):
            return base.__module__ in context.old
    return False


def _bases_are_told(new: ast.ClassDef, old: ast.ClassDef) -> bool:
    """The class derives from what it derived from: no other base can answer."""
    return [ast.dump(base) for base in new.bases] == [ast.dump(base) for base in old.bases]


def _in(chain: list[ast.ClassDef], name: str) -> FunctionNode | None:
    for cls in chain:
        if name in class_level(cls):
            methods = [method for method in methods_of(cls) if method.name == name]
            return methods[-1] if methods and not _is_attribute(methods[-1]) else None
    return None


def _is_attribute(method: FunctionNode) -> bool:
    words = {(dotted_name(one) or "").rpartition(".")[2] for one in method.decorator_list}
    return bool(words & {"property", "cached_property", "setter"})


def _own(method: FunctionNode, of_class: bool) -> int:
    words = {dotted_name(one) for one in method.decorator_list}
    if "staticmethod" in words:
        return 0
    return 1 if "classmethod" in words or not of_class else 0
