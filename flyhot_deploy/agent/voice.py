"""What the agent says to the store: its word in a deploy, and what the machine runs. What can't be said now is said
later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from ..repository.repository import Repository


class Voice:
    """Owns what is not said yet, one document a deploy, and what was said last of the machine."""

    def __init__(self, machine: str, repository: Repository) -> None:
        self._machine = machine
        self._repository = repository
        self._unsaid: dict[str, dict[str, Any]] = {}
        self._said: dict[str, Any] = {}
        self._recalled = False

    def report(self, deploy: str, word: str, running: tuple[str, ...], detail: Mapping[str, Any]) -> None:
        """To be said in that deploy, over what was said before."""
        self._unsaid[deploy] = {
            "machine": self._machine,
            "deploy": deploy,
            "word": word,
            "at": time.time(),
            "releases": list(running),
            **detail,
        }

    async def recall(self, deploy: str, word: str, running: tuple[str, ...]) -> None:
        """Once: say what an agent before us remembered, and died before it said. Raises FlyhotError."""
        if self._recalled:
            return
        said = await asyncio.to_thread(self._repository.report_of, deploy, self._machine)
        self._recalled = True
        if said is None or said.get("word") != word:
            self.report(deploy, word, running, {})

    async def speak(self, now: Mapping[str, Any]) -> None:
        """Say all that is unsaid, and what the machine runs if that is news. Raises FlyhotError: later, then."""
        for deploy, document in list(self._unsaid.items()):
            await asyncio.to_thread(self._repository.report, deploy, self._machine, document)
            if self._unsaid.get(deploy) is document:
                del self._unsaid[deploy]
        if now != self._said:
            await asyncio.to_thread(self._repository.say, self._machine, {**now, "at": time.time()})
            self._said = dict(now)
