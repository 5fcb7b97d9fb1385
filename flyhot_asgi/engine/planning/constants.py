"""Names of modules whose values nobody can change: immutable ones that no function binds anew. Whoever is handed one
(`Settings(production=PRODUCTION)`) fills nothing."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from ..source.defuse import Home
from ..source.uses import Stores
from ..source.values import is_atomic
from .context import Context

_MISSING: Any = object()


class Constants:
    """Those of the running program, by either release's text. Remembers."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[Home, bool] = {}
        self._stores: list[Stores] | None = None

    def __call__(self, home: Home) -> bool:
        if home not in self._known:
            self._known[home] = self._look(*home)
        return self._known[home]

    def _look(self, module: str, name: str) -> bool:
        context = self._context
        value = context.value(module, name, _MISSING) if module in context.live else _MISSING
        if value is _MISSING or not (is_atomic(value) or isinstance(value, PurePath)):
            return False
        if self._stores is None:
            self._stores = [Stores(names) for names in (context.old_names, context.new_names)]
        return not any(stores.has((module, name)) for stores in self._stores)
