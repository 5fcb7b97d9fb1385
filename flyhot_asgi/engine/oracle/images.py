"""What releases look like cold, remembered: a release is imported once per way of importing it, not once per deploy."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Any

from .request import ColdRequest

_MOST = 8


class Images:
    """The last few cold images by digest of the release and what was asked of it. Safe for threads."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._images: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    @staticmethod
    def key(digest: str, request: ColdRequest, seed: int | None) -> str:
        """`digest` names the release's contents; the rest is what is imported of it, and how."""
        asked = (digest, request.modules, request.path, request.python, str(request.tree), seed)
        return hashlib.sha256(repr(asked).encode("utf-8", "surrogatepass")).hexdigest()

    def get(self, key: str) -> dict[str, Any] | None:
        with self._lock:
            found = self._images.get(key)
            if found is not None:
                self._images.move_to_end(key)
            return found

    def put(self, key: str, image: dict[str, Any]) -> None:
        with self._lock:
            self._images[key] = image
            while len(self._images) > self._most:
                self._images.popitem(last=False)
