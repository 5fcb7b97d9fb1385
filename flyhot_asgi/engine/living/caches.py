"""What an `lru_cache` holds, without calling it or counting a hit."""

from __future__ import annotations

import gc
from typing import Any

from ..source.values import is_plain
from .inventory import is_cache


def forget_plain(key: object) -> None:
    """Empty the caches that were asked of the object, where they hold plain values: they are worked out again."""
    keys = [one for one in gc.get_referrers(key) if type(one) is tuple]  # a call's arguments
    for one in gc.get_referrers(*keys) if keys else ():
        if is_cache(one) and all(is_plain(value) for value in results(one)):
            one.cache_clear()


def results(cache: Any) -> list[object]:
    """What the cache holds as results, as the collector shows it."""
    shown = gc.get_referents(cache)
    found = [
        shown[at - 1]  # key, result, the type of their list element
        for at in range(2, len(shown))
        if isinstance(shown[at], type) and shown[at].__name__ == _ELEMENT and not isinstance(shown[at - 1], type)
        if type(shown[at - 1]) is not object
    ]
    for one in shown:
        if type(one) is dict and "__wrapped__" not in one:
            found += [value for value in one.values() if type(value).__name__ != _ELEMENT]
    return found


_ELEMENT = "_lru_list_elem"
