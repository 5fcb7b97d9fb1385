"""Actors: what lives in the process beside the connections, and is held like them (a StatefulHandler, a loop).

Which application an actor belongs to is told by its source file: the one whose root it lies below. An actor may start
before that application is there (a lifespan in front of the middleware); it moves in when it comes.
"""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any, Protocol

from flyhot_asgi.session.unit import Unit


class Actor(Protocol):
    """What a hold asks of a live thing: the same as of a session. Its unit is asked by the migration."""

    @property
    def id(self) -> str: ...

    @property
    def path(self) -> str:
        """Where it is, for people: its name, in the place of a connection's path."""

    @property
    def handler(self) -> str: ...

    @property
    def units(self) -> Sequence[Unit]: ...

    @property
    def quiescent(self) -> bool:
        """At its boundary: it waits for its next message, with none in hand."""

    @property
    def boundaries(self) -> int:
        """Grows whenever it comes to its boundary."""

    def at_work(self) -> list[tuple[asyncio.Task[Any] | None, float]]:
        """The tasks that keep it from its boundary, each with the time (monotonic) since when."""

    def owe(self, duty: Callable[[], None]) -> None:
        """`duty` is due at its next boundary, before it takes another message. What it raises ends the actor."""

    def move_in(self, home: Home) -> None:
        """`home` holds it from now on."""

    def shut_down(self) -> Coroutine[Any, Any, None]:
        """End it in an orderly way. Takes bounded time; never raises but when cancelled."""


class Home(Protocol):
    """Who holds an actor: the registry of its application."""

    @property
    def valve(self) -> Any: ...

    def join(self, actor: Actor) -> None: ...
    def leave(self, actor: Actor) -> None: ...
    def others_at_work(self) -> bool: ...
    def report(self, what: str) -> None: ...


class Homes:
    """The applications of this process, and the actors that have none yet. There is one, as modules are per process."""

    def __init__(self) -> None:
        self._open: weakref.WeakKeyDictionary[Any, tuple[Path, asyncio.AbstractEventLoop]] = weakref.WeakKeyDictionary()
        self._homeless: weakref.WeakKeyDictionary[Actor, tuple[str, asyncio.AbstractEventLoop]] = (
            weakref.WeakKeyDictionary()
        )

    def open(self, root: Path, home: Home) -> None:
        """The application at `root` is there, in this event loop. Actors of its that wait for it move in."""
        loop = asyncio.get_running_loop()
        self._open[home] = (root, loop)
        for actor, (file, where) in list(self._homeless.items()):
            if where is loop and self._of(file, loop) is home:
                del self._homeless[actor]
                actor.move_in(home)

    def settle(self, actor: Actor, file: str) -> None:
        """Find the home of an actor whose source is `file`: now, or when it is there. Call it in the event loop."""
        loop = asyncio.get_running_loop()
        home = self._of(file, loop)
        if home is not None:
            actor.move_in(home)
        else:
            self._homeless[actor] = (file, loop)

    def forget(self, actor: Actor) -> None:
        """It has ended."""
        self._homeless.pop(actor, None)

    def _of(self, file: str, loop: asyncio.AbstractEventLoop) -> Home | None:
        """The innermost root above `file`; of a file that lies elsewhere (a package's): the only one there is."""
        here = [(root, home) for home, (root, where) in list(self._open.items()) if where is loop]
        above = [(len(root.parts), home) for root, home in here if Path(file).is_relative_to(root)]
        if above:
            found: Home = max(above, key=lambda each: each[0])[1]
            return found
        only: Home | None = here[0][1] if len(here) == 1 else None
        return only


homes = Homes()


def source_of(thing: type | FunctionType) -> str:
    """The file that a class or a function was defined in; "" if it has none."""
    return getattr(sys.modules.get(thing.__module__), "__file__", None) or ""
