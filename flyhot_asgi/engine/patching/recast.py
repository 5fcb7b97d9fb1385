"""A class statement executed again so that the *living* class comes out of it.

A metaclass makes more of a class than its members: pydantic builds schemas that hold the class, SQLModel collects
fields. So the real metaclass runs, with one change: where it asks `type` (through `super().__new__`) for the new class,
it gets the living one, emptied and filled with the new namespace. Whatever it then builds, registers and hands on is
about the class that everybody already holds; no twin exists that would have to be found and replaced.

The statement is compiled with `metaclass=__flyhot_recast__("Name", <its own metaclass or None>)`, nested classes too.
"""

from __future__ import annotations

import ast
import enum
import types
from collections.abc import Mapping
from typing import Any

from ...errors import UpgradeError
from .classobject import set_bases, set_metaclass, touch_class
from .journal import Journal
from .pouring import pour

RECAST = "__flyhot_recast__"
_MISSING: Any = object()
_LAYOUT = (types.GetSetDescriptorType, types.MemberDescriptorType)
_IMPLICIT: Mapping[str, Any] = {
    "__new__": staticmethod,
    "__init_subclass__": classmethod,
    "__class_getitem__": classmethod,
}
_CALL = compile("made = metaclass(name, bases, namespace, **keywords)", "<flyhot>", "exec")
"""Frameworks look at the frame that makes a class, for names in local scopes: it must be that of a module, and of the
class's own: the interpreter takes from it which module a class is of that compiled code makes meanwhile."""


class ClassInjector(ast.NodeTransformer):
    """Gives class statements the metaclass that recasts; looks into class bodies, not into functions."""

    def __init__(self) -> None:
        self._path: list[str] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self._path.append(node.name)
        node.body = [self.visit(child) if isinstance(child, ast.ClassDef) else child for child in node.body]
        explicit: ast.expr = next((k.value for k in node.keywords if k.arg == "metaclass"), ast.Constant(value=None))
        arguments: list[ast.expr] = [ast.Constant(value=".".join(self._path)), explicit]
        call = ast.Call(func=ast.Name(id=RECAST, ctx=ast.Load()), args=arguments, keywords=[])
        for part in ast.walk(call):
            if not hasattr(part, "lineno"):
                ast.copy_location(part, node)
        node.keywords = [k for k in node.keywords if k.arg != "metaclass"] + [ast.keyword("metaclass", call)]
        self._path.pop()
        return node


class _Interceptor(type):
    """Stands in a metaclass's MRO just before `type`, and gives the living class for a new one."""

    living: type
    journal: Journal

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any) -> Any:
        pour_class(mcs.living, bases, namespace, keywords, mcs.journal)
        return mcs.living


class Recaster:
    """What `__flyhot_recast__` means while one statement is executed: finds the living class by its path."""

    def __init__(
        self,
        module: str,
        namespace: Mapping[str, Any],
        journal: Journal,
        lasting: Mapping[str, Any],
    ) -> None:
        self._module, self._namespace, self._journal = module, namespace, journal
        self._before, self._lasting = dict(namespace), lasting

    def __call__(self, path: str, explicit: Any) -> Any:
        lasting = {} if "." in path else self._lasting
        return _Metaclass(self._living(path), explicit, self._journal, lasting)

    def _living(self, path: str) -> type | None:
        first, *rest = path.split(".")
        found: Any = self._before.get(first)
        for part in rest:
            found = vars(found).get(part) if isinstance(found, type) else None
        own = isinstance(found, type) and found.__module__ == self._module and found.__qualname__ == path
        return found if own else None


class _Metaclass:
    """The callable that a recast statement has for its metaclass (`__build_class__` takes any callable)."""

    def __init__(self, living: type | None, explicit: Any, journal: Journal, lasting: Mapping[str, Any]) -> None:
        self._living, self._explicit, self._journal = living, explicit, journal
        self._lasting = lasting

    def __prepare__(self, name: str, bases: tuple[type, ...], **keywords: Any) -> Any:
        prepare = getattr(self._real(bases), "__prepare__", None)
        return prepare(name, bases, **keywords) if prepare is not None else {}

    def __call__(self, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any) -> Any:
        real = self._real(bases)
        namespace.update(self._lasting)
        if self._living is None or not isinstance(real, type):
            return _make(real, name, bases, namespace, keywords)
        if issubclass(real, enum.EnumMeta):
            return _same_enum(self._living, bases, namespace)
        return recast(self._living, real, name, bases, namespace, keywords, self._journal)

    def _real(self, bases: tuple[type, ...]) -> Any:
        found = self._explicit or type
        if not isinstance(found, type):
            return found
        for base in bases:
            if issubclass(type(base), found):
                found = type(base)
        return found


def _same_enum(living: Any, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
    """The living enum, whose members others hold, if the statement makes the same of it. What its methods do follows
    with the code of all living functions. Raises UpgradeError."""
    members = living.__members__
    names = list(getattr(namespace, "_member_names", ()))
    same = living.__bases__ == bases and names == list(members)
    if not same or any(members[name]._value_ != namespace[name] for name in names):
        text = f"`{living.__qualname__}` changed, an enum in a class that is made again"
        raise UpgradeError(text, do="deploy this change cold (restart the app)")
    cell = namespace.get("__classcell__")
    if isinstance(cell, types.CellType):
        cell.cell_contents = living
    return living


def recast(
    living: type,
    metaclass: Any,
    name: str,
    bases: tuple[type, ...],
    namespace: dict[str, Any],
    keywords: dict[str, Any],
    journal: Journal,
) -> Any:
    """Run `metaclass` so that it makes `living` again. Raises what it raises, and UpgradeError if the layout of
    instances would be another one; the journal undoes what was done."""
    touch_class(living, journal)
    set_metaclass(living, metaclass)
    cache = vars(living).get("_abc_impl", _MISSING)
    parents = (_Interceptor,) if metaclass is type else (metaclass, _Interceptor)
    adopting = type("Adopting", parents, {"living": living, "journal": journal})
    made = _make(adopting, name, bases, namespace, keywords)
    if made is not living:
        raise UpgradeError(f"the metaclass of {living.__qualname__} made another class; deploy this change cold")
    metaclass.__init__(living, name, bases, namespace, **keywords)
    if cache is not _MISSING:
        type.__setattr__(living, "_abc_impl", cache)  # what was registered with it stays so
    return living


def _make(metaclass: Any, name: str, bases: tuple[type, ...], namespace: Any, keywords: dict[str, Any]) -> Any:
    scope = {"metaclass": metaclass, "name": name, "bases": bases, "namespace": namespace, "keywords": keywords}
    scope["__name__"] = namespace.get("__module__", "__main__")
    exec(_CALL, scope)
    return scope["made"]


def _empty(cls: type, but: frozenset[str] = frozenset()) -> None:
    for key, value in list(vars(cls).items()):
        if key not in but and key not in ("__module__", "__doc__") and not isinstance(value, _LAYOUT):
            type.__delattr__(cls, key)


def pour_class(
    cls: type, bases: tuple[type, ...], namespace: Mapping[str, Any], keywords: dict[str, Any], journal: Journal
) -> None:
    """Do to the living class what `type.__new__` does to a new one, in its order."""
    fresh = dict(namespace)
    cell = fresh.pop("__classcell__", None)
    qualname = fresh.pop("__qualname__", cls.__qualname__)
    before = dict(vars(cls))
    if _slots(before) != _slots(fresh):
        raise UpgradeError(f"the `__slots__` of {cls.__qualname__} changed, and with them the layout of its instances")
    bases = bases or (object,)
    set_bases(cls, bases, max(bases, key=lambda base: base.__basicsize__, default=None))
    _empty(cls, frozenset({"_abc_impl"}))
    type.__setattr__(cls, "__qualname__", qualname)
    for key, value in fresh.items():
        if key in _IMPLICIT and isinstance(value, types.FunctionType):
            value = _IMPLICIT[key](value)
        type.__setattr__(cls, key, _adopted(before.get(key), value, journal))
    if "__doc__" not in fresh:
        type.__setattr__(cls, "__doc__", None)
    if "__eq__" in fresh and "__hash__" not in fresh:
        type.__setattr__(cls, "__hash__", None)
    if isinstance(cell, types.CellType):
        cell.cell_contents = cls
    for key, value in fresh.items():
        named = getattr(type(value), "__set_name__", None)
        if named is not None:
            named(value, cls, key)
    parent: Any = super(cls, cls)
    parent.__init_subclass__(**keywords)


def _slots(members: Mapping[str, Any]) -> object:
    slots = members.get("__slots__")
    return tuple(slots) if isinstance(slots, list | tuple | dict) else slots


def _adopted(old: Any, new: Any, journal: Journal) -> Any:
    """A method keeps its function object, so that who holds it holds the new one."""
    if isinstance(new, staticmethod | classmethod):
        inner = old.__func__ if type(old) is type(new) else None
        return type(new)(_adopted(inner, new.__func__, journal))
    if isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType):
        if old.__globals__ is new.__globals__ and old.__qualname__ == new.__qualname__:
            return pour(old, new, journal)
    return new
