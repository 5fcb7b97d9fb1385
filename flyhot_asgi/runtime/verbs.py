"""What the control socket can be asked: each verb, from request to answer."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Protocol

from ..control.crew import Crew
from ..control.decision import Decisions
from ..control.reloader import ENDED_SOON, INSTEAD, reloading
from ..control.wire import Frame
from ..errors import ControlError, FlyhotError, UpgradeRefused
from ..release.folder import Release
from ..session import Registry
from .control_server import Verb
from .conversation import Conversation
from .coordinator import Coordinator, SocketCoordinator
from .health import why_not_well
from .installed import Installed
from .joining import Joining, may_take
from .loading import load
from .order import Order, Pages, read_order, seconds
from .recordings import Recordings

logger = logging.getLogger("flyhot.control")


class Upgradable(Protocol):
    """The process that the verbs speak for. `AppProcess` is one."""

    @property
    def boot(self) -> str: ...

    @property
    def registry(self) -> Registry: ...

    @property
    def pages(self) -> Pages: ...

    @property
    def state(self) -> str: ...

    @property
    def joining(self) -> Joining | None: ...

    def ready(self) -> Installed: ...

    async def plan(self, order: Order) -> tuple[dict[str, Any] | None, FlyhotError | None]: ...

    async def upgrade(self, order: Order, coordinator: Coordinator) -> dict[str, Any]: ...

    async def verify(self) -> dict[str, Any]: ...

    async def drain(self, within: float | None = None) -> int: ...


class Verbs:
    """The verbs of one process. Owns nothing; `process` does all that lasts."""

    def __init__(self, process: Upgradable, decisions: Decisions, crew: Crew | None = None) -> None:
        self._process = process
        self._decisions = decisions
        self._crew = crew

    def table(self) -> dict[str, Verb]:
        return {
            "status": self._status,
            "base": self._base,
            "check": self._check,
            "plan": self._plan,
            "verify": self._verify,
            "upgrade": self._upgrade,
            "drain": self._drain,
            "health": self._health,
        }

    async def _status(self, request: Frame, conversation: Conversation) -> Frame:
        process, installed = self._process, self._process.ready()
        sessions = await self._sessions(installed)
        statistics = process.registry.statistics()
        return {
            "ok": True,
            "status": {
                "pid": os.getpid(),
                "app": installed.settings.app,
                "root": str(installed.root),
                "store": str(installed.store.path),
                "release": installed.digest,
                "verified": installed.is_compared,
                "boot": process.boot,
                "since": installed.since,
                "state": process.state,
                "joins": process.joining.tx if process.joining is not None else None,
                "sessions": sessions,
                "pinned": self._pinned(),
                "reports": list(process.registry.reports),
                "websockets": statistics.websockets,
                "http_in_flight": statistics.http_in_flight,
                "clients": process.pages.count(),
                "python": platform.python_version(),
                "imported": installed.imported(),
            },
        }

    def _pinned(self) -> list[dict[str, Any]]:
        now = time.monotonic()
        return [
            {
                "id": pin.id,
                "who": pin.who,
                "release": pin.vsn,
                "behind": pin.behind,
                "seconds": round(now - pin.since, 1),
            }
            for pin in self._process.registry.pins.values()
        ]

    async def _sessions(self, installed: Installed) -> list[dict[str, Any]]:
        try:
            vsn_of = (await asyncio.to_thread(installed.vsns)).of
        except FlyhotError:  # the store is gone: who is here can be said all the same
            vsn_of = _unknown
        counts: Counter[tuple[str, str, str]] = Counter()
        registry = self._process.registry
        for session in registry.sessions:
            if not session.units:
                counts[(session.handler, session.handler, "")] += 1
        attached = [unit for session in registry.sessions for unit in session.units]
        for unit in [*attached, *(unit for actor in registry.actors for unit in actor.units)]:
            name = unit.cls.__qualname__
            counts[(name, f"{unit.cls.__module__}.{name}", vsn_of(unit.cls))] += 1
        return [
            {"label": label, "cls": cls, "vsn": vsn, "count": count}
            for (label, cls, vsn), count in sorted(counts.items())
        ]

    async def _base(self, request: Frame, conversation: Conversation) -> Frame:
        """With `deploy`, the crew knows from now on what it runs: a worker that is started later joins that."""
        installed, crew = self._process.ready(), self._crew
        if reloading():
            raise UpgradeRefused(ENDED_SOON, do=INSTEAD)
        release = await asyncio.to_thread(installed.store_base)
        if request.get("deploy") is True and crew is not None and crew.read() is None:
            crew.settle(installed.digest)
        return {"ok": True, "release": release}

    async def _check(self, request: Frame, conversation: Conversation) -> Frame:
        installed = self._process.ready()
        release = await asyncio.to_thread(installed.store.get_release, str(request.get("release")))
        cold = await _checked(installed, release)
        if request.get("sealed") is True:  # it is going to leave this machine
            from ..engine.verification.sealed import seal

            cold = seal(cold, release.digest)
        return {"ok": True, "cold": cold, "error": None}

    async def _plan(self, request: Frame, conversation: Conversation) -> Frame:
        order, installed = await self._order(request), self._process.ready()
        if order.cold is None and order.release.digest != installed.digest:
            order = replace(order, cold=await _checked(installed, order.release))
        plan, error = await self._process.plan(order)
        if plan is None and error is not None:
            raise error
        return {"ok": error is None, "plan": plan, "error": error.document() if error is not None else None}

    async def _verify(self, request: Frame, conversation: Conversation) -> Frame:
        return {"ok": True, "result": await self._process.verify()}

    async def _upgrade(self, request: Frame, conversation: Conversation) -> Frame:
        order = await self._order(request)
        if order.cold is not None and order.cold.get("rehearsed"):  # a worker that comes later goes the same way
            await asyncio.to_thread(Recordings(self._process.ready().store.path).keep, order.cold)
        self._decisions.standing(order.id)  # a name that can't be one is refused now, not at the vote
        coordinator = SocketCoordinator(conversation, self._decisions, order.id, order.vote_timeout)
        if self._crew is None or self._process.state != "serving":
            return {"result": await self._process.upgrade(order, coordinator)}
        async with self._noted(self._crew, order):
            return {"result": await self._process.upgrade(order, coordinator)}

    @asynccontextmanager
    async def _noted(self, crew: Crew, order: Order) -> AsyncIterator[None]:
        """The crew knows what this process is about to run, and in the end what it runs."""
        old, new = self._process.ready().digest, order.release.digest
        await asyncio.to_thread(crew.begin, order.id, release=new, old=old, within=may_take(order))
        try:
            yield
        finally:
            try:
                crew.settle(self._process.ready().digest)
            except ControlError as exc:
                logger.error("a worker that is started later may not join: %s", exc)

    async def _drain(self, request: Frame, conversation: Conversation) -> Frame:
        within = seconds("within", request["within"]) if "within" in request else None
        return {"ok": True, "closed": await self._process.drain(within)}

    async def _health(self, request: Frame, conversation: Conversation) -> Frame:
        target = self._process.ready().settings.health
        return {"ok": True, "why": await why_not_well(target) if target is not None else None}

    async def _order(self, request: Frame) -> Order:
        installed = self._process.ready()
        release = await asyncio.to_thread(installed.store.get_release, str(request.get("release")))
        return read_order(request, release, installed.settings)


async def _checked(installed: Installed, release: Release) -> dict[str, Any]:
    await load()
    from .check import check

    return await check(installed, release)


def _unknown(cls: type) -> str:
    return ""
