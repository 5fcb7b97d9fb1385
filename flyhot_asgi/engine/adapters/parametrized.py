"""pydantic's parametrized models (`Page[Item]`): it remembers each, and gives those that module-level statements make a
name in the generic model's module, once. What a release makes no more loses both, and the undo gives them back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import Context


def named(context: Context) -> Iterator[tuple[dict[str, Any], str]]:
    """Names that parametrized models got by pydantic and that a cold import of the release does not have, each with the
    namespace that has it."""
    drift = context.drift
    for module in context.live if drift is not None else ():
        for name, value in list(context.namespace(module).items()):
            if "[" in name and isinstance(value, type) and _is_parametrized(value):
                if drift is not None and f"{module}:{name}" in drift.old and f"{module}:{name}" not in drift.new:
                    yield context.namespace(module), name


def _is_parametrized(cls: type) -> bool:
    facts = vars(cls).get("__pydantic_generic_metadata__")
    return type(facts) is dict and facts.get("origin") is not None


class Parametrized(Registration):
    """Takes the names away, and makes pydantic remember what it did before if the patch is undone."""

    def __init__(self, gone: list[tuple[dict[str, Any], str]]) -> None:
        self._gone = gone
        self.executes = bool(gone)

    def begin(self, journal: Journal) -> None:
        cache: Any = _cache()
        if cache is not None:
            before = dict(cache.data)

            def undo() -> None:
                cache.data.clear()
                cache.data.update({key: ref for key, ref in before.items() if ref() is not None})

            journal.note("pydantic's parametrized models", undo)
        for namespace, name in self._gone:
            journal.touch_namespace(namespace, "names of parametrized models")
            cls = namespace.pop(name, None)
            for key in [key for key, ref in list(cache.data.items()) if ref() is cls] if cache is not None else ():
                del cache.data[key]


def _cache() -> Any:
    """Where pydantic remembers them; None if it keeps them in another way."""
    found: Any = getattr(sys.modules.get("pydantic._internal._generics"), "_GENERIC_TYPES_CACHE", None)
    if type(found).__name__ == "ContextVar":
        found = found.get(None)
    return found if type(getattr(found, "data", None)) is dict else None
