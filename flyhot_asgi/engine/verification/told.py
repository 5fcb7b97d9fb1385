"""Values that are not described part by part, in a few words each: what lies deep in a table, what a library's object
has in its attributes, what a function's parameters default to. Runs none of the app's code.
"""

from __future__ import annotations

import contextvars
import enum
import hashlib
import operator
import types
import weakref
from collections.abc import Iterator
from typing import Any

from ..living.attributes import fields_of
from ..source.paths import CONTAINER_KINDS, brief
from ..source.values import ATOMS
from .own_state import own_state
from .shapes import at_home, looked_into

_MOST = 5000
"""Objects that are looked at for one text: more take too long while sessions are held."""
_MOST_ATTRIBUTES, _MOST_INSIDE = 40, 200
_MOST_WEAK = 100
_DESCRIBED = frozenset({"pydantic", "sqlalchemy", "sqlmodel", "fastapi", "starlette", "click", "typer"})
"""Packages whose objects are described elsewhere, and keep what they worked out in their attributes."""
_WORKED_OUT = {"celery": frozenset({"configured", "finalized"})}
"""By package, what its objects note of themselves when somebody asks them for something."""
_WEAK = (weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
_REDUCED = (operator.attrgetter, operator.itemgetter, operator.methodcaller)


def told(value: Any, most: int = _MOST) -> str:
    """A digest of all that containers hold, at any depth, as far as that are plain values."""
    found = hashlib.sha256()
    left = most
    queue = [value]
    seen: set[int] = set()
    while queue and left > 0:
        left -= 1
        one = queue.pop()
        kind = type(one)
        if kind not in CONTAINER_KINDS or id(one) in seen:
            found.update(_plain(one).encode("utf-8", "surrogatepass"))
            continue
        seen.add(id(one))
        found.update(f"{kind.__name__} of {len(one)}".encode())
        if issubclass(kind, dict):
            items = list(dict.items(one))
            queue += [part for pair in items[:left] for part in pair]
        elif issubclass(kind, set | frozenset):
            queue += sorted(map(_plain, one))[:left]
        else:
            queue += list(one)[:left]
    return found.hexdigest()[:16]


def told_of_foreign(value: Any) -> str | None:
    """Plain values in the attributes of an object of a library's; None if it has none."""
    if isinstance(value, _REDUCED):
        return told(list(value.__reduce__()[1]))
    kind = type(value)
    if kind in _WEAK:
        return _weakly_held(value)
    if (state := own_state(value)) is not None:
        return state
    if kind is contextvars.ContextVar:
        try:
            return f"{value.name} {_plain(contextvars.Context().run(value.get))}"  # its default
        except LookupError:
            return str(value.name)
    known = kind is types.SimpleNamespace or (
        looked_into(value) and kind.__module__.partition(".")[0] not in _DESCRIBED
    )
    fields = fields_of(value) if known else None
    if not fields:
        return None
    parts = []
    noted = _WORKED_OUT.get(kind.__module__.partition(".")[0], frozenset())
    for name, part in list(fields.items())[:_MOST_ATTRIBUTES]:
        if type(name) is not str or name.startswith("_") or name in noted:
            continue
        if type(part) in ATOMS or issubclass(type(part), enum.Enum):
            parts.append(f"{name}={_plain(part)}")
        elif type(part) in CONTAINER_KINDS:
            parts.append(f"{name}={type(part).__name__} {told(part, _MOST_INSIDE)}")
    return ", ".join(sorted(parts)) or None


def _weakly_held(value: Any) -> str:
    """What is in a weak container, which may be a register; in a large one, the classes and functions. Instances come
    and go, as all state does: what the import of a release registers tells."""
    found = []
    every = list(value.data.items() if isinstance(value.data, dict) else value.data)
    for one in every:
        parts = [part() if isinstance(part, weakref.ref) else part for part in (one if type(one) is tuple else (one,))]
        few = len(every) <= _MOST_WEAK and all(part is not None for part in parts)
        if few or any(issubclass(type(part), type | types.FunctionType) for part in parts):
            found.append(" ".join(f"{brief(part)}{_elsewhere(part)}" for part in parts))
    return ", ".join(sorted(found))


def _elsewhere(part: Any) -> str:
    return "" if not issubclass(type(part), type | types.FunctionType) or at_home(part) else " elsewhere"


def defaults_of(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Parameters with what they default to."""
    code = function.__code__
    given = function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount][-len(given) :] if given else ()
    yield from zip(names, given, strict=False)
    yield from sorted((function.__kwdefaults__ or {}).items())


def _plain(value: Any) -> str:
    if issubclass(type(value), enum.Enum):
        return f"{type(value).__qualname__}.{value._name_}"
    return brief(value)
