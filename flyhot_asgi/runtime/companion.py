"""Something that runs beside the app for as long as it is served: a deploy tool's agent.

We know nothing of it. The environment names it (`FLYHOT_AGENT="package.module:function"`); it is called with the app's
root and its runtime folder when the app can be upgraded, and returns what is to be called when that ends.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from ..control.paths import runtime_dir

logger = logging.getLogger("flyhot.upgrade")

VARIABLE = "FLYHOT_AGENT"


class Companion:
    """Owns what runs beside. Never fails an app: one that can't be started is told once."""

    def __init__(self) -> None:
        self._stop: Callable[[], None] | None = None

    def start(self, root: Path) -> None:
        """Call what the environment names, if it names anything. Idempotent until `stop`."""
        named = os.environ.get(VARIABLE)
        if not named or self._stop is not None:
            return
        try:
            module, _, function = named.partition(":")
            self._stop = getattr(importlib.import_module(module), function)(root, runtime_dir(root))
        except Exception:
            logger.exception("%s names %r, which can't be started; the app runs on without", VARIABLE, named)

    def stop(self) -> None:
        """Idempotent."""
        stop, self._stop = self._stop, None
        if stop is None:
            return
        try:
            stop()
        except Exception:
            logger.exception("what %s names could not be stopped", VARIABLE)
