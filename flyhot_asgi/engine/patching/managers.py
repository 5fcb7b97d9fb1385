"""Context managers that a decorator keeps: `@connected()` above a function, of `@contextmanager def connected()`.

For each call `contextlib` makes another one of what the first was made of. The first is never entered, and its
generator has the code that the function had then: it is made again, the same way. A generator runs nothing before it is
asked.
"""

from __future__ import annotations

import contextlib
import gc
import types
import weakref
from collections.abc import Collection
from typing import Any

from ..living.attributes import fields_of
from ..living.in_use import has_begun
from ..living.inventory import running_code
from ..source.module import SourceModule
from .journal import Journal

_KINDS = (contextlib._GeneratorContextManager, contextlib._AsyncGeneratorContextManager)
_GENERATORS = (types.GeneratorType, types.AsyncGeneratorType)


class Managers:
    """Those that have not been entered, of functions of the modules that change."""

    def __init__(self, changed: Collection[SourceModule]) -> None:
        self._files = frozenset(source.path for source in changed if "contextmanager" in source.text)
        self._found: list[weakref.ref[Any]] | None = None

    def look(self) -> None:
        """One look through what the collector shows."""
        self._found = []
        for one in gc.get_objects() if self._files else ():
            if type(one) in _KINDS and (function := _maker(one)) is not None:
                if function.__code__.co_filename in self._files:
                    self._found.append(weakref.ref(one))

    def renew(self, journal: Journal) -> None:
        """When the functions have their new code."""
        if self._found is None:
            self.look()
        for one in [one for ref in self._found or () if (one := ref()) is not None]:
            function, fields = _maker(one), fields_of(one)
            if function is not None and fields is not None and running_code(fields["gen"]) is not function.__code__:
                with contextlib.suppress(TypeError):  # it takes something else now: who made it makes it again
                    made = function(*fields["args"], **fields["kwds"])
                    journal.touch_namespace(fields, f"what a context manager of {function.__qualname__} was made of")
                    fields["gen"] = made


def _maker(manager: Any) -> types.FunctionType | None:
    """The function that made its generator, if that has not begun."""
    fields = fields_of(manager) or {}
    function = fields.get("func")
    generator: Any = fields.get("gen")
    if type(function) is not types.FunctionType or type(generator) not in _GENERATORS or has_begun(generator):
        return None
    return function
