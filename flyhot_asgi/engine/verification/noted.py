"""What an object that takes part in logging notes of each record: the time that it printed last, the file that it
opened when the first came. That it did so is no setting: two imports within one second note the same, a third another.
"""

from __future__ import annotations

import dis
import types
import weakref

_WITH_A_RECORD = ("__call__", "handle", "filter", "emit", "format", "formatTime", "flush")


def noted_by(kind: type) -> frozenset[str]:
    """Attributes that an instance sets on itself when a record comes."""
    found = (one for name in _WITH_A_RECORD for one in _set_on_itself(_method(kind, name)))
    return frozenset(found)


def _method(kind: type, name: str) -> object:
    return next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None)


def _set_on_itself(method: object) -> tuple[str, ...]:
    if not isinstance(method, types.FunctionType) or not method.__code__.co_argcount:
        return ()
    found = _KNOWN.get(method.__code__)
    if found is None:
        found = _KNOWN[method.__code__] = tuple(_stored(method.__code__))
    return found


_KNOWN: weakref.WeakKeyDictionary[types.CodeType, tuple[str, ...]] = weakref.WeakKeyDictionary()
"""By code that was read before: every look at the settings asks for every handler, filter and formatter."""


def _stored(code: types.CodeType) -> list[str]:
    itself, found, last = code.co_varnames[0], [], None
    for step in dis.get_instructions(code):
        if step.opname == "STORE_ATTR" and last is not None and last.opname.startswith("LOAD_FAST"):
            loaded = last.argval[-1] if isinstance(last.argval, tuple) else last.argval
            found += [str(step.argval)] if loaded == itself else []
        last = step
    return found
