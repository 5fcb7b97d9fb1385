"""One upgrade of this process: carries out what the sans-I/O machine asks for, and answers with what happened.

The machine (`flyhot_asgi.upgrade`) decides the order and what a failure leads to; this driver does the steps. Steps
that the machine calls atomic are plain methods, so that nothing of the event loop runs between the first touch of the
code and the commit or the undo.
"""

from __future__ import annotations

import asyncio
import logging
import time
import types
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Literal

from ..engine import Difference
from ..engine.verification.recorded import Recorded
from ..errors import FlyhotError, SuspendTimeout, UpgradeError
from ..session import Hold, Registry
from ..session.budget import Overrun, within
from ..session.registered import Registered
from ..threads import in_thread
from ..upgrade import Outcome, Upgrade
from ..upgrade import events as e
from ..upgrade import instructions as i
from .account import Account
from .check import check
from .code_upgrade import CodeUpgrade
from .complaints import differs
from .coordinator import Coordinator
from .failures import event_for
from .gathering import gather
from .installed import Installed
from .order import Order, Pages
from .report import result_document
from .slices import in_slices
from .under_way import UnderWay
from .units_upgrade import UnitsUpgrade

logger = logging.getLogger("flyhot.upgrade")

PREPARED_SECONDS = 120.0
"""How long a process stays prepared without a word from the coordinator."""


class Transaction:
    """Owns one upgrade from plan to result. Use once."""

    def __init__(
        self,
        order: Order,
        installed: Installed,
        registry: Registry,
        registered: Registered,
        hold: Hold,
        pages: Pages,
        coordinator: Coordinator,
    ) -> None:
        self._order = order
        self._installed = installed
        self._hold = hold
        self._pages = pages
        self._coordinator = coordinator
        self._machine = Upgrade(order.direction)
        self._from = installed.digest
        self._code = CodeUpgrade(order, installed)
        self._units = UnitsUpgrade(order, registry, registered, old=installed.digest, root=installed.root)
        self._under_way = UnderWay(registry, closes=order.stale == "close")
        self._verified = False
        self.differences: list[Difference] = []
        """In what the process was found not to be the release, when everybody was served again."""
        self._account = Account(order, installed)
        self._held_at: float | None = None
        self._deadline = 0.0
        self._suspended = False
        self._gathers_since: float | None = None
        self._outlived: list[str] = []
        self._atomic: dict[type[i.Instruction], Callable[[], e.Event]] = {
            i.Load: self._load,
            i.CodeChange: self._code_change,
            i.Verify: self._verify,
            i.Vote: self._vote,
            i.Commit: self._commit,
            i.Undo: self._undo,
        }
        self._waiting: dict[type[i.Instruction], Callable[[], Coroutine[Any, Any, e.Event]]] = {
            i.Plan: self._make_plan,
            i.Stage: self._stage,
            i.ReportPrepared: self._report_prepared,
            i.Suspend: self._suspend,
            i.ReportHeld: self._report_held,
            i.AwaitOthers: self._await_others,
            i.Resume: self._resume,
            i.Rerender: self._rerender,
        }

    @property
    def error(self) -> FlyhotError | None:
        """Why it did not happen."""
        return self._machine.error

    async def plan_only(self) -> tuple[dict[str, Any] | None, FlyhotError | None]:
        """Plan and change nothing: the plan's document, and why it can't be carried out if it can't."""
        event = await self._do(i.Plan())
        return self._code.document, event.error if isinstance(event, e.Failure) else None

    async def run(self) -> dict[str, Any]:
        """Do it; return RESULT. Cancelling it before the commit undoes everything and resumes, then raises."""
        self._account.say("started")
        try:
            await self._drive()
        except asyncio.CancelledError:
            self._machine.receive_event(e.Cancelled())
            await self._drive()
            self._account.say("failed", outcome="cancelled")
            raise
        finally:
            self._let_go()
            self._installed.assets.forget()
        if self._machine.outcome is Outcome.COMPLETE:
            await self._compare_rest()
        else:
            await in_thread(self._code.doubt)
        result = self._result()
        self._account.say_end(result)
        return result

    async def _drive(self) -> None:
        while instructions := self._machine.next_instructions():
            for instruction in instructions:
                with self._account.timed(type(instruction).__name__.lower()):
                    event = self._do_atomic(instruction) if instruction.atomic else await self._do(instruction)
                self._machine.receive_event(event)

    async def _do(self, instruction: i.Instruction) -> e.Event:
        try:
            return await self._waiting[type(instruction)]()
        except Exception as exc:
            return self._event_for(instruction, exc)

    def _do_atomic(self, instruction: i.Instruction) -> e.Event:
        """Whatever a step raises, the machine learns of it: what was touched is undone, and nobody stays held."""
        try:
            return self._atomic[type(instruction)]()
        except BaseException as exc:
            return self._event_for(instruction, exc)

    def _event_for(self, instruction: i.Instruction, exc: BaseException) -> e.Event:
        sources = self._code.sources.new if self._code.sources is not None else {}
        return event_for(instruction, exc, sources, self._order.hold_budget)

    def _result(self) -> dict[str, Any]:
        outcome = self._machine.outcome or Outcome.BROKEN
        return result_document(
            outcome=outcome.value,
            old=self._from,
            new=self._order.release.digest,
            plan=self._code.plan,
            document=self._code.document,
            verified=self._verified and outcome is Outcome.COMPLETE,
            hold_ms=self._account.hold_ms,
            phases_ms=self._account.phases_ms,
            units_migrated=self._units.migrated if outcome is Outcome.COMPLETE else 0,
            sessions=self._account.sessions,
            error=self._machine.error,
        )

    # -- while users are served --------------------------------------------------------------

    async def _make_plan(self) -> e.Event:
        if self._order.release.digest == self._installed.digest:
            return e.Planned(changes=False)
        if self._code.wants_check:
            self._code.take(await check(self._installed, self._order.release))
        live = self._installed.live()
        units = self._units.look(live)
        self._under_way.look()
        refused = await in_thread(lambda: self._plan_in_thread(live, units))
        if refused is None and self._code.plan is not None:
            refused = self._under_way.refused(self._code.plan)
        return e.PlanRefused(refused) if refused is not None else e.Planned(changes=True)

    def _plan_in_thread(
        self, live: dict[str, types.ModuleType], units: Callable[[type], Collection[int]]
    ) -> FlyhotError | None:
        refused = self._code.make_plan(live, units)
        self._code.leave_out_frames(self._units.renewed)
        assert self._code.sources is not None
        refused = refused or self._units.refused(self._code.sources.new)
        self._units.read_vsns(self._code.vsns())
        return refused

    async def _stage(self) -> e.Event:
        await in_thread(self._code.stage)
        return e.Staged()

    async def _report_prepared(self) -> e.Event:
        assert self._code.document is not None
        try:
            async with asyncio.timeout(PREPARED_SECONDS):
                go = await self._coordinator.prepared(self._code.document)
        except TimeoutError:
            return e.VotedAbort(UpgradeError(f"nobody said how to go on within {PREPARED_SECONDS:g} s of the plan"))
        return e.Go() if go else e.VotedAbort()

    # -- held --------------------------------------------------------------------------------

    async def _suspend(self) -> e.Event:
        order = self._order
        longest = int((order.suspend_timeout + order.hold_budget) * 1000)
        since, first = self._gathers_since, not self._suspended
        self._suspended = True
        self._gathers_since = time.monotonic() if since is None else since
        if first:
            self._tell(lambda: self._pages.hold(order.id, eta_ms=100, max_ms=longest))
        report = await gather(self._hold, self._coordinator, order, since=since)
        if report is None:
            return e.Cancelled(UpgradeError("the deployer is gone, or said stop; nothing was changed"))
        self._held_at = report.closed_at
        self._deadline = report.closed_at + order.hold_budget
        self._account.sessions = report.sessions
        self._account.say("held")
        self._outlived = [f"{request}: was under way, and ends on the old code" for request in report.requests]
        self._code.add_notes([f"{busy}: closed with 1012" for busy in report.evicted])
        return e.Suspended()

    async def _report_held(self) -> e.Event:
        budget = self._order.hold_budget
        try:
            async with asyncio.timeout(self._left()):
                match await self._coordinator.held():
                    case "wait":
                        return e.OthersLate()
                    case "stop":
                        return e.VotedAbort()
        except TimeoutError:
            late = f"sessions were held for {budget:g} s, and the other processes were not ready"
            return e.SuspendTimedOut(SuspendTimeout(late, do="nothing was changed; deploy again"))
        try:
            await self._hold.settle(timeout=self._left())
        except SuspendTimeout as exc:
            return e.SuspendTimedOut(exc)
        assert self._code.plan is not None
        self._code.add_notes(self._outlived)
        self._units.refuse_newcomers(self._code.plan.unmet)
        self._under_way.settle(self._code.plan)
        return e.Go()

    async def _await_others(self) -> e.Event:
        """Serve while others gather: what they wait for is nothing that ours should be held for."""
        self._open()
        try:
            async with asyncio.timeout(PREPARED_SECONDS):
                go = await self._coordinator.again()
        except TimeoutError:
            return e.VotedAbort(UpgradeError(f"nobody said how to go on within {PREPARED_SECONDS:g} s of the hold"))
        return e.Go() if go else e.VotedAbort()

    def _left(self) -> float:
        """Seconds of the hold's budget that are left."""
        return max(0.0, self._deadline - time.monotonic())

    def _load(self) -> e.Event:
        self._units.keep(self._code.journal)
        self._code.load(lambda apply: within(self._left(), apply))
        return e.Loaded()

    def _code_change(self) -> e.Event:
        assert self._code.sources is not None
        try:
            self._units.code_change(dict(self._code.sources.live), self._code.journal, self._left())
        except FlyhotError as exc:
            return e.MigrationFailed(exc)
        return e.Migrated()

    def _verify(self) -> e.Event:
        try:
            found = within(self._left(), lambda: self._code.verify(self._units.migrated_classes))
        except Overrun:
            return self._too_late("compared with the release")
        if found:
            return e.VerifyFailed(differs(found))
        if self._left() <= 0.0:
            return self._too_late("changed")
        self._verified = True
        return e.Verified()

    def _too_late(self, done: str) -> e.Event:
        late = f"code and states were still being {done} when the hold had lasted {self._order.hold_budget:g} s"
        return e.VerifyFailed(SuspendTimeout(late, do="everything was undone; allow the hold more time (hold_budget)"))

    def _vote(self) -> e.Event:
        return e.VotedCommit() if self._coordinator.vote(self._left()) else e.VotedAbort()

    def _commit(self) -> e.Event:
        self._code.commit()
        return e.Committed()

    def _undo(self) -> e.Event:
        self._installed.has_undone = True
        self._code.journal.rollback()
        return e.Undone()

    # -- served again ------------------------------------------------------------------------

    async def _resume(self) -> e.Event:
        complete = self._machine.decided is Outcome.COMPLETE
        try:
            if complete:
                self._under_way.dismiss()
                installed = self._installed
                self._code.add_notes(
                    self._units.tell(installed.vsn, lambda: installed.vsn, render=not self._code.only_files)
                )
        finally:
            self._let_go()
        if complete:
            self._units.close_stale(self._under_way.leaving)
        if not complete and self._suspended:
            vsn = self._installed.vsn
            self._tell(lambda: self._pages.resume(self._order.id, ok=False, vsn=vsn, render="none"))
        return e.Resumed()

    def _let_go(self) -> None:
        """Whatever happened: sessions flow, garbage is collected. Idempotent; never fails."""
        if self._suspended:
            self._open()
        self._code.let_go()
        self._units.let_go()

    def _open(self) -> None:
        self._hold.resume()
        if self._held_at is not None:
            self._account.hold_ms = max(self._account.hold_ms, (time.monotonic() - self._held_at) * 1000)
            self._held_at = None
            self._account.say("resumed")

    async def _rerender(self) -> e.Event:
        vsn, was, files = self._installed.vsn, self._from[: len(self._installed.vsn)], self._code.served
        render: Literal["css", "morph"] = "css" if self._code.only_files else "morph"
        self._tell(lambda: self._pages.resume(self._order.id, ok=True, vsn=vsn, render=render, was=was, files=files))
        return e.Rerendered()

    async def _compare_rest(self) -> None:
        """What the upgrade can't have changed, as far as anybody knows: compared all the same, a module at a time."""
        with self._account.timed("compare"):
            self.differences = await in_slices(self._code.rest(), self._code.compare)
        uncompared = self._code.uncompared()
        self._code.add_notes(uncompared)
        self._verified = self._verified and not self.differences and not uncompared
        self._code.settle(self._verified)

    async def confirm(self, recorded: Recorded) -> dict[str, Any]:
        """Compare the process with what is known of the release since; the RESULT that it is then."""
        self._code.take_late(recorded)
        self._verified = True
        await self._compare_rest()
        return self._result()

    def way_back(self, base: str | None = None) -> Order | None:
        """The order to undo a committed upgrade after `differences`, to the release before or to `base`; None if nobody
        knows what to go back to. Blocking. Raises StoreError."""
        return self._code.way_back(self.differences, base or self._from)

    def _tell(self, tell: Callable[[], None]) -> None:
        """Pages are told at best: none of them may stop an upgrade, or a resume."""
        try:
            tell()
        except Exception:
            logger.exception("the open pages could not be told of upgrade %s", self._order.id)
