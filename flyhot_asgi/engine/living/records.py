"""Living records without a class of their own: dicts, and bags of attributes that libraries give.

CPython's collector does not know dicts with nothing but plain values in them: they are found by those who hold them.
Reads only; runs none of the app's code.
"""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from ..source.values import ATOMS
from .attributes import fields_of
from .inventory import subclasses

_PART = 20_000
_MOST = 500_000
_BAGS = (
    ("types", "SimpleNamespace"),
    ("argparse", "Namespace"),
    ("starlette.datastructures", "State"),
)
_NOTED = frozenset({"__annotations__", "properties", "model_fields", "__pydantic_fields__", "__dataclass_fields__"})
"""Dicts under these names tell of fields; they are no records with such fields."""
_FIELDS = frozenset({"pydantic", "pydantic_core", "sqlalchemy", "sqlmodel", "typing", "dataclasses"})


def dicts_with(words: Collection[str], but: str, known: frozenset[str]) -> list[dict[Any, Any]]:
    """Living dicts with all of the keys `words`, without `but`, and with no others than are `known`; a single word must
    be the only one. None that is the namespace of an object, none that tells of fields. A pass over the heap and what
    it holds: some 100 ms for half a million objects."""
    found: dict[int, dict[Any, Any]] = {}
    heap = gc.get_objects()
    for start in range(0, len(heap), _PART):
        part = heap[start : start + _PART]
        for one in [one for one in gc.get_referents(*part) if type(one) is dict]:
            if id(one) not in found and _fits(one, words, but) and known.issuperset(one):
                found[id(one)] = one
    del heap, part
    records = [one for one in found.values() if _may_be_record(one)]
    del found
    telling = _telling_of_fields(records)
    return [one for one in records if id(one) not in telling]


def held_by(roots: Iterable[object], depth: int = 8) -> set[int]:
    """Ids of the dicts that these have, through containers, instances, closures and frames, at most so many steps away.
    Modules, classes and what functions know by name are not entered."""
    level, found = list(roots), set[int]()
    seen = {id(one) for one in level}
    for _ in range(depth):
        below: dict[int, object] = {}
        for one in level:
            parts = one.__closure__ or () if type(one) is types.FunctionType else gc.get_referents(one)
            below |= {id(part): part for part in parts if type(part) not in ATOMS and id(part) not in seen}
        level = [one for one in below.values() if not isinstance(one, type | types.ModuleType | types.CodeType)]
        seen |= below.keys()
        found |= {key for key, one in below.items() if type(one) is dict}
        if len(seen) > _MOST:
            break
    return found


def bags_with(words: Collection[str], but: str) -> list[object]:
    """Living namespaces and states with all of these attributes, and without `but`."""
    kinds = {kind for module, name in _BAGS if (kind := getattr(sys.modules.get(module), name, None)) is not None}
    kinds |= {sub for kind in list(kinds) for sub in subclasses(kind)}
    bags = [one for one in gc.get_objects() if type(one) in kinds]
    return [one for one in bags if _fits(contents(one), words, but) and not hasattr(type(one), but)]


def is_bag(value: object) -> bool:
    return any((base.__module__, base.__name__) in _BAGS for base in type(value).__mro__)


def contents(bag: object) -> dict[str, Any]:
    """What code has put there: Starlette's states keep it in a dict of their own."""
    fields = fields_of(bag) or {}
    inner = fields.get("_state")
    return inner if type(inner) is dict else fields


def records_in(value: object, depth: int = 6) -> Iterator[int]:
    """Ids of the dicts in a value, itself included, through containers."""
    if not depth or not isinstance(value, dict | list | tuple | set | frozenset):
        return
    if isinstance(value, dict):
        yield id(value)
    for one in dict.values(value) if isinstance(value, dict) else value:
        yield from records_in(one, depth - 1)


def _fits(record: dict[Any, Any], words: Collection[str], but: str) -> bool:
    if len(record) < len(words) or (len(words) == 1 and len(record) != 1) or but in record:
        return False
    return all(word in record for word in words)


def _may_be_record(record: dict[Any, Any]) -> bool:
    values = list(record.values())
    if all(isinstance(one, type) or type(one).__module__.partition(".")[0] in _FIELDS for one in values):
        return False
    return not all(type(one) is dict and one.keys() & {"type", "$ref", "anyOf", "allOf", "title"} for one in values)


def _telling_of_fields(records: list[dict[Any, Any]]) -> set[int]:
    """Ids of those that are somebody's namespace, or that somebody has under a name for fields. One look at all."""
    ids = {id(one) for one in records}
    found: set[int] = set()
    for holder in gc.get_referrers(*records) if records else ():
        if isinstance(holder, types.FunctionType):
            found |= {id(part) for part in gc.get_referents(holder)} & ids
        elif type(holder) is dict:
            found |= {id(one) for name, one in list(holder.items()) if id(one) in ids and name in _NOTED}
        elif not isinstance(holder, type | list | tuple):
            found.add(id(fields_of(holder)))
    return found & ids
