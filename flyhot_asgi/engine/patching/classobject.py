"""A class object's parts, written past its metaclass: members in their order, bases, the metaclass itself.

`setattr` on a class runs its metaclass (an enum refuses, an ORM instruments) and knows no order. Here members go into
the class's own dict, special methods through `type`, so that the interpreter's slots follow. `touch_class` stores the
whole pre-image before the first write. CPython 3.11 and later with the GIL; what it would not allow (`__bases__` of a
class that derives from `object` alone) is done as it does it itself, where both layouts are equal.
"""

from __future__ import annotations

import abc
import ctypes
import gc
import types
from collections.abc import Mapping
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import keeps_beside
from ..living.inventory import subclasses
from .journal import Journal

modified = ctypes.pythonapi.PyType_Modified
modified.argtypes = [ctypes.py_object]
modified.restype = None
_take, _give = ctypes.pythonapi.Py_IncRef, ctypes.pythonapi.Py_DecRef
_take.argtypes = _give.argtypes = [ctypes.py_object]
_take.restype = _give.restype = None

_MISSING: Any = object()
_OWN_DESCRIPTORS = (types.GetSetDescriptorType, types.MemberDescriptorType)
_RAW_DUNDERS = frozenset(
    "__doc__ __module__ __annotations__ __annotations_cache__ __annotate__ __annotate_func__ __type_params__ __dict__ "
    "__weakref__ __orig_bases__ __parameters__ __slots__ __firstlineno__ __static_attributes__ __match_args__".split()
)
_IMMUTABLE = 1 << 8
"""Of `tp_flags`: `Py_TPFLAGS_IMMUTABLETYPE`."""
_LAYOUT_FLAGS = 0b1111 << 2 | 1 << 14 | 0xFF << 24
"""Of `tp_flags`: where instances keep their dict and weak references, what kind of sequence or mapping they are to
`match`, whether the collector looks at them, which builtin they are derived from."""


def members(cls: type) -> dict[str, Any]:
    """The dict behind the read-only `vars(cls)`."""
    found = next(one for one in gc.get_referents(cls.__dict__) if type(one) is dict)
    return found


def owned_by(value: object, cls: type) -> bool:
    """`value` is a descriptor that reads a place in the instances of `cls`: it fits no other class."""
    return isinstance(value, _OWN_DESCRIPTORS) and value.__objclass__ is cls


def layout_problem(living: type, twin: type) -> str | None:
    """Why objects made by `living` are no objects of `twin`; None if their memory looks the same."""
    if keeps_beside(living) or keeps_beside(twin):
        return "its metaclass keeps in the class what it made of it"
    for name in ("__basicsize__", "__itemsize__", "__dictoffset__", "__weakrefoffset__"):
        if getattr(living, name) != getattr(twin, name):
            return f"the layout of its instances changed ({name})"
    if (living.__flags__ ^ twin.__flags__) & _LAYOUT_FLAGS:
        return "the layout of its instances changed (flags of the type)"
    slots = [[n for n, v in vars(cls).items() if type(v) is types.MemberDescriptorType] for cls in (living, twin)]
    if set(slots[0]) != set(slots[1]):
        return f"its slots changed ({', '.join(sorted(set(slots[0]) ^ set(slots[1])))})"
    return "its slots stand in another order" if slots[0] != slots[1] else None


def descriptor_for(living: type, value: Any) -> Any:
    """What `living` gets where its twin has `value`, a descriptor of its own instances' `__dict__` or weak references
    (a class has them if no base does)."""
    getset = ctypes.c_void_p.from_address(id(value) + 5 * ctypes.sizeof(ctypes.c_void_p)).value
    return _new_getset(living, getset)


_new_getset = ctypes.pythonapi.PyDescr_NewGetSet
_new_getset.argtypes = [ctypes.py_object, ctypes.c_void_p]
_new_getset.restype = ctypes.py_object


def touch_class(cls: type, journal: Journal) -> None:
    """Store what the class is: metaclass, bases, members and their order, names. Of one that an extension made
    immutable nothing: nobody can change it, the undo neither."""
    if cls.__flags__ & _IMMUTABLE or not journal.first_touch(cls):
        return
    meta, bases, best, before = type(cls), cls.__bases__, cls.__base__, dict(vars(cls))
    names = (cls.__name__, cls.__qualname__)
    journal.spare(before)
    number = id(cls)

    def undo() -> None:
        if id(cls) != number:
            return  # it was a twin, and whoever held that holds the living class now: this function too
        set_metaclass(cls, meta)
        set_bases(cls, bases, best)
        type.__setattr__(cls, "__name__", names[0])
        type.__setattr__(cls, "__qualname__", names[1])
        set_members(cls, before)

    journal.note(f"class {cls.__qualname__}", undo)


def set_members(cls: type, wanted: Mapping[str, Any]) -> None:
    """Give the class exactly these members, in this order."""
    raw = members(cls)
    for name in [name for name in raw if name not in wanted]:
        _remove(cls, raw, name)
    for name, value in wanted.items():
        if raw.get(name, _MISSING) is not value:
            _write(cls, raw, name, value)
    if list(raw) != list(wanted):
        ordered = {name: raw[name] for name in wanted}
        raw.clear()
        raw.update(ordered)
    modified(cls)


def _write(cls: type, raw: dict[str, Any], name: str, value: Any) -> None:
    if name in _RAW_DUNDERS or not (name.startswith("__") and name.endswith("__")):
        raw[name] = value
    else:
        type.__setattr__(cls, name, value)


def _remove(cls: type, raw: dict[str, Any], name: str) -> None:
    if name in _RAW_DUNDERS or not (name.startswith("__") and name.endswith("__")):
        del raw[name]
    else:
        type.__delattr__(cls, name)


def set_metaclass(cls: type, meta: type) -> None:
    if type(cls) is meta:
        return
    if _size(type(cls)) != _size(meta):
        raise UpgradeError(f"the metaclass of `{cls.__qualname__}` has another layout")
    old = type(cls)
    _take(meta)
    _words(cls)[1] = id(meta)  # `__class__` can't be assigned where one of them is `type`
    _give(old)
    modified(cls)


def _size(cls: Any) -> tuple[int, int]:
    return (cls.__basicsize__, cls.__itemsize__)


def set_bases(cls: type, bases: tuple[type, ...], best: type | None) -> None:
    """Assign `__bases__`; subclasses follow. `best` is what `__base__` is to be, with the layout that `cls` has.

    Raises UpgradeError if the interpreter does not take them.
    """
    if cls.__bases__ == bases:
        return
    try:
        _assign_bases(cls, bases)
        return
    except TypeError as exc:
        first = exc
    old = cls.__base__
    assert old is not None and best is not None
    _take(best)
    _words(cls)[_tp_base()] = id(best)
    try:
        _assign_bases(cls, bases)
    except TypeError:
        _words(cls)[_tp_base()] = id(old)
        _give(best)
        raise UpgradeError(f"the bases of `{cls.__qualname__}` can't be exchanged: {first}") from first
    _give(old)


def _assign_bases(cls: type, bases: tuple[type, ...]) -> None:
    """Classes that derive from several others can't be put in order while one of those has its new bases and another
    its old ones: they keep the order that they have until the last follows. Where no order is to be had at the end, the
    release can't be imported, and nothing gets here."""
    setter = type.__dict__["__bases__"].__set__
    try:
        setter(cls, bases)
        return
    except TypeError as exc:
        if "MRO" not in str(exc):
            raise
    below = [cls, *subclasses(cls)]
    metaclasses = [(one, type(one)) for one in below]
    patient = {meta: _patient(meta) for _, meta in metaclasses}
    for one, meta in metaclasses:
        set_metaclass(one, patient[meta])
    try:
        setter(cls, bases)
    finally:
        for one, meta in metaclasses:
            set_metaclass(one, meta)


def _patient(meta: Any) -> Any:
    """As `meta`, but a class that can't be put in order stays in the one that it has."""

    def mro(cls: Any) -> Any:
        try:
            return meta.mro(cls)
        except TypeError:
            return cls.__mro__

    return type.__new__(type, meta.__name__, (meta,), {"mro": mro, "__slots__": ()})


def _words(cls: type) -> Any:
    return (ctypes.c_void_p * (_size(type)[0] // ctypes.sizeof(ctypes.c_void_p))).from_address(id(cls))


def _tp_base() -> int:
    """Where in a type object its `tp_base` stands: looked for in classes that are made for that."""
    if not _FOUND:
        first = type("first", (), {})
        second = type("second", (first,), {})
        _FOUND.append(next(i for i, word in enumerate(_words(second)) if word == id(first)))
    return _FOUND[0]


_FOUND: list[int] = []


def forget_abstract_answers(*, lost: bool) -> None:
    """`isinstance` against abstract classes remembers its answers; those about changed classes may be others now.

    `lost`: some class lost a base or a member, so that a remembered "yes" may be wrong, too.
    """
    _Probe.register(type("one", (), {}))
    if not lost:
        return
    for cls in [object, *subclasses(object)]:
        if isinstance(cls, abc.ABCMeta) and "_abc_impl" in vars(cls):
            _CLEAR(cls)


class _Probe(metaclass=abc.ABCMeta):  # noqa: B024 - it has no purpose but this
    """Registering with it makes every remembered "no" void (`abc.get_cache_token`)."""


_CLEAR: Any = abc.ABCMeta._abc_caches_clear  # type: ignore[attr-defined]
