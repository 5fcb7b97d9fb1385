"""What Python's mutable containers hold, taken and put back without running any code of the user's.

All goes through the base types' own C methods (`dict.items(d)`, never `d.items()`), contents are compared by
identity, and dicts and sets are copied with the hashes that they hold, so that no `__eq__`, `__hash__`,
`__iter__` or `__copy__` of a subclass or of a key runs. Two exceptions, both for keys whose class defines
`__hash__`: an OrderedDict, and a dict subclass with an `__iter__` of its own, can only be refilled by hashing
their keys again.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

_MISSING: Any = object()
namespace_of = type.__dict__["__dict__"].__get__
"""A class's own namespace, whatever its metaclass says."""


@dataclass(frozen=True)
class Kind:
    """How one kind of container is handled. `take` gives a pre-image, a plain container of what this one holds;
    `same` says whether it still holds just that, `put` makes it so, in place."""

    take: Callable[[Any], Any]
    same: Callable[[Any, Any], bool]
    put: Callable[[Any, Any], None]


def _identical(ones: Iterable[object], others: Iterable[object]) -> bool:
    return all(one is other for one, other in zip(ones, others, strict=True))


def _identical_items(items: Iterable[tuple[object, object]], others: Iterable[tuple[object, object]]) -> bool:
    return all(a is c and b is d for (a, b), (c, d) in zip(items, others, strict=True))


def _identical_lists(ones: list[tuple[Any, Any]], others: list[tuple[Any, Any]]) -> bool:
    return len(ones) == len(others) and _identical_items(ones, others)


def _dict_same(obj: dict[Any, Any], before: dict[Any, Any]) -> bool:
    return dict.__len__(obj) == len(before) and _identical_items(dict.items(obj), before.items())


def _dict_put(obj: dict[Any, Any], before: dict[Any, Any]) -> None:
    if dict.__len__(obj) == len(before) and _identical(dict.keys(obj), before):
        changed = [(key, value) for key, value in before.items() if dict.get(obj, key) is not value]
        if all(type(key) is str for key, _ in changed):
            for key, value in changed:
                dict.__setitem__(obj, key, value)
            if _dict_same(obj, before):
                return
    dict.clear(obj)
    dict.update(obj, before)


def _odd_dict_put(obj: dict[Any, Any], before: list[tuple[Any, Any]]) -> None:
    dict.clear(obj)
    for key, value in before:
        dict.__setitem__(obj, key, value)


def _ordered_put(obj: OrderedDict[Any, Any], before: list[tuple[Any, Any]]) -> None:
    OrderedDict.clear(obj)
    for key, value in before:
        OrderedDict.__setitem__(obj, key, value)


def _ordered_take(obj: OrderedDict[Any, Any]) -> list[tuple[Any, Any]]:
    return [(key, dict.__getitem__(obj, key)) for key in OrderedDict.__iter__(obj)]


def _list_put(obj: list[Any], before: list[Any]) -> None:
    list.__setitem__(obj, slice(None), before)


def _set_take(obj: set[Any]) -> set[Any]:
    before: set[Any] = set()
    set.update(before, obj)  # set to set: the stored hashes are used
    return before


def _set_same(obj: set[Any], before: set[Any]) -> bool:
    return {id(each) for each in set.__iter__(obj)} == {id(each) for each in before}


def _set_put(obj: set[Any], before: set[Any]) -> None:
    set.clear(obj)
    set.update(obj, before)


def _deque_put(obj: deque[Any], before: list[Any]) -> None:
    deque.clear(obj)
    deque.extend(obj, before)


def _bytearray_put(obj: bytearray, before: bytearray) -> None:
    bytearray.__setitem__(obj, slice(None), before)


def _array_put(obj: array[Any], before: array[Any]) -> None:
    array.__setitem__(obj, slice(None), before)


def _namespace_put(obj: dict[str, Any], before: dict[str, Any]) -> None:
    for name in [name for name in dict.keys(obj) if name not in before]:
        dict.__delitem__(obj, name)
    for name, value in before.items():
        if dict.get(obj, name, _MISSING) is not value:
            dict.__setitem__(obj, name, value)


def _namespace_same(obj: dict[str, Any], before: dict[str, Any]) -> bool:
    return len(obj) == len(before) and all(obj.get(name, _MISSING) is value for name, value in before.items())


def _class_take(cls: type) -> dict[str, Any]:
    return {name: value for name, value in namespace_of(cls).items() if name not in ("__dict__", "__weakref__")}


def _class_put(cls: type, before: dict[str, Any]) -> None:
    now = _class_take(cls)
    for name in now.keys() - before.keys():
        type.__delattr__(cls, name)
    for name, value in before.items():
        if now.get(name, _MISSING) is not value:
            type.__setattr__(cls, name, value)


def _sequence_same(
    iterate: Callable[[Any], Iterable[object]], length: Callable[[Any], int]
) -> Callable[[Any, Any], bool]:
    return lambda obj, before: length(obj) == len(before) and _identical(iterate(obj), before)


DICT = Kind(dict.copy, _dict_same, _dict_put)
"""A dict, or a subclass that iterates as a dict does. Pre-image: an exact dict."""

ODD_DICT = Kind(
    take=lambda obj: list(dict.items(obj)),
    same=lambda obj, before: _identical_lists(list(dict.items(obj)), before),
    put=_odd_dict_put,
)
"""A dict subclass with an `__iter__` of its own, which `dict.copy` would call."""

ORDERED_DICT = Kind(
    take=_ordered_take,
    same=lambda obj, before: _identical_lists(_ordered_take(obj), before),
    put=_ordered_put,
)
NAMESPACE = Kind(
    take=dict.copy,
    same=_namespace_same,
    put=_namespace_put,
)
"""A module's names. Only those that differ are written, as other threads may be looking; their order isn't
kept."""

CLASS = Kind(
    take=_class_take,
    same=lambda cls, before: _namespace_same(_class_take(cls), before),
    put=_class_put,
)
"""A class's own attributes. The engine's changes to them are the engine's to undo: this keeps what is there
now."""

LIST = Kind(list.copy, _sequence_same(list.__iter__, list.__len__), _list_put)
SET = Kind(_set_take, _set_same, _set_put)
DEQUE = Kind(
    take=lambda obj: list(deque.__iter__(obj)),
    same=_sequence_same(deque.__iter__, deque.__len__),
    put=_deque_put,
)
BYTEARRAY = Kind(
    take=lambda obj: bytearray.__getitem__(obj, slice(None)),
    same=lambda obj, before: bytearray.__len__(obj) == len(before) and bytearray.__eq__(obj, before) is True,
    put=_bytearray_put,
)
ARRAY = Kind(
    take=lambda obj: array.__getitem__(obj, slice(None)),
    same=lambda obj, before: array.tobytes(obj) == array.tobytes(before),
    put=_array_put,
)

KINDS: dict[type, Kind] = {
    OrderedDict: ORDERED_DICT,
    dict: DICT,
    list: LIST,
    set: SET,
    deque: DEQUE,
    bytearray: BYTEARRAY,
    array: ARRAY,
}
"""The kinds by their base type; a more special type comes first."""
