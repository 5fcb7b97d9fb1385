"""Who decides with us: the upgrade of one process asks here before it holds anybody, and before it commits.

All processes of an app on a machine upgrade, or none. What a coordinator answers is the others' word; the protocol over
the control socket is one (`control_server.py`), a process that upgrades alone is another.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol


class Coordinator(Protocol):
    async def prepared(self, plan: dict[str, Any]) -> bool:
        """Planned and staged. Shall we hold? False: another process said no. Safe to cancel."""

    async def gone(self) -> None:
        """Returns when the coordinator is lost or says stop, while we gather the sessions. Safe to cancel."""

    async def held(self) -> bool:
        """All sessions are at their boundary. Shall we change the code? Safe to cancel."""

    def vote(self, within: float) -> bool:
        """The new code is in and verified. True: commit. Blocks (the loop is stopped), `within` seconds at most."""


class Alone:
    """A process that upgrades by itself."""

    async def prepared(self, plan: dict[str, Any]) -> bool:
        return True

    async def gone(self) -> None:
        await asyncio.Event().wait()

    async def held(self) -> bool:
        return True

    def vote(self, within: float) -> bool:
        return True
