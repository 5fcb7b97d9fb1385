"""Is this machine well with the release it runs? Its workers answer and serve, and its health checks say yes."""

from __future__ import annotations

import asyncio

from ..fleet.offer import Health
from .workers import Look, Workers

ANSWER_SECONDS = 5.0
TOLERATED = 1
"""How many bad looks in a row are taken for chance."""


class Watch:
    """The health of one provisional release. `counts` is False where the app's checks failed before the release
    already."""

    def __init__(self, workers: Workers, release: str, health: Health, *, counts: bool) -> None:
        self._workers = workers
        self._release = release
        self._health = health
        self._counts = counts
        self._bad = 0

    @property
    def is_well(self) -> bool:
        """Did it find nothing when it looked last?"""
        return self._bad == 0

    async def look(self) -> str | None:
        """Why the machine is sick; None while it is well, or may be. Safe to cancel."""
        why = await self._why()
        self._bad = self._bad + 1 if why else 0
        return why if self._bad > TOLERATED else None

    async def _why(self) -> str | None:
        if why := of_workers(await self._workers.look(), self._release):
            return why
        return await of_app(self._workers, self._health) if self._counts else None


async def of_app(workers: Workers, health: Health) -> str | None:
    """What the app's own checks say: its function's and its URL's."""
    why = await workers.health()
    return why if why or health.path is None else await ask(health)


def of_workers(look: Look, release: str) -> str | None:
    """What is wrong with the workers, if anything."""
    if look.broken:
        return "a worker is broken: an undo failed"
    if not look.documents:
        return "no worker answers"
    if any(running != release for running in look.running):
        return "a worker runs another release"
    return None


async def ask(health: Health) -> str | None:
    """GET the health path; why it is not well, or None. Never raises but when cancelled."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            status = await _get(health.port, health.path or "/")
    except TimeoutError:
        return f"GET {health.path} gave no answer within {ANSWER_SECONDS:g} s"
    except (OSError, ValueError) as exc:
        return f"GET {health.path} on port {health.port}: {exc}"
    return None if 200 <= status < 400 else f"GET {health.path} answered {status}"


async def _get(port: int, path: str) -> int:
    """The status of one request. What follows it is of no interest, so no more than the first line is read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        request = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nuser-agent: flyhot\r\nconnection: close\r\n\r\n"
        writer.write(request.encode("ascii"))
        await writer.drain()
        words = (await reader.readline()).split()
    finally:
        writer.close()
    if len(words) < 2 or not words[0].startswith(b"HTTP/"):
        raise ValueError("that is no HTTP server")
    return int(words[1])
