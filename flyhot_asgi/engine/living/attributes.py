"""What instances have of their own, without asking them: no code of theirs runs."""

from __future__ import annotations

import ast
import dataclasses
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ..source.defuse import methods_of
from ..source.module import SourceModule
from ..source.schema import always_set, class_in

_HEAP_TYPE = 1 << 9
"""`Py_TPFLAGS_HEAPTYPE`."""
_PLAIN_SIZE = object.__basicsize__ + 16
"""With places for a dict and weak references."""
_BESIDE = ("__pydantic_private__", "__pydantic_extra__")
_OFFSETS = frozenset({"__vectorcalloffset__", "__dictoffset__", "__weaklistoffset__"})
"""Slots of types written in C, in which an address stands: another one in each process."""


def fields_of(value: object) -> dict[str, Any] | None:
    """An object's own dict, without asking its class; None if it has none, or one of another kind."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return found if type(found) is dict else None


def attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """An object's own dict and slots, in order, without asking the object."""
    return attributes_in(value, slots_of(type(value)))


def own_fields(value: object, own: Collection[str]) -> dict[str, Any]:
    """Its own dict, and what is in the slots that classes of the modules `own` give it; of a model of pydantic's also
    what is private, and what it was given beside its fields."""
    classes = [cls for cls in type(value).__mro__ if cls.__module__ in own and "__slots__" in vars(cls)]
    slots = [place for cls in classes for place in vars(cls).items() if type(place[1]) is types.MemberDescriptorType]
    found = dict(attributes_in(value, slots))
    for cls in type(value).__mro__:
        places = [(key, vars(cls)[key]) for key in _BESIDE if type(vars(cls).get(key)) is types.MemberDescriptorType]
        for key, part in attributes_in(value, places):
            found |= part if key in _BESIDE and type(part) is dict else {}
    return found


def slots_of(kind: type) -> Iterator[tuple[str, Any]]:
    """The places that a class gives its instances beside their dict."""
    for cls in kind.__mro__:
        for key, slot in list(vars(cls).items()):
            if type(slot) is types.MemberDescriptorType and key not in _OFFSETS:
                yield key, slot


def keeps_beside(cls: type) -> bool:
    """Its metaclass is written in C and has places in the class for what it made of it, where nobody else can write."""
    metaclass: Any = type(cls)
    return bool(metaclass.__basicsize__ > vars(type)["__basicsize__"].__get__(type))


def kept_by_metaclass(cls: type) -> Iterator[tuple[str, Any]]:
    """What a metaclass that is written in C keeps in a class beside its members."""
    kinds = vars(type)["__mro__"].__get__(type(cls))  # a metaclass may have an `mro` of its own
    own = kinds[: kinds.index(type)]
    places = [place for kind in own for place in vars(kind).items() if type(place[1]) is types.MemberDescriptorType]
    for key, place in places:
        try:
            yield key, place.__get__(cls)
        except AttributeError:
            continue


def attributes_in(value: Any, slots: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The same, if the slots of its class are known."""
    yield from [(key, part) for key, part in list((fields_of(value) or {}).items()) if type(key) is str]
    for key, slot in slots:
        try:
            yield key, slot.__get__(value, type(value))
        except AttributeError:
            continue


def is_heap_type(cls: type) -> bool:
    """It was made at run time, as a class statement does: it is no type that C code wrote out."""
    return bool(cls.__flags__ & _HEAP_TYPE)


def is_open(value: object) -> bool:
    """All that an instance is lies in its `__dict__`: no slots, nothing that C code keeps beside it."""
    return has_plain_instances(type(value)) and fields_of(value) is not None


def has_plain_instances(kind: type) -> bool:
    """The same, of all instances of a class."""
    plain = all(base is object or is_heap_type(base) for base in kind.__mro__)
    return plain and not has_slots(kind) and not kind.__itemsize__ and kind.__basicsize__ <= _PLAIN_SIZE


def has_slots(kind: type) -> bool:
    """Its instances keep something beside their `__dict__`, under names that the class tells."""
    members = [(name, one) for base in kind.__mro__ for name, one in vars(base).items() if name != "__dict__"]
    return any(type(one) is types.MemberDescriptorType for _, one in members)


def lacking(
    objects: Iterable[Any], names: Collection[str], always: Collection[str], but: type | None = None
) -> list[Any]:
    """Which of these instances lack one of `names`, with nobody to answer for it. What the class `but` answers by
    itself does not count: it will not.

    Not among them: instances that lack even what their `__init__` always set (`always`). They were never initialised
    (`cls.__new__` alone), and lose nothing.
    """
    return [obj for obj in objects if _lacks(obj, names, but) and all(has(obj, name) for name in always)]


def always_given(cls: type) -> frozenset[str]:
    """Fields that each instance has, as the class's `__init__` was generated by dataclasses or attrs."""
    made_by = vars(cls).get("__init__")
    if not isinstance(made_by, types.FunctionType) or not made_by.__code__.co_filename.startswith("<"):
        return frozenset()
    if "__dataclass_fields__" in vars(cls):
        return frozenset(field.name for field in dataclasses.fields(cls) if field.init)
    return frozenset(field.name for field in vars(cls).get("__attrs_attrs__", ()) if field.init)


def surely_set(cls: type, side: Mapping[str, SourceModule]) -> frozenset[str]:
    """Attributes that the `__init__` which makes the class's instances sets whatever happens, in a release; those of
    its bases included where it asks for theirs. An instance without one of them was never initialised."""
    found: set[str] = set()
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        source = side.get(base.__module__)
        node = class_in(source.tree, base.__qualname__.split(".")) if source is not None else None
        method = next((one for one in methods_of(node) if one.name == "__init__"), None) if node is not None else None
        if node is None or method is None:
            break
        found |= always_set(node)
        if not any(_asks_a_base(statement) for statement in method.body):
            break
    return frozenset(found)


def _asks_a_base(statement: ast.stmt) -> bool:
    called = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(called, ast.Call) and isinstance(called.func, ast.Attribute) and called.func.attr == "__init__"


def initialised(objects: Iterable[Any], fields: Collection[str]) -> list[Any]:
    """Instances that have one of the fields that a generated `__init__` sets: others are of `cls.__new__` alone, and
    lose nothing."""
    return [obj for obj in objects if not fields or any(has(obj, name) for name in fields)]


def _lacks(obj: Any, names: Collection[str], but: type | None) -> bool:
    kind = type(obj)
    if any("__getattr__" in vars(base) or "__getattribute__" in vars(base) for base in kind.__mro__[:-1]):
        return False
    return any(not has(obj, name) and not answers(kind, name, but) for name in names)


def answers(kind: type, name: str, but: type | None = None) -> bool:
    """The class has something under that name that is no empty place in its instances."""
    found = [vars(base)[name] for base in kind.__mro__ if name in vars(base) and base is not but]
    return bool(found) and not isinstance(found[0], types.MemberDescriptorType)


def has(obj: Any, name: str) -> bool:
    """The instance has the attribute itself, in its `__dict__` or a slot."""
    try:
        attributes = object.__getattribute__(obj, "__dict__")
    except (AttributeError, TypeError):
        attributes = {}
    if name in attributes:
        return True
    for base in type(obj).__mro__:
        slot = vars(base).get(name)
        if isinstance(slot, types.MemberDescriptorType):
            try:
                slot.__get__(obj, type(obj))
            except AttributeError:
                continue
            return True
    return False
