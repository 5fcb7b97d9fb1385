"""Trying again, with growing pauses that differ from caller to caller ("full jitter")."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .base import Unavailable

T = TypeVar("T")


@dataclass(frozen=True)
class Retry:
    """How often, and with which pauses (seconds). After `patience` seconds no new attempt begins."""

    attempts: int = 5
    first: float = 0.1
    longest: float = 3.0
    patience: float = 40.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self, once: Callable[[int], T]) -> T:
        """Call `once` with the number of the attempt (from 0) until it doesn't raise Unavailable. Raises the last
        one.
        """
        began, pause = self.clock(), self.first
        for attempt in range(self.attempts):
            try:
                return once(attempt)
            except Unavailable:
                if attempt + 1 == self.attempts or self.clock() - began >= self.patience:
                    raise
            self.sleep(random.uniform(0, pause))
            pause = min(pause * 2, self.longest)
        raise AssertionError("attempts is at least 1")
