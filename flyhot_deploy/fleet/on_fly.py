"""The machines of a Fly app, over the Machines API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..fly.errors import FlyError, NotFound
from ..fly.machines import MachinesApi
from ..fly.model import Machine
from .directory import APPLY

EXEC_SECONDS = 10


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
        except (ValueError, IndexError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            said = (result.stderr.strip() or result.stdout.strip()).splitlines()[-1:] or ["nothing"]
            raise FlyError(
                f"machine {machine}: {' '.join(APPLY)} ended with {result.exit_code} and said: {said[0][:300]}",
                do="flyhot must be installed in the app's image, and `python` on its PATH",
            )
        return answer
