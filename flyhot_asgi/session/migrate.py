"""Migration: every unit's `code_change`, all of them or none.

    plan      which units' classes differ, and which of those have a `code_change`
    keep      pre-images of everything that these may change (snapshot.py), handed to the undo log
    compute   all new states, each from a copy of the old one (compute.py)
    swap      assign them all

Synchronous from end to end: between suspend and resume the loop doesn't turn, so nobody sees a half.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from types import FunctionType
from typing import Any, Literal, Protocol

from flyhot_asgi.errors import MigrationFailed, UndoFailed
from flyhot_asgi.session.blame import Job, UnitMigrationFailed, fail, plain_function, said
from flyhot_asgi.session.compute import Rules, compute
from flyhot_asgi.session.contents import namespace_of
from flyhot_asgi.session.shapes import mro_of, own_classes
from flyhot_asgi.session.snapshot import LIMIT, Snapshot, SnapshotTooLarge, taken_apart
from flyhot_asgi.session.unit import InstanceUnit, State, Unit

BUDGET = 5.0
"""Seconds that all `code_change` together may take."""


_AT_ONCE = 200
"""So many units are read and kept in one go: what they consist of stays in the processor's cache meanwhile."""


class UndoLike(Protocol):
    """Where the inverse of a step is noted before it is taken; undone in reverse order."""

    def note(self, what: str, undo: Callable[[], None]) -> None: ...


@dataclass(frozen=True)
class MigratedUnit:
    """One unit whose class is another than before. `migrated`: it had a `code_change`, which ran."""

    id: str
    label: str
    old_vsn: str
    new_vsn: str
    migrated: bool


class MigrationReport:
    """`kept`: how many objects could have been put back. `seconds`: in all."""

    def __init__(
        self,
        jobs: list[Job],
        *,
        classes: Sequence[_ClassPlan] = (),
        kept: int,
        seconds: float,
        before: _Before | None = None,
        dropped: Sequence[tuple[Unit, UnitMigrationFailed]] = (),
    ) -> None:
        self._jobs = jobs
        self.dropped = tuple(dropped)
        """Whose `code_change` failed, and whose class says that the session is dropped then. They have their old
        state."""
        self.kept = kept
        self.seconds = seconds
        self._before = before
        self.classes = [plan.cls for plan in classes]
        """Those whose `code_change` ran."""

    @cached_property
    def units(self) -> tuple[MigratedUnit, ...]:
        """All whose class differs. Made when it is asked for: nobody is held for a report."""
        return tuple(
            MigratedUnit(job.unit.id, job.unit.label, job.old_vsn, job.new_vsn, job.code_change is not None)
            for job in self._jobs
        )

    @cached_property
    def migrated(self) -> int:
        """How many units' `code_change` ran."""
        return sum(job.code_change is not None for job in self._jobs)

    def let_go(self) -> Iterator[None]:
        """When nothing is to be undone any more: drop all that was kept, a little at each step; what may refer to code
        that has gone, at the first. The report is over."""
        before, self._before = self._before, None
        self._jobs.clear()
        self.classes.clear()
        self.dropped = ()
        if before is not None:
            yield from before.dismantle()

    def changed(self, unit: Unit) -> bool:
        """Is the unit's class another than before? For `Unit.resumed`."""
        return id(unit) in self.changed_units

    @cached_property
    def changed_units(self) -> frozenset[int]:
        """The ids (of `id()`) of the units whose class is another than before."""
        return frozenset([id(job.unit) for job in self._jobs])


def migrate(
    units: Iterable[Unit],
    *,
    direction: Literal["up", "down"],
    old_vsn: Callable[[type], str],
    new_vsn: Callable[[type], str],
    extra: Mapping[str, Any],
    undo: UndoLike,
    budget: float = BUDGET,
    limit: int = LIMIT,
    each: float | None = None,
    droppable: Callable[[Unit], bool] = lambda unit: False,
    debug: bool = False,
) -> MigrationReport:
    """Bring the states of all units whose class differs to the other release, all or none.

    Args: `old_vsn` and `new_vsn` give a class's vsn in the older and in the newer release, whatever the
    direction (as in OTP, `code_change` is always told the older one; `extra["direction"]` says which way it
    goes). `budget`: seconds for all `code_change` together, `each`: for one. `droppable`, `debug`: see
    compute.py. On the way down this is to be called before the
    older code is loaded.
    Raises MigrationFailed, with all states as before. After success, `undo` brings the states back, too.
    """
    began = monotonic()
    jobs, plans = _plan(units, direction, old_vsn, new_vsn)
    migrating = [plan for plan in plans if plan.first is not None]
    work = [job for job in jobs if job.code_change is not None]
    kept = 0
    before: _Before | None = None
    dropped: list[tuple[Unit, UnitMigrationFailed]] = []
    if work:
        with _no_collection():
            before, states = _keep(work, migrating, limit)
        kept = len(before.snapshot)
        undo.note(f"states of {len(work)} units", before.restore)
        try:
            with _no_collection():
                rules = Rules(budget, each, droppable, debug)
                done = compute(work, states, extra, rules, restore=before.restore, read=_states_of)
                _swap(done.work, done.states)
                dropped = done.dropped
        except BaseException:
            _restore_quietly(before)
            raise
    if dropped:
        gone = {id(unit) for unit, _ in dropped}
        jobs = [job for job in jobs if id(job.unit) not in gone]
    return MigrationReport(
        jobs, classes=migrating, kept=kept, seconds=monotonic() - began, before=before, dropped=dropped
    )


@dataclass
class _ClassPlan:
    """What becomes of the units of one class. `bind` gives an instance's `code_change`; None: it has none."""

    cls: type
    old_vsn: str
    new_vsn: str
    bind: Callable[[object], Callable[..., object] | None]
    told: bool
    """Its units say how it is to be called (see `_told`)."""
    first: Callable[..., object] | None = None
    """The `code_change` of the first of them that has one."""


def _plan(
    units: Iterable[Unit], direction: str, old_vsn: Callable[[type], str], new_vsn: Callable[[type], str]
) -> tuple[list[Job], list[_ClassPlan]]:
    jobs = []
    known: dict[int, _ClassPlan] = {}
    for unit in units:
        instance = unit.instance
        if instance is None:
            continue
        cls = unit.cls
        plan = known.get(id(cls))
        if plan is None:
            plan = known[id(cls)] = _ClassPlan(cls, old_vsn(cls), new_vsn(cls), _binder(cls), hasattr(unit, "adapt"))
        old, new = plan.old_vsn, plan.new_vsn
        if old != new:
            unit.old_vsn = old if direction == "up" else new
            code_change = plan.bind(instance)
            if plan.told:
                code_change = _told(unit, code_change)
            if plan.first is None:
                plan.first = code_change
            jobs.append(Job(unit, instance, old, new, code_change))
    return jobs, list(known.values())


def _told(unit: Unit, code_change: Callable[..., object] | None) -> Callable[..., object] | None:
    """A unit of another framework may have a `code_change` of that framework's shape: it says how to call it."""
    adapt: Callable[..., Callable[..., object]] | None = getattr(unit, "adapt", None)
    return code_change if adapt is None or code_change is None else adapt(code_change)


def _binder(cls: type) -> Callable[[object], Callable[..., object] | None]:
    """What gives `instance.code_change` as the class has it: an attribute of the instance, or a `__getattr__`,
    isn't asked."""
    for each in mro_of(cls):
        found = namespace_of(each).get("code_change")
        if type(found) is FunctionType:
            return found.__get__
        if found is not None:
            return lambda instance: _bound(found, instance, cls)
    return lambda instance: None


def code_change_of(cls: type, instance: object) -> Callable[..., object] | None:
    """`instance.code_change`, as the class has it; None if it has none."""
    return _binder(cls)(instance)


def _bound(found: Any, instance: object, cls: type) -> Callable[..., object] | None:
    bound = found.__get__(instance, cls) if hasattr(type(found), "__get__") else found
    return bound if callable(bound) else None


class _Before:
    """Everything as it was: the pre-images, and the states of the units that keep theirs outside of their
    instance."""

    def __init__(self, snapshot: Snapshot, states: list[tuple[Unit, State]]) -> None:
        self.snapshot = snapshot
        self._states = states

    def dismantle(self) -> Iterator[None]:
        """Not to be restored any more; the memory is freed a little at each step."""
        yield from self.snapshot.dismantle()
        yield from taken_apart([self._states])

    def restore(self) -> None:
        """Raises UndoFailed, when all that can be put back has been. May be called more than once."""
        failed: list[str] = []
        for unit, state in reversed(self._states):
            try:
                unit.replace_state(dict(state))
            except BaseException as error:
                failed.append(f"{unit.id}: {said(error)}")
        self.snapshot.restore()  # last: it also knows which dict it was, and its order
        if failed:
            raise UndoFailed(f"states could not be put back: {'; '.join(failed)}", do="restart the process")


@contextmanager
def _no_collection() -> Iterator[None]:
    """The collector would walk all that we are about to keep, again and again: half of the time of a hold."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _keep(work: list[Job], classes: Iterable[_ClassPlan], limit: int) -> tuple[_Before, list[State]]:
    """The pre-images of all that is reached, and each unit's state, as it is handed to its `code_change`."""
    snapshot = Snapshot(limit=limit)
    states: list[State] = []
    elsewhere: list[tuple[Unit, State]] = []
    try:
        for start in range(0, len(work), _AT_ONCE):
            some = work[start : start + _AT_ONCE]
            states += (theirs := _states_of(some))
            snapshot.add_all([job.instance for job in some])
            elsewhere += [
                (job.unit, state)
                for job, state in zip(some, theirs, strict=True)
                if not isinstance(job.unit, InstanceUnit)
            ]
        snapshot.add_all([state for _, state in elsewhere])
        for plan in classes:
            if (function := plain_function(plan.first)) is not None:
                snapshot.add_namespace(function.__globals__)
            for each in own_classes(plan.cls):
                snapshot.add_class(each)
    except SnapshotTooLarge as error:
        raise MigrationFailed(error.message, do=error.do) from error
    return _Before(snapshot, [(unit, dict(state)) for unit, state in elsewhere]), states


def _states_of(work: Sequence[Job]) -> list[State]:
    states: list[State] = []
    add = states.append
    try:
        for job in work:
            add(job.unit.get_state())
    except Exception as error:
        fail(work[len(states)], f"its state can't be read: {said(error)}", error)
    return states


def _swap(work: list[Job], states: list[State]) -> None:
    for job, state in zip(work, states, strict=True):
        try:
            job.unit.replace_state(state)
        except BaseException as error:
            fail(job, f"its new state could not be assigned: {said(error)}", error)


def _restore_quietly(before: _Before) -> None:
    """If even this fails, the undo log comes to it again, and says so."""
    try:
        before.restore()
    except UndoFailed:
        pass
