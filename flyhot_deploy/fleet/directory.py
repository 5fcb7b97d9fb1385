"""The machines of an app, and a way to wake their agents. On Fly that is the Machines API; tests have their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from ..fly.errors import FlyError, NotFound
from ..fly.machines import MachinesApi
from ..fly.model import Machine

APPLY = ("python", "-m", "flyhot_deploy", "apply")
"""What is executed on a machine: a `machine-exec` token needs no other prefix."""

EXEC_SECONDS = 10


class Directory(Protocol):
    """Who there is, and how to wake them. Errors are FlyError."""

    async def list(self) -> list[Machine]:
        """The machines of the app: of every state, also those that are no machine of the app proper."""

    async def wake(self, machine: str, arguments: Sequence[str]) -> dict[str, Any]:
        """Wake a machine's agent; its answer. Raises FlyError: it can't be woken so, and looks by itself."""


class FlyDirectory:
    """The machines of a Fly app. A machine that is missing in the list is asked for by its id: the list may lag."""

    def __init__(self, api: MachinesApi) -> None:
        self._api = api
        self._known: dict[str, Machine] = {}

    async def list(self) -> list[Machine]:
        found = {machine.id: machine for machine in await self._api.list()}
        for machine in [known for known in self._known.values() if known.id not in found]:
            try:
                found[machine.id] = await self._api.get(machine.id)
            except NotFound:
                del self._known[machine.id]
        self._known |= found
        return list(found.values())

    async def wake(self, machine: str, arguments: Sequence[str]) -> dict[str, Any]:
        result = await self._api.exec(machine, [*APPLY, *arguments], seconds=EXEC_SECONDS)
        try:
            answer = json.loads(result.stdout.strip().splitlines()[-1])
        except (ValueError, IndexError):
            answer = None
        if not isinstance(answer, dict):
            said = (result.stderr.strip() or result.stdout.strip()).splitlines()[-1:] or ["nothing"]
            raise FlyError(
                f"machine {machine}: {' '.join(APPLY)} ended with {result.exit_code} and said: {said[0][:300]}",
                do="flyhot must be installed in the app's image, and `python` on its PATH",
            )
        return answer
