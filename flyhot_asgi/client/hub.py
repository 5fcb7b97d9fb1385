"""Everything under /_flyhot/: the client script, and a control socket for each open page.

Outside of the gate and of every hold: a page must hear of a hold while it lasts.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flyhot_asgi.client import frames
from flyhot_asgi.client.origin import header, same_origin
from flyhot_asgi.client.script import PREFIX, bundle
from flyhot_asgi.errors import WireError
from flyhot_asgi.types import Receive, Scope, Send

logger = logging.getLogger("flyhot.client")

QUEUE_LIMIT = 32
"""Frames that may wait for one page. A page that doesn't take them is let go; it comes back and is told anew."""

CLOSE_TIMEOUT = 1.0
COME_BACK_PER_SECOND = 200
MAX_SOCKETS = 20_000

CROWD = 50
"""Fewer pages than these fetch themselves at once."""

LONGEST_SPREAD_MS = 10_000.0


@dataclass(frozen=True)
class HubStatistics:
    """`sockets` are open now; all others are counts since the start."""

    sockets: int
    sockets_in_all: int
    refused: int
    slow: int
    malformed: int
    pages_updated: int
    pages_kept: int
    slowest_update_ms: float


class _Socket:
    """One page's control socket: what waits to be sent, and the order to close. Owned by `ClientHub._serve`."""

    __slots__ = ("code", "frames", "overdue", "wake")

    def __init__(self) -> None:
        self.frames: deque[str] = deque()
        self.wake = asyncio.Event()
        self.code: int | None = None  # set once: close with it after the frames are sent
        self.overdue = asyncio.Event()  # set a while after `code`, for a page that takes nothing

    def put(self, frame: str) -> bool:
        """False if the page hasn't taken the frames before; it is then closed with 1013 (try again later)."""
        if self.code is not None:
            return True
        if len(self.frames) >= QUEUE_LIMIT:
            self.frames.clear()
            self.close(1013)
            return False
        self.frames.append(frame)
        self.wake.set()
        return True

    def close(self, code: int) -> None:
        """Close when what waits is sent, or when CLOSE_TIMEOUT is over. Idempotent."""
        if self.code is None:
            self.code = code
            asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, self.overdue.set)
        self.wake.set()


class ClientHub:
    """One per application: an ASGI application for every path under /_flyhot/. Owns the control sockets.

    vsn: gives the vsn that runs now. boot: a random word of this process. heartbeat: seconds between two
    pings of a page. allowed_origins: pages of other hosts that may listen, such as "https://app.example".
    """

    def __init__(
        self,
        *,
        vsn: Callable[[], str],
        boot: str,
        heartbeat: float = 25.0,
        allowed_origins: Collection[str] = (),
        max_sockets: int = MAX_SOCKETS,
    ) -> None:
        self._vsn = vsn
        self._boot = boot
        self._heartbeat = heartbeat
        self._allowed_origins = frozenset(allowed_origins)
        self._max_sockets = max_sockets
        self._sockets: set[_Socket] = set()
        self._left = asyncio.Event()  # set whenever a page has left
        self._holding: tuple[str, int] | None = None  # id and longest time (ms) of the hold that lasts
        self._wrong: str | None = None  # watch mode: what the last save was told
        self._sockets_in_all = 0
        self._refused = 0
        self._slow = 0
        self._malformed = 0
        self._updated = 0
        self._kept = 0
        self._slowest_ms = 0.0
        self._page_ms = 5.0  # about as long as one page took lately

    @staticmethod
    def serves(scope: Scope) -> bool:
        """Is this connection the hub's? (An http or websocket scope below /_flyhot/.)"""
        return scope["type"] in ("http", "websocket") and _path(scope).startswith(PREFIX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or serve a control socket, until its page leaves. Safe to cancel."""
        name = _path(scope).removeprefix(PREFIX)
        if scope["type"] == "http":
            await serve_script(name, scope, send)
        elif name == "ws" and self._may_listen(scope):
            await self._serve(receive, send)
        else:
            self._refused += 1
            await send({"type": "websocket.close", "code": 1008})  # before accept: the handshake fails with 403

    def hold(self, id: str, *, eta_ms: int, max_ms: int) -> None:
        """Tell all pages that messages are held, for about `eta_ms`, never longer than `max_ms`. Never blocks."""
        self._holding = (id, max_ms)
        self._tell(frames.hold(id=id, eta_ms=eta_ms, max_ms=max_ms))

    def resume(
        self,
        id: str,
        *,
        ok: bool,
        vsn: str,
        render: frames.Render,
        was: str | None = None,
        files: Sequence[str] | None = None,
        spread_ms: int | None = None,
        say: str | None = None,
    ) -> None:
        """Tell all pages that the hold is over. Never blocks.

        ok: did the upgrade happen? vsn: what runs now; was: what ran before. render: what a page does about it ("css":
        stylesheets only, if it showed what ran before). files: ends of the URLs of stylesheets and scripts that
        changed; None: not known. spread_ms: the time over which the pages spread their requests; None: by their number.
        say: what screen readers are told.
        """
        self._holding = None
        spread = spread_ms if spread_ms is not None else self._spread_ms()
        frame = frames.resume(id=id, ok=ok, vsn=vsn, render=render, spread_ms=spread, say=say, was=was, files=files)
        self._tell(frame)

    def _spread_ms(self) -> int:
        """So many pages don't ask at once: each takes what a page has taken lately, one after the other."""
        pages = len(self._sockets)
        return 0 if pages < CROWD else int(min(pages * self._page_ms, LONGEST_SPREAD_MS))

    def watch(self, fields: dict[str, Any]) -> None:
        """Watch mode: tell all pages what happened to the last save. What went wrong is told to pages that come later,
        too, until it is well. Never blocks."""
        self._wrong = None if fields["ok"] else frames.watch(fields)
        self._tell(frames.watch(fields))

    async def close(self, retry_ms: int = 1000) -> None:
        """The server stops: ask all pages to come back after `retry_ms`, or somewhat later, each at a time of its own;
        close 1012. Waits for them a moment."""
        spread_ms = min(len(self._sockets) * 1000 / COME_BACK_PER_SECOND, LONGEST_SPREAD_MS)
        for socket in list(self._sockets):
            socket.put(frames.bye(retry_ms=retry_ms + int(random.random() * spread_ms)))
            socket.close(1012)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                while self._sockets:
                    self._left.clear()
                    await self._left.wait()

    def statistics(self) -> HubStatistics:
        return HubStatistics(
            sockets=len(self._sockets),
            sockets_in_all=self._sockets_in_all,
            refused=self._refused,
            slow=self._slow,
            malformed=self._malformed,
            pages_updated=self._updated,
            pages_kept=self._kept,
            slowest_update_ms=self._slowest_ms,
        )

    def _may_listen(self, scope: Scope) -> bool:
        return frames.SUBPROTOCOL in scope.get("subprotocols", ()) and same_origin(scope, self._allowed_origins)

    def _tell(self, frame: str) -> None:
        for socket in list(self._sockets):
            if not socket.put(frame):
                self._slow += 1

    async def _serve(self, receive: Receive, send: Send) -> None:
        message = await receive()
        if message["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept", "subprotocol": frames.SUBPROTOCOL})
        if len(self._sockets) >= self._max_sockets:
            self._refused += 1
            await send({"type": "websocket.close", "code": 1013})
            return
        socket = _Socket()
        self._greet(socket)
        self._sockets.add(socket)
        self._sockets_in_all += 1
        tasks = [
            asyncio.create_task(self._read(socket, receive), name="flyhot control socket, reading"),
            asyncio.create_task(_write(socket, send), name="flyhot control socket, writing"),
            asyncio.create_task(_wait_overdue(socket), name="flyhot control socket, closing"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._sockets.discard(socket)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._left.set()
        if socket.overdue.is_set():
            with suppress(OSError, RuntimeError, TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await send({"type": "websocket.close", "code": socket.code})

    def _greet(self, socket: _Socket) -> None:
        holding = self._holding
        socket.put(
            frames.hello(
                vsn=self._vsn(),
                boot=self._boot,
                heartbeat=self._heartbeat,
                held=holding is not None,
                max_ms=holding[1] if holding else None,
            )
        )
        if self._wrong is not None:
            socket.put(self._wrong)

    async def _read(self, socket: _Socket, receive: Receive) -> None:
        """Return when the page has left. A frame that isn't one makes the writer close."""
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            if socket.code is not None:
                continue
            try:
                if text is None:
                    raise WireError("a binary frame")
                self._handle(socket, frames.parse(text))
            except WireError as exc:
                self._malformed += 1
                logger.debug("a control socket is closed: %s", exc)
                socket.close(1003 if text is None else 1008)

    def _handle(self, socket: _Socket, frame: frames.Ping | frames.Done | None) -> None:
        if isinstance(frame, frames.Ping):
            if not socket.put(frames.PONG):
                self._slow += 1
        elif isinstance(frame, frames.Done):
            self._updated += frame.ok
            self._kept += not frame.ok
            self._slowest_ms = max(self._slowest_ms, frame.ms)
            self._page_ms += (min(max(frame.ms, 1.0), 50.0) - self._page_ms) / 20


async def _write(socket: _Socket, send: Send) -> None:
    """Send what comes, until told to close."""
    with suppress(OSError, RuntimeError):  # the page left while we wrote; the reader hears of it too
        while True:
            await socket.wake.wait()
            socket.wake.clear()
            while socket.frames:
                await send({"type": "websocket.send", "text": socket.frames.popleft()})
            if socket.code is not None:
                await send({"type": "websocket.close", "code": socket.code})
                return


async def _wait_overdue(socket: _Socket) -> None:
    await socket.overdue.wait()


def _path(scope: Scope) -> str:
    """The path below the application's root (ASGI: `path` contains `root_path`; some servers leave it out)."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] if root and path.startswith(root + "/") else path


async def serve_script(name: str, scope: Scope, send: Send) -> None:
    """Answer a request for one of the client's scripts: `flyhot.<hash>.js` (kept forever) or `flyhot.js`."""
    if scope["method"] not in ("GET", "HEAD"):
        return await _answer(send, 405, [(b"allow", b"GET, HEAD")])
    found = bundle().find(name)
    if found is None:
        return await _answer(send, 404)
    script, forever = found
    coding = _coding(header(scope, b"accept-encoding") or "")
    etag = f'"{bundle().hash}-{coding}"' if coding else f'"{bundle().hash}"'  # RFC 9110, 8.8.3.3: one for each coding
    headers = [
        (b"content-type", b"text/javascript; charset=utf-8"),
        (b"cache-control", b"public, max-age=31536000, immutable" if forever else b"no-cache"),
        (b"etag", etag.encode()),
        (b"vary", b"accept-encoding"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if header(scope, b"if-none-match") == etag:
        return await _answer(send, 304, headers)
    body = {"br": script.br, "gzip": script.gz}.get(coding, script.body)
    if coding:
        headers.append((b"content-encoding", coding.encode()))
    await _answer(send, 200, headers, body, head=scope["method"] == "HEAD")


def _coding(accepted: str) -> str:
    """The best content coding that the browser takes (RFC 9110, 12.5.3); "" for none."""
    codings: set[str] = set()
    for each in accepted.lower().split(","):
        name, _, weight = each.partition(";")
        if weight.replace(" ", "").rstrip("0") not in ("q=", "q=0."):
            codings.add(name.strip())
    return next((coding for coding in ("br", "gzip") if coding in codings or "*" in codings), "")


async def _answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]] | None = None, body: bytes = b"", *, head: bool = False
) -> None:
    length = [] if status == 304 else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*(headers or []), *length]})
    await send({"type": "http.response.body", "body": b"" if head else body})
