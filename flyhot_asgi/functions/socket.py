"""The websocket of a function, as Starlette and FastAPI make it: the same object for the old function and the new one.

It has been accepted, and says so; a second `accept()` would be an error of the application's. So a run stands in the
object's `send` and `receive`: what opens the connection passes once, and what the ending function sends to close it
does not pass at all, as it goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from flyhot_asgi.types import SESSION_KEY, Message

Receive = Callable[[], Awaitable[Message]]


class Socket:
    """Stands in one websocket object from `enter()` to `leave()`. `receive` is what its receive becomes."""

    def __init__(self, websocket: Any) -> None:
        self.websocket = websocket
        self.server_receive: Receive = websocket._receive
        self._send = websocket.send
        self._shadowed = vars(websocket).get("send")
        self.again = False
        """A new function has started, and has not accepted yet."""
        self.ending = False

    @property
    def session(self) -> Any:
        """The middleware's session; None without the middleware."""
        return self.websocket.scope.get(SESSION_KEY)

    @property
    def is_open(self) -> bool:
        """Neither side has closed it."""
        states = (self.websocket.client_state, self.websocket.application_state)
        return all(state.name != "DISCONNECTED" for state in states)

    def enter(self, receive: Receive) -> None:
        self.websocket._receive = receive
        self.websocket.send = self.send

    def leave(self) -> None:
        self.websocket._receive = self.server_receive
        if self._shadowed is None:
            vars(self.websocket).pop("send", None)
        else:
            self.websocket.send = self._shadowed

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "websocket.close" and self.ending:
            return
        if kind == "websocket.accept" and self.again and self.websocket.application_state.name == "CONNECTED":
            self.again = False
            return
        await self._send(message)


def websocket_among(args: Iterable[Any], kwargs: Mapping[str, Any]) -> Any:
    """The first argument that is a websocket: of Starlette's class, or one that behaves so; None if there is none."""
    for value in (*args, *kwargs.values()):
        scope = getattr(value, "scope", None)
        if isinstance(scope, dict) and scope.get("type") == "websocket" and hasattr(value, "application_state"):
            return value
    return None
