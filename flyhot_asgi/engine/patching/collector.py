"""The garbage collector of this process while a patch is applied: it waits, and shows only what is new."""

from __future__ import annotations

import gc


class StillCollector:
    """No garbage collection between `begin()` and `end()`. All idempotent."""

    def __init__(self) -> None:
        self._was_enabled: bool | None = None
        self._hidden = False

    def hide(self) -> None:
        """Until `end()` the collector shows only what is made from now on; the rest has been looked at."""
        self._hidden = True
        gc.freeze()

    def begin(self) -> None:
        if self._was_enabled is None:
            self._was_enabled = gc.isenabled()
            gc.disable()

    def end(self) -> None:
        if self._hidden or self._was_enabled is not None:
            gc.unfreeze()
            self._hidden = False
        if self._was_enabled is not None:
            if self._was_enabled:
                gc.enable()
            self._was_enabled = None
