"""A StatefulHandler as a unit: what an upgrade migrates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from flyhot_asgi.session.unit import State

if TYPE_CHECKING:
    from flyhot_asgi.stateful.handler import StatefulHandler


class Serving(Protocol):
    """The server of a handler."""

    @property
    def id(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def handler_class(self) -> type: ...

    @property
    def instance(self) -> StatefulHandler | None: ...

    def upgraded_soon(self, old_vsn: str | None) -> None: ...


class HandlerUnit:
    """State: the handler's `state`. One for the server's life, whichever instance serves."""

    def __init__(self, server: Serving) -> None:
        self._server = server
        self.old_vsn: str | None = None

    @property
    def id(self) -> str:
        return self._server.id

    @property
    def label(self) -> str:
        return self._server.label

    @property
    def cls(self) -> type:
        return self._server.handler_class

    @property
    def instance(self) -> object | None:
        """None while one is started anew: the next one is made by the code that is there then."""
        return self._server.instance

    def get_state(self) -> State:
        """Raises TypeError if the handler has made its state something else than a dict."""
        instance = self._server.instance
        return {} if instance is None else dict(check_state(instance))

    def replace_state(self, state: State) -> None:
        instance = self._server.instance
        if instance is not None:
            instance.state = state

    def resumed(self, vsn: str, changed: bool) -> None:
        if changed and callable(getattr(self.cls, "upgraded", None)):
            self._server.upgraded_soon(self.old_vsn)


def check_state(handler: StatefulHandler) -> State:
    """The state. Raises TypeError if it isn't a dict: an upgrade could not migrate it."""
    state: object = handler.state
    if not isinstance(state, dict):
        name = type(handler).__qualname__
        raise TypeError(f"the state of {name} must be a dict, not {type(state).__qualname__}")
    return state
