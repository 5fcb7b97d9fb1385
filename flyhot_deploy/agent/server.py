"""The agent's socket: `wake` (look now), `status` (what runs here), `quit`. One JSON line in, one out.

Only this user and root may speak on it: the folder is 0700, the socket 0600, and the peer is asked of the kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .place import SOCKET

MAX_LINE = 1 << 16
REQUEST_SECONDS = 5.0
LONGEST_WAIT = 8.0
HEAR_SECONDS = 0.05


class AgentServer:
    """Owns the socket. `wake` is called at each `wake`, `document` gives the answers, `quit` ends the agent."""

    def __init__(
        self,
        folder: Path,
        *,
        wake: Callable[[], None],
        document: Callable[[], dict[str, Any]],
        quit: Callable[[], None],
    ) -> None:
        self.path = folder / SOCKET
        self._wake = wake
        self._document = document
        self._quit = quit
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Raises OSError if the socket can't be made."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self._server = await asyncio.start_unix_server(self._serve, path=str(self.path), limit=MAX_LINE)
        self.path.chmod(0o600)

    async def close(self) -> None:
        """Idempotent."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not _is_ours(writer.get_extra_info("socket")):
                return
            async with asyncio.timeout(REQUEST_SECONDS + LONGEST_WAIT):
                request = json.loads(await reader.readline())
                answer = await self._answer(request if isinstance(request, dict) else {})
                writer.write(json.dumps(answer, separators=(",", ":"), default=str).encode("utf-8") + b"\n")
                await writer.drain()
        except (OSError, ValueError, TimeoutError):
            return
        finally:
            writer.close()

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        verb = request.get("verb")
        if verb == "quit":
            self._quit()
        elif verb == "wake":
            self._wake()
            await self._heard_of(str(request.get("deploy") or ""), _seconds(request.get("wait")))
        elif verb != "status":
            return {"ok": False, "error": f"unknown verb {verb!r}"}
        return {"ok": True, "status": self._document()}

    async def _heard_of(self, deploy: str, within: float) -> None:
        """Wait until the agent has something to say on a deploy, for a moment at most."""
        for _ in range(int(within / HEAR_SECONDS)):
            if not deploy or self._document().get("deploy") == deploy:
                return
            await asyncio.sleep(HEAR_SECONDS)


def _seconds(value: object) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return min(LONGEST_WAIT, max(0.0, float(value))) if good and isinstance(value, int | float) else 0.0


def _is_ours(peer: socket.socket) -> bool:
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return uid in (0, os.getuid())
