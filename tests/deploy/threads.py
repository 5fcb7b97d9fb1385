"""Several at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

WRITERS = 16


def together(work: Callable[[int], Any], writers: int = WRITERS) -> list[Any]:
    """Run `work(0..writers-1)` in threads that start at the same moment."""
    gate = threading.Barrier(writers)

    def one(number: int) -> Any:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(writers) as pool:
        return list(pool.map(one, range(writers)))
