"""Old code that would fail after the upgrade: coroutines under way that need what is gone from the release, or call it
as it takes it no more.

Most that a plan finds have ended when the code is exchanged: requests are drained, sessions come to their boundary. Who
has not will not end by itself: the loop of a plain websocket handler, a task in the background, a download that
outlived its drain. A websocket is closed, if that is the policy for old code (`stale = "close"`), and gets no further
message; for all others the upgrade is refused. A client's message must not be the one that finds out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import UpgradeRefused
from ..session import Registry, Session
from ..session.duty import SERVICE_RESTART, Leaving
from ..session.siblings import awaited_by
from ..session.whereabouts import running_from
from .complaints import refused

if TYPE_CHECKING:
    from ..engine import Plan
    from ..engine.source.plan import Refusal


class UnderWay:
    """Of one transaction. Everything on the loop's thread."""

    def __init__(self, registry: Registry, *, closes: bool) -> None:
        """closes: websockets that run old code are closed."""
        self._registry = registry
        self._closes = closes
        self._there: frozenset[str] = frozenset()
        self.leaving: list[Session] = []
        """Websockets that are to be closed, as their handlers would fail."""

    def look(self) -> None:
        """Before the plan is made: who comes afterwards, it knows nothing of."""
        self._there = frozenset(session.id for session in self._registry.sessions)

    def refused(self, plan: Plan) -> UpgradeRefused | None:
        """Why it can't be done: a websocket waits for its client now, and would fail with its next message."""
        if self._closes:
            return None
        failing = _alive(plan)
        parked = (session for session in self._registry.sessions if session.quiescent) if failing else ()
        for session in parked:
            for running in running_in(session):
                if (found := failing.get(id(running))) is not None:
                    return _refused(found)
        return None

    def settle(self, plan: Plan) -> None:
        """Everybody is held: who of them would fail? Raises UpgradeRefused; fills `leaving`."""
        failing, self.leaving = _alive(plan), []  # others may have been late, and all are held once more
        if plan.fails is not None:
            for session in self._registry.sessions if failing else self._newcomers():
                running = list(running_in(session))
                found = [will for one in running if (will := plan.fails(one)) is not None]
                if found and not self._closes:
                    raise _refused(found[0])
                if found:
                    self.leaving.append(session)
                    for one in running:
                        failing.pop(id(one), None)
        for refusal in failing.values():
            raise _refused(refusal)

    def _newcomers(self) -> Iterable[Session]:
        return (session for session in self._registry.sessions if session.id not in self._there)

    def dismiss(self) -> None:
        """The upgrade is committed: they get no message any more. Whoever closes stale websockets closes them, each in
        its turn; but who only sends does not wait for a message, and is ended at once."""
        for session in self.leaving:
            session.gate.owe(Leaving(session.gate))
            if session.gate.pushes:
                closing = partial(session.gate.close, SERVICE_RESTART, "new release")
                self._registry.spawn(closing, name=f"closing {session.id}", waits=False)
                session.evict()  # now: its clock may have rung already


def running_in(session: Session) -> Iterator[object]:
    """The coroutines of the tasks that run a session's handler."""
    task = session.task
    for each in (task, *awaited_by(task)) if task is not None and not task.done() else ():
        yield from (running for running, _ in running_from(each.get_coro()))


def _alive(plan: Plan) -> dict[int, Refusal]:
    """Those that the plan found, and that would still fail, by their ids."""
    found: dict[int, Any] = {}
    for one in plan.failing if plan.fails is not None else ():
        for reference in one.running:
            running = reference()
            if running is not None and plan.fails is not None and (will := plan.fails(running)) is not None:
                found[id(running)] = will
    return found


def _refused(refusal: Refusal) -> UpgradeRefused:
    do = f'{refusal.do}; a websocket\'s handler may also be @upgradable, or be closed (stale = "close")'
    return refused(replace(refusal, do=do), "; it runs on with its old code")
