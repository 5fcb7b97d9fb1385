"""The valve and the gates: where messages are held, without being read ahead.

Theory of operation. A websocket application asks for its next message by awaiting `receive()`. That await is
its message boundary: nothing of the last message is unfinished in that task, nothing of the next one has
begun. A gate stands in `receive` and shows two things: whether the application is at that boundary
(`parked`), and, while the application's one valve is closed, that it stays there.

* Open, and nobody watching (`Valve.calm`): three checks around the server's own `receive`. No task, no
  copy, no queue, and no look at the clock, which only a hold asks for.
* Closed: a call that comes waits for the valve before it asks the server, so messages stay in the server's
  queue and TCP tells the client. A call that was already asking may get one message; it stays in the gate's
  hand.
* A call that is cancelled (the application's own timeout) leaves the message in hand to the next call.
* Calls from several tasks form a line, so that at most one message is in hand and order is kept.
* Who only sends, and never asked for a message, has none in hand: its boundary is its `send` (see pushing.py).

What a gate can't see: an application that leaves a `receive()` pending in one task and works in another (a
reader task, and `asyncio.wait` over it and a queue). Its boundary is then that of the reader.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable
from time import monotonic
from typing import Any

from flyhot_asgi.session.duty import Dismissal, Duty
from flyhot_asgi.session.pushing import Pushing, send_to_nobody
from flyhot_asgi.session.steady import Steady, steady
from flyhot_asgi.types import Message, Receive, Send

logger = logging.getLogger("flyhot.hold")

_NOBODY: frozenset[asyncio.Task[Any]] = frozenset()


class Valve:
    """One per application, open or closed. Owns those who wait for it to open and those who watch for
    boundaries.

    To be used from the event loop's thread only.
    """

    __slots__ = ("_waiting", "_watching", "calm", "firm", "is_open")

    def __init__(self) -> None:
        self.is_open = True
        self.firm = False  # closed, and all are at their boundary: nobody may leave it for anybody's sake
        self.calm = True  # open, and nobody watches: all that a gate has to check
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._watching: dict[asyncio.Future[None], None] = {}

    def close(self) -> None:
        """Let no further message, connection or request in. Idempotent."""
        self.is_open = self.calm = False

    def fasten(self) -> None:
        """Closed for good, until it opens: who answered calls of others while they gathered stops that, too."""
        self.firm = not self.is_open

    def open(self) -> None:
        """Let everything flow again. Idempotent."""
        self.is_open = True
        self.firm = False
        self.calm = not self._watching
        _wake(self._waiting)

    async def opened(self) -> None:
        """Return when the valve is open: at once, without giving way to other tasks, if it is. Safe to
        cancel."""
        while not self.is_open:
            await _wait_in(self._waiting)

    def tell(self, waiting: asyncio.Future[None]) -> None:
        """Resolve `waiting` when the valve opens: for those who wait for something else at the same time."""
        self._waiting[waiting] = None

    def untell(self, waiting: asyncio.Future[None]) -> None:
        """It waits no more. Idempotent."""
        self._waiting.pop(waiting, None)

    def stir(self) -> None:
        """Something came to its boundary, or ended: wake those who watch."""
        if self._watching:
            _wake(self._watching)

    async def stirred(self) -> None:
        """Return after the next `stir()`. Safe to cancel. Look at the state again afterwards: this tells no
        reason. Until the caller runs again it is not calm: to who watches on at once, nothing goes unnoticed in
        between."""
        self.calm = False
        try:
            await _wait_in(self._watching)
        finally:
            self.calm = self.is_open and not self._watching


class Gate:
    """One per websocket: stands in the application's `receive` and `send`. Owns the message in hand.

    There are thousands, nearly all of them calm: what only a hold or a second task needs is made when it is needed.
    """

    __slots__ = (
        "_apart",
        "_carrying",
        "_duty",
        "_hand",
        "_line",
        "_pushing",
        "_receive",
        "_resting",
        "_send",
        "_turn",
        "busy_since",
        "parks",
        "valve",
    )

    def __init__(self, receive: Receive, send: Send, valve: Valve) -> None:
        self._receive = steady(receive)
        self._pushing: Pushing | None = Pushing(send, valve)  # until the application asks for a message of its client
        self._send: Send = self._pushing
        self.valve = valve
        self._turn = False  # a receive() call is pending; those after it stand in line
        self._apart = True  # there is, or may be, `_pushing` or one of the next four: the calm path asks nothing else
        self._hand: Message | None = None
        self._duty: Duty | None = None  # what is due before the next message
        self._line: deque[asyncio.Future[None]] | None = None  # once there is a second task
        self._carrying = _NOBODY  # tasks with a message, while another one is parked
        self._resting = 0  # tasks that wait at a boundary of their own, beside receive()
        self.parks = 0  # how often the application came to its boundary while somebody watched
        self.busy_since = 0.0  # when the application last got a message while the valve was not calm

    def end(self) -> None:
        """The connection is over. Idempotent."""
        if isinstance(self._receive, Steady):
            self._receive.end()

    @property
    def parked(self) -> bool:
        """At least one `receive()` is pending here, and no task that got its message beside it is still at
        work."""
        return (self._turn or self._resting > 0) and not self._carrying

    @property
    def pushes(self) -> bool:
        """The application speaks, and has never asked for a message of its client: it has none in hand. While the valve
        is closed, it gets no further than its next `send`."""
        return self._pushing is not None and self._pushing.pushes

    def rest(self, resting: bool) -> None:
        """The application waits at a boundary of its own (`checkpoint()`), or has left it: as good as a pending
        `receive()`, but that nothing is received."""
        self._resting += 1 if resting else -1
        self.parks += resting
        self.busy_since = monotonic()
        self.valve.stir()

    @property
    def has_message(self) -> bool:
        """A message was received and is waiting here for the valve, or for the application to ask again."""
        return self._hand is not None

    @property
    def closed(self) -> bool:
        """We have closed the connection, or are at it."""
        return self._send is send_to_nobody

    @property
    def dismissed(self) -> bool:
        """It is closed by us, as its state could not be migrated."""
        return isinstance(self._duty, Dismissal)

    async def receive(self) -> Message:
        """The application's `receive` (ASGI specification, "Applications"). Safe to cancel: no message is
        lost."""
        valve = self.valve
        if (self._turn or self._apart or not valve.calm) and not self._listens():
            return await self._receive_in_line()
        self._turn = True
        receive = self._receive  # called as a method, a slot is looked up at length each time
        try:
            message = await receive()
        except BaseException:
            self._leave()
            raise
        if self._apart or not valve.calm:
            self._hand = message  # others ran meanwhile
            return await self._hand_over()
        self._turn = False
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """The application's `send`, to be awaited. Passes always, until we have closed the connection; but what an
        application sends that never asks for a message waits for the valve."""
        send = self._send
        return send(message)

    async def close(self, code: int, reason: str = "") -> None:
        """Close the connection from this side, whatever the application is at. Its own messages end as those to a
        client that has gone (OSError, as the ASGI specification has it). Nothing happens if it is closed already.
        Raises OSError."""
        send, self._send = self._send, send_to_nobody
        if self._pushing is not None and send is self._pushing:
            send = self._pushing.leave()
        try:
            await send({"type": "websocket.close", "code": code, "reason": reason})
        except OSError:
            raise
        except Exception as exc:  # each server's own: the application has closed it, which nobody notes
            logger.debug("a websocket can't be closed (any more): %s", exc)
        finally:
            self.valve.stir()

    def _listens(self) -> bool:
        """A `receive()` beside the calm path. True: it is one of the first two calls, and but for that calm. The second
        asks for a message of the client."""
        pushing = self._pushing
        if pushing is None:
            return False
        if pushing.connected:
            self._heard(pushing)
        pushing.connected = True
        if self._turn or not self.valve.calm:
            return False
        self._apart = self._is_apart()
        return not self._apart or (self._pushing is not None and self._is_plain())

    def _heard(self, pushing: Pushing) -> None:
        """The application asks for what its client says: it is asked here what it sends no more."""
        self._pushing = None
        if self._send is pushing:
            self._send = pushing.send

    def _is_apart(self) -> bool:
        return self._pushing is not None or not self._is_plain()

    def _is_plain(self) -> bool:
        return self._hand is None and self._duty is None and not self._carrying

    async def _receive_in_line(self) -> Message:
        """`receive()` with everything that the calm path need not ask."""
        self._apart = True
        if self._carrying:
            task = _this_task()
            self._carrying -= {task}
            task.remove_done_callback(self._put_down)
        self.parks += 1
        if self._turn:
            self.valve.stir()
            await self._take_turn()
        else:
            self._turn = True
            self.valve.stir()
        try:
            if (instead := await self._discharge()) is not None:
                self._leave()
                return instead
            await self.valve.opened()
            if self._hand is None:
                self._hand = await self._receive()
        except BaseException:
            self._leave()
            raise
        return await self._hand_over()

    async def _hand_over(self) -> Message:
        """Give the message in hand to the caller, who has the turn, as soon as the valve is open."""
        try:
            await self.valve.opened()
            instead = await self._discharge()
        except BaseException:
            self._leave()
            raise
        message = self._hand if instead is None else instead
        assert message is not None  # only who has the turn takes from the hand
        self._hand = None
        if self._pushing is not None and message["type"] != "websocket.connect":
            self._heard(self._pushing)  # somebody outside of us has taken that one
        self._leave()
        if self._turn:  # somebody else is parked, and the caller is at work: both must be seen
            self._carry(_this_task())
        return message

    def owe(self, duty: Duty) -> None:
        """`duty` is due at the next boundary; it takes the place of another one."""
        self._duty, self._apart = duty, True
        self.valve.stir()

    def settle(self) -> None:
        """Discharge the duty now, if this is the session's boundary, in between two messages: for work that goes past
        `receive()`."""
        if self._duty is not None and not self._duty.lasting and self.parked and self._duty.ready():
            duty, self._duty = self._duty, None
            if duty.discharge() is not None:
                self._duty, self._apart = Dismissal("its state could not be migrated"), True

    async def _discharge(self) -> Message | None:
        """Do what is due, as soon as this is the session's boundary. What is returned is handed over instead."""
        while (duty := self._duty) is not None:
            if not duty.ready():
                await self.valve.stirred()
                continue
            if not duty.lasting:
                self._duty = None
            instead = duty.discharge()
            if instead is None:
                await asyncio.sleep(0)  # it may have ended the very task that asks
                continue
            self._duty = duty if duty.lasting else Dismissal("its state could not be migrated")
            return instead
        return None

    async def _take_turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = self._line = self._line if self._line is not None else deque()
        line.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._leave()  # the turn came together with the cancellation: pass it on
            elif turn in line:
                line.remove(turn)
            raise

    def _leave(self) -> None:
        """Pass the turn to the next in line, or give it up."""
        self.busy_since = monotonic()
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._turn = False
        self._apart = self._is_apart()

    def _carry(self, task: asyncio.Task[Any]) -> None:
        self._carrying |= {task}
        self._apart = True
        task.add_done_callback(self._put_down)

    def _put_down(self, task: asyncio.Task[Any]) -> None:
        self._carrying -= {task}
        self.valve.stir()


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("receive() was awaited outside of an asyncio task")
    return task


def _wake(futures: dict[asyncio.Future[None], None]) -> None:
    """Resolve all, in the order in which they came."""
    for future in futures:
        if not future.done():
            future.set_result(None)
    futures.clear()


async def _wait_in(futures: dict[asyncio.Future[None], None]) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    futures[future] = None
    try:
        await future
    finally:
        futures.pop(future, None)
