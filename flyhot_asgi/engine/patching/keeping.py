"""What is open stays open while a statement that sets it up runs once more."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from ..living.attributes import fields_of

_CLOSING = ("close", "stop", "shutdown")


class KeptOpen:
    """Objects that are not closed by whoever asks for it, until `end`: whoever is closed for good, is so after the
    commit."""

    def __init__(self) -> None:
        self._open: list[tuple[dict[str, Any], list[str]]] = []

    def keep(self, objects: Iterable[Any]) -> None:
        for one in objects:
            fields = fields_of(one)
            if fields is None or isinstance(one, type):
                continue
            names = [n for n in _CLOSING if n not in fields and callable(getattr(type(one), n, None))]
            if names:
                fields.update(dict.fromkeys(names, _stay_open))
                self._open.append((fields, names))

    def end(self) -> None:
        for fields, names in self._open:
            for name in names:
                if fields.get(name) is _stay_open:
                    del fields[name]
        self._open = []


def handlers() -> Iterator[logging.Handler]:
    """All that live."""
    for ref in list(logging._handlerList):  # type: ignore[attr-defined]
        if (handler := ref()) is not None:
            yield handler


def _stay_open(*_: Any, **__: Any) -> None:
    return None
