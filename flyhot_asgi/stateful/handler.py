"""StatefulHandler: the class that users derive from. What it needs of its server it gets through a `Link`."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from flyhot_asgi.errors import NotRunning
from flyhot_asgi.stateful.ref import ServerRef
from flyhot_asgi.stateful.server import Server
from flyhot_asgi.stateful.supervision import Restart
from flyhot_asgi.stateful.timers import Timer


class Link(Protocol):
    """A handler's connection to its server."""

    def start_timer(self, seconds: float, message: Any, *, again: bool) -> Timer: ...
    def stop_soon(self) -> None: ...


class StatefulHandler:
    """A process with a state and a mailbox: OTP's gen_server, for asyncio.

        class Counter(StatefulHandler):
            async def init(self, first=0):
                self.state = {"n": first}

            async def handle_call(self, request):
                self.state["n"] += 1
                return self.state["n"]

        counter = await Counter.start(name="counter")
        assert await counter.call("next") == 1

    One message is handled at a time, in the order of arrival; the handlers are looked up anew for each. An error in one
    ends this incarnation: `terminate` runs, and a new instance with a new `init` takes over the mailbox, the name and
    all references, `intensity` times within `period` seconds at most. With the app's lifespan all handlers end, the
    last one started first.

    `state` is what an upgrade migrates: plain data. An upgrade holds the handler at its mailbox, and `code_change(self,
    old_vsn, state, extra) -> state` changes the state's shape; `vsn` (optional) names the class's version;
    `async def upgraded(self, old_vsn)` runs before the next message.
    """

    state: dict[str, Any]

    restart: ClassVar[Restart] = "transient"
    """When it is started anew: after an error ("transient"), after `self.stop()` as well ("permanent"), or never
    ("temporary"). What `ref.stop()` has ended stays ended."""
    intensity: ClassVar[int] = 3
    period: ClassVar[float] = 5.0
    """More than `intensity` restarts within `period` seconds: it stays down, and that is logged."""
    mailbox_limit: ClassVar[int] = 10_000
    """Unread messages. Past that `call` and `cast` wait, and `info` raises MailboxFull."""
    shutdown: ClassVar[float] = 5.0
    """Seconds that it gets to end when the app does."""

    _link: Link | None = None
    _ref: ServerRef | None = None

    # What users override.

    async def init(self, *args: Any, **kwargs: Any) -> None:
        """Make the state, of what `start` was given. An error here is `start`'s error."""
        self.state = {}

    async def handle_call(self, request: Any) -> Any:
        """Answer: what is returned goes to the caller; an error does, too, and ends this incarnation."""
        raise NotImplementedError(f"{type(self).__qualname__} has no handle_call()")

    async def handle_cast(self, message: Any) -> None:
        """Somebody said something, and waits for no answer."""
        raise NotImplementedError(f"{type(self).__qualname__} has no handle_cast()")

    async def handle_info(self, message: Any) -> None:
        """A timer's message, a publisher's, or one of `ref.info`."""
        raise NotImplementedError(f"{type(self).__qualname__} has no handle_info()")

    async def terminate(self, reason: str | BaseException) -> None:
        """It ends: "normal" (stopped), "shutdown" (the app ends), or the error that ended it."""

    # What users call.

    @classmethod
    async def start(cls, *args: Any, name: str | None = None, **kwargs: Any) -> ServerRef:
        """Start one, and return when its `init` is through. `name`: for `whereis`, and for people.

        Raises AlreadyStarted if a running one has the name, and what `init` raises.
        """
        server = Server(cls, args, kwargs, name)
        await server.start()
        return ServerRef(server)

    @property
    def ref(self) -> ServerRef:
        """The reference to oneself, to hand on to others. Raises NotRunning in `__init__` and afterwards."""
        if self._ref is None:
            raise NotRunning(
                f"this {type(self).__qualname__} does not run", do=f"use {type(self).__qualname__}.start()"
            )
        return self._ref

    def send_after(self, seconds: float, message: Any) -> Timer:
        """Have `handle_info(message)` called in so many seconds, unless the timer is cancelled or this incarnation
        ends before. Raises NotRunning, ValueError."""
        return self._linked().start_timer(seconds, message, again=False)

    def send_interval(self, seconds: float, message: Any) -> Timer:
        """The same every so many seconds. A tick is left out while the one before it is unread."""
        return self._linked().start_timer(seconds, message, again=True)

    def stop(self) -> None:
        """End after the message in hand, by "normal". It is not started anew but if it is "permanent"."""
        self._linked().stop_soon()

    def _linked(self) -> Link:
        if self._link is None:
            raise NotRunning(
                f"this {type(self).__qualname__} does not run", do=f"use {type(self).__qualname__}.start()"
            )
        return self._link
