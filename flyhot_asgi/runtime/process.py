"""The runtime of one app in one process: what it runs, whom it serves, and the upgrade that may be under way."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
import secrets
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from ..control.decision import Decisions, decisions_dir
from ..control.paths import open_store, prepare_runtime_dir, socket_path
from ..control.wire import Frame
from ..errors import ControlError, FlyhotError, ProtocolError
from ..release.config import Settings, project_root, read_settings
from ..session import Hold, Registry
from .coldimport import import_cold
from .control_server import ControlServer, Conversation, SocketCoordinator, Verb
from .coordinator import Coordinator
from .installed import Installed
from .loaded import find_root
from .order import Order, Pages
from .transaction import Transaction
from .units import Registered

logger = logging.getLogger("flyhot.upgrade")


class UpgradeUnderWay(ControlError):
    kind = "busy"


def why_unsupported() -> str | None:
    """Why this interpreter can't be upgraded in place; None if it can."""
    if platform.python_implementation() != "CPython":
        return f"{platform.python_implementation()} is not CPython"
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return "this is a free-threaded build of Python"
    return None


class AppProcess:
    """Owner of one app's runtime. To be used from the event loop's thread only."""

    def __init__(self, registered: Registered, pages: Pages, *, boot: str, root: Path | None = None) -> None:
        self.registry = Registry()
        self.hold = Hold(self.registry)
        self.boot = boot
        self.pages = pages
        self.installed: Installed | None = None
        self._registered = registered
        self._root = root
        self._server: ControlServer | None = None
        self._decisions: Decisions | None = None
        self._under_way: str | None = None

    @property
    def vsn(self) -> str:
        """First 12 hex digits of the running release; "" before the start."""
        return self.installed.vsn if self.installed is not None else ""

    async def start(self, app: object) -> None:
        """Take stock of what is loaded, and open the control socket. Raises FlyhotError: then the app runs on without.

        `app` is the application object; its module tells where the app's root is.
        """
        root = project_root(self._root if self._root is not None else find_root(app))
        settings = read_settings(root)
        store = open_store(root, settings)
        self.installed = await asyncio.to_thread(Installed.at_start, root, settings, store)
        folder = prepare_runtime_dir(root, settings.app)
        self._decisions = Decisions(decisions_dir(folder))
        self.hold = Hold(self.registry, max_hold=settings.hold_budget)
        verbs: dict[str, Verb] = {
            "status": self._status,
            "base": self._base,
            "check": self._check,
            "plan": self._plan,
            "upgrade": self._upgrade,
        }
        self._server = ControlServer(socket_path(folder, os.getpid()), verbs)
        try:
            await self._server.start()
        except OSError as exc:
            self._server = None
            raise ControlError(f"the control socket can't be opened: {exc.strerror or exc}") from exc
        logger.info("%s runs release %s and can be upgraded (control: %s)", root, self.vsn, self._server.path)

    async def stop(self) -> None:
        """Close the control socket; an upgrade under way is undone. Idempotent."""
        server, self._server = self._server, None
        if server is not None:
            await server.close()
        if self.installed is not None:
            self.installed.finder.uninstall()

    async def upgrade(self, order: Order, coordinator: Coordinator) -> dict[str, Any]:
        """Bring this process to a release; RESULT says how that ended. Raises UpgradeUnderWay, never twice at once.

        Cancelling it before the commit undoes everything and resumes.
        """
        installed = self._ready()
        if self._under_way is not None:
            raise UpgradeUnderWay(
                f"process {os.getpid()} is being upgraded already ({self._under_way})",
                do="wait for the first upgrade to end; the old code still serves",
            )
        self._under_way = order.id
        try:
            transaction = self._transaction(order, coordinator)
            result = await transaction.run()
        finally:
            self._under_way = None
        _log(result, installed.root)
        return result

    def _transaction(self, order: Order, coordinator: Coordinator) -> Transaction:
        return Transaction(order, self._ready(), self.registry, self._registered, self.hold, self.pages, coordinator)

    def _ready(self) -> Installed:
        if self.installed is None:
            raise ControlError("the app has not been started")
        return self.installed

    # -- verbs -------------------------------------------------------------------------------

    async def _status(self, request: Frame, conversation: Conversation) -> Frame:
        installed = self._ready()
        statistics = self.registry.statistics()
        state = "held" if self.hold.held else "upgrading" if self._under_way else "serving"
        return {
            "ok": True,
            "status": {
                "pid": os.getpid(),
                "app": installed.settings.app,
                "root": str(installed.root),
                "store": str(installed.store.path),
                "release": installed.digest,
                "boot": self.boot,
                "since": installed.since,
                "state": state,
                "sessions": self._sessions(),
                "websockets": statistics.websockets,
                "http_in_flight": statistics.http_in_flight,
                "clients": self.pages.count(),
                "python": platform.python_version(),
            },
        }

    def _sessions(self) -> list[dict[str, Any]]:
        installed = self._ready()
        vsns = installed.vsns()
        counts: Counter[tuple[str, str, str]] = Counter()
        for session in self.registry.sessions:
            if not session.units:
                counts[(session.handler, session.handler, "")] += 1
            for unit in session.units:
                name = unit.cls.__qualname__
                counts[(name, f"{unit.cls.__module__}.{name}", vsns.of(unit.cls))] += 1
        return [
            {"label": label, "cls": cls, "vsn": vsn, "count": count}
            for (label, cls, vsn), count in sorted(counts.items())
        ]

    async def _base(self, request: Frame, conversation: Conversation) -> Frame:
        return {"ok": True, "release": await asyncio.to_thread(self._ready().store_base)}

    async def _check(self, request: Frame, conversation: Conversation) -> Frame:
        installed = self._ready()
        release = await asyncio.to_thread(installed.store.get_release, str(request.get("release")))
        tree = await asyncio.to_thread(lambda: release.tree)
        live = installed.live()
        sources = await asyncio.to_thread(installed.sources_with, release, live)
        for source in sources.new.values():
            _ = source.code  # a syntax error is said better by us than by a traceback
        kept = {name: sources.new[name] for name in live if name in sources.new}
        return {"ok": True, "cold": await import_cold(tree, installed.root, kept), "error": None}

    async def _plan(self, request: Frame, conversation: Conversation) -> Frame:
        from .coordinator import Alone

        transaction = self._transaction(await self._order(request), Alone())
        plan, error = await transaction.plan_only()
        if plan is None and error is not None:
            raise error
        return {"ok": error is None, "plan": plan, "error": error.document() if error is not None else None}

    async def _upgrade(self, request: Frame, conversation: Conversation) -> Frame:
        order = await self._order(request)
        options = request.get("options") or {}
        assert self._decisions is not None
        timeout = float(options.get("vote_timeout", self._ready().settings.vote_timeout))
        coordinator = SocketCoordinator(conversation, self._decisions, order.id, timeout)
        return {"result": await self.upgrade(order, coordinator)}

    async def _order(self, request: Frame) -> Order:
        installed = self._ready()
        release = await asyncio.to_thread(installed.store.get_release, str(request.get("release")))
        options = request.get("options") or {}
        settings: Settings = installed.settings
        return Order(
            release=release,
            id=str(request.get("tx") or secrets.token_hex(8)),
            direction="down" if request.get("direction") == "down" else "up",
            extra=dict(request.get("extra") or {}),
            cold=request.get("cold"),
            suspend_timeout=float(options.get("suspend_timeout", settings.suspend_timeout)),
            http_drain=float(options.get("http_drain", settings.http_drain)),
            hold_budget=float(options.get("hold_budget", settings.hold_budget)),
        )


def _log(result: dict[str, Any], root: Path) -> None:
    error = result["error"]
    if result["outcome"] in ("complete", "already"):
        logger.info("%s: %s, release %s, held %.1f ms", root, result["outcome"], result["to"][:12], result["hold_ms"])
    else:
        logger.warning(
            "%s: %s; release %s serves on: %s",
            root,
            result["outcome"],
            result["from"][:12],
            error["message"] if error else "another process said no",
        )


async def start_quietly(process: AppProcess, app: object) -> None:
    """Start, or say why not and let the app run on without us."""
    with contextlib.suppress(ProtocolError):
        try:
            await process.start(app)
        except FlyhotError as exc:
            logger.error("this app can't be upgraded while it runs: %s%s", exc, f" ({exc.do})" if exc.do else "")
