"""A deployer at the other end of the real control socket that does what a test tells it, right or wrong."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from .lab import PATIENCE, Lab

WORD = {"prepared": "suspend", "held": "apply", "ready": "commit"}


class Deployer:
    """One connection. `script` says what to answer to a phase instead of the right word: bytes, or a callable."""

    def __init__(self, lab: Lab, **script: Any) -> None:
        self._lab = lab
        self._script = script
        self.phases: list[str] = []
        self.result: dict[str, Any] | None = None
        self.error: dict[str, Any] | None = None

    async def __aenter__(self) -> Deployer:
        server = self._lab.process._server
        assert server is not None
        self.reader, self.writer = await asyncio.open_unix_connection(str(server.path), limit=1 << 24)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.writer.close()

    def say(self, document: dict[str, Any]) -> None:
        self.writer.write(json.dumps(document).encode() + b"\n")

    async def hear(self) -> dict[str, Any] | None:
        async with asyncio.timeout(PATIENCE):
            line = await self.reader.readline()
        return json.loads(line) if line else None

    async def upgrade(self, release: str, tx: str, **options: Any) -> None:
        """Ask for the upgrade and go through it by the script, until the other end is done or has hung up."""
        self.say({"verb": "upgrade", "release": release, "tx": tx, "direction": "up", "extra": {}, "options": options})
        while (frame := await self.hear()) is not None:
            if frame.get("done"):
                self.result, self.error = frame.get("result"), frame.get("error")
                return
            phase = frame["phase"]
            self.phases.append(phase)
            answer = self._script.get(phase)
            if answer is None:
                self.say({"go": WORD[phase]})
            elif isinstance(answer, bytes):
                self.writer.write(answer)
            elif answer(self) == "leave":
                return
