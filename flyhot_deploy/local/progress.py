"""What a long command tells while it runs. The terminal and the log each show it their way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """Something begins. `text` is a short phrase: "packing the working tree"."""

    text: str


@dataclass(frozen=True)
class Fact:
    """Something was found or done, worth a line: "41 files, release 3f2a81c09d11"."""

    text: str


Notify = Callable[[Step | Fact], None]


def nobody_listens(_: Step | Fact) -> None:
    """A Notify for commands that print nothing but their result."""
