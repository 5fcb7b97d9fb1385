"""The HTTP requests in flight, known without a frame of ours around each.

What runs a request is the app's own coroutine. The last one is kept until the next one comes: most are over by then,
and nothing was to be done for them. One that is not is noted, by a weak reference that takes the note away when the
coroutine is freed: right after whoever awaited it has its result. Who wants to know of an end, as a hold does, watches
those that run then. See docs/decisions/0014.
"""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from sys import getrefcount
from time import monotonic
from types import CoroutineType
from typing import Any, TypeAlias, cast
from weakref import WeakSet, finalize, ref

from flyhot_asgi.types import VSN_KEY, Scope

Running: TypeAlias = "CoroutineType[Any, Any, Any]"


@dataclass(frozen=True)
class InFlight:
    """An HTTP request that was admitted and hasn't been answered in full. `since`: monotonic; of one that came when
    nobody watched, when it was first seen."""

    method: str
    path: str
    since: float

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Requests:
    """Those of one application. To be used from the event loop's thread only; but any may look through them, as that of
    a metrics endpoint does, and free a coroutine."""

    def __init__(self) -> None:
        self.last: Running = _ENDED
        """The last one that came. Written by the middleware, which notes the one before if that still runs: a call for
        each request would cost more than all the rest that is done for it."""
        self._noted: dict[ref[Running], InFlight | None] = {}  # None: not looked at yet
        self._watched: WeakSet[Running] = WeakSet()

    def note(self, request: Running) -> None:
        """It is in flight until it ends. Noted again, it stays what it is known as."""
        self._noted.setdefault(ref(request, self._noted.pop), None)

    def counted(self, request: Awaitable[None], scope: Scope) -> Coroutine[Any, Any, None]:
        """What is to be awaited in the place of `request`, which is in flight from now on until it ends."""
        coroutine = request if type(request) is CoroutineType else cast("Running", _awaited(request))
        self._noted[ref(coroutine, self._noted.pop)] = _described(scope)
        return coroutine

    def __iter__(self) -> Iterator[InFlight]:
        """Oldest first."""
        for reference, coroutine in self._running():
            found = self._noted.get(reference)
            if found is None:
                found = self._noted[reference] = _described(_scope_of(coroutine))
            yield found

    def watch(self, ended: Callable[[], None]) -> None:
        """Call `ended` when one of those that run now has ended: once for each, however often this is called."""
        if _runs(self.last):
            self.note(self.last)
        self.last = _ENDED  # what is kept here would never be freed
        for _, coroutine in self._running():
            if coroutine not in self._watched:
                self._watched.add(coroutine)
                finalize(coroutine, ended).atexit = False

    def _running(self) -> Iterator[tuple[ref[Running], Running]]:
        if _runs(last := self.last):
            self.note(last)
        for reference in self._noted.copy():
            coroutine = reference()
            if coroutine is not None and _runs(coroutine):  # who has ended lives on if somebody keeps it, as its task
                yield reference, coroutine


def _runs(coroutine: Running) -> bool:
    return coroutine.cr_suspended or coroutine.cr_frame is not None


def _described(scope: Scope) -> InFlight:
    return InFlight(scope.get("method", "?"), scope.get("path", "?"), monotonic())


def _scope_of(coroutine: Running) -> Scope:
    """What a request was given, for people who want to know which one it is: one of the frames that run it has it."""
    link: object = coroutine
    while isinstance(link, CoroutineType):
        for value in gc.get_referents(link):
            if type(value) is dict and VSN_KEY in value:
                return value
        link = link.cr_await
    return {}


async def _awaited(request: Awaitable[None]) -> None:
    await request


async def _nothing() -> None:
    """Of no request."""


_ENDED = cast("Running", _nothing())
_ENDED.close()


def _let_go() -> int:
    requests = Requests()
    requests.last = cast("Running", _nothing())
    requests.last.close()
    return getrefcount(requests.last)


LET_GO = _let_go()
"""What `getrefcount(requests.last)` is if nobody but `requests` refers to the last one: then nobody awaits it. To ask
the coroutine whether it has ended costs several times as much."""
