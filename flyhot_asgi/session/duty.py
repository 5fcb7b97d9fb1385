"""What is due at a session's next boundary, before it gets its next message. A gate has one duty at most."""

from __future__ import annotations

from typing import Protocol

from flyhot_asgi.types import Message

SERVICE_RESTART = 1012


class Duty(Protocol):
    lasting: bool
    """It is due at every boundary from now on, not only at the next one."""

    def ready(self) -> bool:
        """Is this the session's boundary, or does another task of it still work?"""

    def discharge(self) -> Message | None:
        """Do it. A message that is returned is handed over instead of the next one. Synchronous."""


class Closing(Protocol):
    """A gate, as far as it is asked whether its connection was closed."""

    @property
    def closed(self) -> bool: ...


class Leaving:
    """The session is about to be closed by us, when its turn comes: until then it gets nothing any more, as its code
    could not answer."""

    lasting = True

    def __init__(self, gate: Closing) -> None:
        self._gate = gate

    def ready(self) -> bool:
        return self._gate.closed

    def discharge(self) -> Message:
        return {"type": "websocket.disconnect", "code": SERVICE_RESTART, "reason": "new release"}


class Dismissal:
    """The session is closed by us: whatever its client sent and we have not read is not handled any more."""

    lasting = True

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def ready(self) -> bool:
        return True

    def discharge(self) -> Message:
        return {"type": "websocket.disconnect", "code": SERVICE_RESTART, "reason": self._reason}
