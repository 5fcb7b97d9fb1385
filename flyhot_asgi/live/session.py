"""One open page: its view, its mailbox, its websocket.

Theory of operation. One task runs everything of a view, one thing at a time: events from the browser, messages from
the mailbox, renderings. It keeps one `receive()` pending in a task of its own, so that it can wait for both. While
that receive is pending the session is at its message boundary (an upgrade may hold it there); when it has
returned, the session is at work until the next one is started. So a message of the mailbox is handled either
in the wake of an event, or, when it comes alone, in a `working()` body, which waits while the session is held.

After an upgrade `render_first` is called before anything flows again; its rendering comes before whatever event or
message was held: a user must not get the new code's answer into the old page.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from flyhot_asgi.errors import WireError
from flyhot_asgi.live.frames import MAX_NAME, SUBPROTOCOL, Event, Full, encode_html, parse
from flyhot_asgi.live.mailbox import Mailbox
from flyhot_asgi.live.pace import Pace
from flyhot_asgi.live.pubsub import PubSub
from flyhot_asgi.live.unit import LiveUnit
from flyhot_asgi.live.view import LiveView, Timer, check_state, make_view, render_text
from flyhot_asgi.session.unit import Owner, Unit
from flyhot_asgi.types import Message, Receive, Send

logger = logging.getLogger("flyhot.live")

SEND_TIMEOUT = 5.0
"""Seconds until a page that takes nothing is let go: it would keep every upgrade waiting."""

MESSAGES_PER_EVENT = 100
"""At most so many mailbox messages are handled in the wake of one event."""


FLASHES = 10
"""At most so many things to say are taken over from the page that redirected."""


class Held(Owner, Protocol):
    """What is needed of the middleware's `Session`, where there is one."""

    id: str
    path: str

    def attach(self, unit: Unit) -> None: ...
    def detach(self, unit: Unit) -> None: ...
    def next_number(self) -> int: ...
    def working(self) -> AbstractAsyncContextManager[None]: ...


class _PageGone(Exception):
    """The page has left, or takes nothing any more."""


class _Refused(Exception):
    """The page sent what it may not."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class LiveSession:
    """Runs one view of class `cls` on one websocket. `held`: its session, or None without the middleware."""

    def __init__(self, cls: type[LiveView], receive: Receive, send: Send, held: Held | None = None) -> None:
        self._cls = cls
        self._receive = receive
        self._send = send
        self._held = held
        self._wake = asyncio.Event()
        self._mailbox = Mailbox(self._wake.set)
        self._timers: set[asyncio.TimerHandle] = set()
        self._topics: set[tuple[PubSub, Hashable]] = set()
        self._view: LiveView = make_view(cls, self)
        self._html: str | None = None  # what the browser has
        self._number = -1
        self._due: str | None = None  # render before anything else, for this release
        self._stale = False  # render when there is time
        self._mounted = False
        self._title = self._view.title  # what the browser shows
        self._told: list[str] = []  # frames that go before what is rendered next
        self._pace = Pace(self._view.max_rate, self._view.max_burst, time.monotonic())

    async def run(
        self, params: dict[str, str], session: Mapping[str, Any], path_params: Mapping[str, str] | None = None
    ) -> None:
        """Serve the page until it leaves. Safe to cancel: `unmount` runs. path_params: those of `params` that are the
        route's."""
        self._view._path_params = dict(path_params or {})
        if (await self._receive())["type"] != "websocket.connect":
            return
        await self._send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        code: int | None = None
        try:
            if await self._mount(params, session):
                code = await self._serve_as_unit()
            else:
                code = 1011
        except _PageGone as exc:
            logger.debug("the page of %s has gone: %s", self._name, exc)
        finally:
            await self._end()
        if code is not None:
            await self._close(code)

    # What the view asks for (view.Link).

    def post(self, message: Any) -> None:
        self._mailbox.put(message)

    def post_after(self, seconds: float, message: Any) -> Timer:
        def ring() -> None:
            self._timers.discard(handle)
            self._mailbox.put(message)

        handle = asyncio.get_running_loop().call_later(seconds, ring)
        self._timers.add(handle)
        return handle

    def tell(self, frame: str) -> None:
        """Send this with what is rendered next; render soon, if nobody else does."""
        self._told.append(frame)
        self._wake.set()

    def subscribe(self, pubsub: PubSub, topic: Hashable) -> None:
        self._topics.add((pubsub, topic))
        pubsub.subscribe(topic, self._mailbox)

    def unsubscribe(self, pubsub: PubSub, topic: Hashable) -> None:
        self._topics.discard((pubsub, topic))
        pubsub.unsubscribe(topic, self._mailbox)

    # What an upgrade asks for (unit.Page).

    def render_first(self, vsn: str) -> None:
        """An upgrade has happened: render before anything that was held is handled."""
        self._due = vsn
        self._wake.set()

    def render_soon(self) -> None:
        self._stale = True
        self._wake.set()

    # The life of a page.

    @property
    def _name(self) -> str:
        return type(self._view).__qualname__

    async def _mount(self, params: dict[str, str], session: Mapping[str, Any]) -> bool:
        """False if the view can't be mounted or rendered; the browser comes back after a while."""
        try:
            await self._view.mount(params, session)
            self._mounted = True
            check_state(self._view)
            text = render_text(self._view)
        except Exception:
            logger.exception("%s could not be mounted; its page is closed with 1011", self._name)
            return False
        await self._send_html(text)
        return True

    async def _serve_as_unit(self) -> int | None:
        """The code to close with, or None if the page closed."""
        held = self._held
        if held is None:
            return await self._serve()
        unit = LiveUnit(self._view, self, held, id=f"{held.id}/{held.next_number()}", path=held.path)
        held.attach(unit)
        try:
            return await self._serve()
        finally:
            held.detach(unit)

    async def _serve(self) -> int | None:
        receiving = self._start_receiving()
        try:
            while True:
                await self._wait_for_work(receiving)
                if self._mailbox.overflowed:
                    logger.error("%s has too many unread messages; its page is closed with 1013", self._name)
                    return 1013
                if not receiving.done():
                    async with self._working():
                        await self._render_if_due()
                        await self._handle_messages(1)
                    continue
                await self._render_if_due()
                message = receiving.result()
                if message["type"] != "websocket.receive":
                    return None
                await self._handle_frame(message)
                await self._handle_messages(MESSAGES_PER_EVENT)
                receiving = self._start_receiving()
        except _Refused as exc:
            logger.info("the page of %s is closed with %d: %s", self._name, exc.code, exc)
            return exc.code
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)

    def _start_receiving(self) -> asyncio.Task[Message]:
        async def receive() -> Message:
            return await self._receive()

        receiving = asyncio.create_task(receive(), name=f"receive of {self._name}")
        receiving.add_done_callback(lambda _: self._wake.set())
        return receiving

    async def _wait_for_work(self, receiving: asyncio.Task[Message]) -> None:
        while not (
            receiving.done()
            or self._due is not None
            or self._stale
            or self._told
            or self._mailbox.messages
            or self._mailbox.overflowed
        ):
            self._wake.clear()
            await self._wake.wait()

    def _working(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._held is None else self._held.working()

    async def _render_if_due(self) -> None:
        vsn, self._due = self._due, None
        stale, self._stale = self._stale, False
        if vsn is not None or stale or self._told:
            await self._send_html(self._render(), vsn=vsn)

    async def _handle_frame(self, message: Message) -> None:
        text = message.get("text")
        if text is None:
            raise _Refused(1003, "a binary frame")
        if len(text) > self._view.max_frame:
            raise _Refused(1009, f"a frame of {len(text)} characters")
        try:
            frame = parse(text, limit=self._view.max_frame)
        except WireError as exc:
            raise _Refused(1008, exc.message) from exc
        if isinstance(frame, Full):
            new, self._html = self._html, None
            await self._send_html(new)
        elif isinstance(frame, Event):
            event = frame
            done = await self._attempt(lambda: self._handle_event(event), f"event {event.name!r}")
            await self._send_html(self._render() if done else None, ref=event.ref, failed=not done)
            if wait := self._pace.take(time.monotonic()):
                await asyncio.sleep(wait)

    async def _handle_event(self, event: Event) -> None:
        """Ours begin with "flyhot:"; what they carry was checked by nobody."""
        view, value = self._view, event.value
        match event.name:
            case "flyhot:clear-flash":
                view.clear_flash(None if value.get("kind") is None else str(value["kind"]))
            case "flyhot:flash":
                for kind, text in list(value.items())[:FLASHES]:
                    view.put_flash(kind[:MAX_NAME], str(text)[:1000])
            case "flyhot:url":
                query = urlsplit(str(value.get("url", ""))).query
                params = dict(parse_qsl(query, keep_blank_values=True))
                await view.handle_params({**params, **view._path_params})
            case name:
                await view.handle_event(name, value)

    async def _handle_messages(self, limit: int) -> None:
        """Handle what is in the mailbox now, then render once."""
        changed = False
        for _ in range(min(limit, len(self._mailbox.messages))):
            message = self._mailbox.messages.popleft()
            done = await self._attempt(lambda message=message: self._view.handle_info(message), "a message")  # type: ignore[misc]
            changed = changed or done
        if changed:
            await self._send_html(self._render())

    async def _attempt(self, handler: Callable[[], Awaitable[None]], what: str) -> bool:
        """Run a handler. If it raises, the state has the entries of before: it still fits what the page shows."""
        state = self._view.state
        entries = dict(state)
        told = len(self._told)
        try:
            await handler()
            check_state(self._view)
        except Exception:
            logger.exception("%s failed at %s; its state and its page stay as they were", self._name, what)
            state.clear()
            state.update(entries)
            self._view.state = state
            del self._told[told:]
            return False
        return True

    def _render(self) -> str | None:
        """None if it fails: the page then stays as it is."""
        try:
            return render_text(self._view)
        except Exception:
            logger.exception("%s could not be rendered; its page stays as it was", self._name)
            return None

    async def _send_html(
        self, new: str | None, *, ref: int | None = None, vsn: str | None = None, failed: bool = False
    ) -> None:
        """Send what is new to the browser. Nothing is sent if nothing is, and nobody waits for an answer."""
        told, self._told = self._told, []
        for frame in told:
            await self._send_text(frame)
        unchanged = new is None or new == self._html
        title = self._view.title if self._view.title != self._title else None
        if unchanged and ref is None and vsn is None and title is None:
            return
        self._number += 1
        await self._send_text(
            encode_html(self._number, old=self._html, new=new, ref=ref, vsn=vsn, failed=failed, title=title)
        )
        self._title = self._view.title
        if new is not None:
            self._html = new

    async def _send_text(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await self._send({"type": "websocket.send", "text": text})
        except TimeoutError as exc:
            raise _PageGone(f"it took nothing for {SEND_TIMEOUT:.0f} s") from exc
        except (OSError, RuntimeError) as exc:
            raise _PageGone("it left while we sent") from exc

    async def _close(self, code: int) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await self._send({"type": "websocket.close", "code": code})
        except (OSError, RuntimeError, TimeoutError):
            logger.debug("the page of %s had gone before it could be closed", self._name)

    async def _end(self) -> None:
        """Idempotent: nothing of the page is left anywhere."""
        self._mailbox.close()
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()
        for pubsub, topic in self._topics:
            pubsub.unsubscribe(topic, self._mailbox)
        self._topics.clear()
        try:
            if self._mounted:
                self._mounted = False
                await self._view.unmount()
        except Exception:
            logger.exception("unmount() of %s failed", self._name)
        self._view._link = None
