"""What Python 3.13 and later note in a class beside its members, brought to the release's text."""

from __future__ import annotations

import types

from ..source.codetree import ClassFacts
from .journal import Journal


def refresh_facts(module: types.ModuleType, facts: dict[str, ClassFacts], journal: Journal) -> None:
    """Of a module's classes: their lines, which `inspect.getsource` reads, and what their methods set."""
    queue = [value for value in vars(module).values() if isinstance(value, type)]
    while queue:
        cls = queue.pop()
        if cls.__module__ != module.__name__:
            continue
        queue += [v for v in vars(cls).values() if isinstance(v, type) and v.__qualname__.startswith(cls.__qualname__)]
        if cls.__qualname__ not in facts or "__firstlineno__" not in vars(cls):
            continue
        line, attributes = facts[cls.__qualname__]
        if vars(cls)["__firstlineno__"] != line:
            journal.set_attribute(cls, "__firstlineno__", line)
        if attributes is not None and set(vars(cls).get("__static_attributes__", ())) != set(attributes):
            journal.set_attribute(cls, "__static_attributes__", attributes)
