"""Who decides with us: the upgrade of one process asks here before it holds anybody, and before it commits.

All processes of an app on a machine upgrade, or none. What a coordinator answers is the others' word: over the control
socket (`SocketCoordinator`), or nobody's (`Alone`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import Any, Literal, Protocol

from ..control.decision import Decisions
from ..errors import ControlError, UpgradeError
from .conversation import Conversation

logger = logging.getLogger("flyhot.control")

Word = Literal["apply", "wait", "stop"]
"""What is said to a process whose sessions are held. "wait": others are late, so let them go, and wait for `again`."""


class Coordinator(Protocol):
    async def prepared(self, plan: dict[str, Any]) -> bool:
        """Planned and staged. Shall we hold? False: another process said no. Safe to cancel."""

    async def gone(self) -> None:
        """Returns when the coordinator is lost or says stop, while we gather the sessions. Safe to cancel."""

    async def held(self) -> Word:
        """All sessions are at their boundary. Shall we change the code? Safe to cancel."""

    async def again(self) -> bool:
        """The sessions are served while we wait for others. Shall we hold them again? Safe to cancel."""

    def vote(self, within: float) -> bool:
        """The new code is in and verified. True: commit. Blocks (the loop is stopped), `within` seconds at most.

        Raises UpgradeError: it was this process that decided not to.
        """


class Alone:
    """A process that upgrades by itself."""

    async def prepared(self, plan: dict[str, Any]) -> bool:
        return True

    async def gone(self) -> None:
        await asyncio.Event().wait()

    async def held(self) -> Word:
        return "apply"

    async def again(self) -> bool:
        return True

    def vote(self, within: float) -> bool:
        return True


class SocketCoordinator:
    """The coordinator at the other end of a conversation, with the decision record as the last word.

    What can't be understood is a no: a coordinator that speaks garbage coordinates nothing.
    """

    def __init__(self, conversation: Conversation, decisions: Decisions, tx: str, vote_timeout: float) -> None:
        self._conversation = conversation
        self._decisions = decisions
        self._tx = tx
        self._vote_timeout = vote_timeout

    async def prepared(self, plan: dict[str, Any]) -> bool:
        await self._conversation.send({"phase": "prepared", "plan": plan})
        return await self._word() == "suspend"

    async def gone(self) -> None:
        """Nothing is due from the other end while we gather: a word is "abort", an end is a deployer that died."""
        await self._conversation.receive()

    async def held(self) -> Word:
        await self._conversation.send({"phase": "held"})
        match await self._word():
            case "apply":
                return "apply"
            case "resume":
                return "wait"
        return "stop"

    async def again(self) -> bool:
        return await self._word() == "suspend"

    async def _word(self) -> object:
        answer = await self._conversation.receive()
        return answer.get("go") if answer is not None else None

    def vote(self, within: float) -> bool:
        """Ready. Told to commit: commit. Told nothing in time: whatever stands decided, and if nothing does: abort.

        Raises UpgradeError where that abort was for want of a word: nobody else can tell why then.
        """
        limit, began = min(self._vote_timeout, within), time.monotonic()
        answer = self._conversation.ask_blocking({"phase": "ready"}, limit)
        told = answer is not None and answer.get("go") == "commit"
        try:
            stands = self._decisions.decide(self._tx, "commit" if told else "abort")
        except ControlError as exc:
            # Whoever tells "commit" has decided it before; without that word, not to have decided is to stay.
            logger.error(
                "the decision of upgrade %s can't be read (%s); this process %s",
                self._tx,
                exc,
                "was told to commit, and does" if told else "stays on the old release",
            )
            stands = "commit" if told else "abort"
        if stands == "abort" and answer is None:
            raise _nobody_said(limit, waited=time.monotonic() - began)
        return stands == "commit"


def _nobody_said(limit: float, *, waited: float) -> UpgradeError:
    if waited < limit:
        return UpgradeError("the deployer was gone before it said whether to commit", do="deploy again")
    return UpgradeError(
        f"process {os.getpid()} had the new code in, and within {limit:.3g} s nobody said whether to commit: another "
        "process was not ready by then, or the deployer did not get to it",
        do="deploy again when the machine is less busy, or allow more time (vote_timeout, hold_budget)",
    )
