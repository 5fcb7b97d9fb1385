"""The machines of an app, and a way to wake their agents. On Fly that is the Machines API; tests have their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..fly.model import Machine

APPLY = ("python", "-m", "flyhot_deploy", "apply")
"""What is executed on a machine: a `machine-exec` token needs no other prefix."""


class Directory(Protocol):
    """Who there is, and how to wake them. Errors are FlyError."""

    async def list(self) -> list[Machine]:
        """The machines of the app: of every state, also those that are no machine of the app proper."""

    async def wake(self, machine: str, arguments: Sequence[str]) -> dict[str, Any]:
        """Wake a machine's agent; its answer. Raises FlyError: it can't be woken so, and looks by itself."""
