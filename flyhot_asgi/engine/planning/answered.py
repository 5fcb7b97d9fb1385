"""Functions that are asked once: a call gives what lies in their cache, and their body does not run again.

`@lru_cache` on a function without parameters (`get_settings()`, `get_engine()`): who executes a statement that calls it
once more makes no second object, and does again none of what making the first one did.
"""

from __future__ import annotations

import ast
import types
from typing import Any

from ..living.caches import results
from ..living.inventory import is_cache
from ..source.defuse import Home
from ..source.values import is_plain
from .context import Context
from .judge_caches import takes_arguments


class Answered:
    """Those of the running program that both releases write alike, and whose cache no upgrade empties."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[Home, bool] = {}

    def __call__(self, home: Home) -> bool:
        if home not in self._known:
            self._known[home] = self._look(home)
        return self._known[home]

    def _look(self, home: Home) -> bool:
        context, (module, name) = self._context, home
        cache: Any = context.value(module, name) if module in context.live else None
        inner = getattr(cache, "__wrapped__", None) if is_cache(cache) else None
        if not isinstance(inner, types.FunctionType) or takes_arguments(inner) or not cache.cache_info().currsize:
            return False
        if any(is_plain(value) for value in results(cache)):
            return False  # it is emptied with the first change
        before, after = (names.definition(home) for names in (context.old_names, context.new_names))
        return before is not None and after is not None and ast.dump(before.node) == ast.dump(after.node)
