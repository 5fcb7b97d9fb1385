"""Migration: every unit's `code_change`, all of them or none.

    plan      which units' classes differ, and which of those have a `code_change`
    keep      pre-images of everything that these may change (snapshot.py), handed to the undo log
    compute   all new states, each from a copy of the old one
    swap      assign them all

Synchronous from end to end: between suspend and resume the loop doesn't turn, so nobody sees a half.
"""

from __future__ import annotations

import gc
import inspect
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from types import FunctionType, TracebackType
from typing import Any, Literal, NoReturn, Protocol

from flyhot_asgi.errors import MigrationFailed, UndoFailed
from flyhot_asgi.session.budget import Overrun, within
from flyhot_asgi.session.contents import namespace_of
from flyhot_asgi.session.shapes import mro_of, own_classes
from flyhot_asgi.session.snapshot import LIMIT, Snapshot, SnapshotTooLarge
from flyhot_asgi.session.unit import State, Unit
from flyhot_asgi.session.whereabouts import is_library

BUDGET = 5.0
"""Seconds that all `code_change` together may take."""


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


@dataclass(frozen=True)
class MigrationReport:
    """`units`: all whose class differs. `kept`: how many objects could have been put back. `seconds`: in
    all."""

    units: tuple[MigratedUnit, ...]
    kept: int
    seconds: float

    @property
    def migrated(self) -> int:
        """How many units' `code_change` ran."""
        return sum(unit.migrated for unit in self.units)

    def changed(self, unit: Unit) -> bool:
        """Is the unit's class another than before? For `Unit.resumed`."""
        return any(each.id == unit.id for each in self.units)


class UnitMigrationFailed(MigrationFailed):
    """Whose migration failed. Every unit has the state that it had before."""

    def __init__(self, message: str, unit: Unit, place: tuple[str, int] | None, detail: str | None) -> None:
        super().__init__(
            message,
            file=place[0] if place else None,
            line=place[1] if place else None,
            do=f"mend the code_change of {unit.cls.__qualname__} and deploy again",
            detail=detail,
        )
        self.unit_id = unit.id
        self.label = unit.label
        self.cls = unit.cls


@dataclass(frozen=True)
class _Job:
    unit: Unit
    instance: object
    old_vsn: str
    new_vsn: str
    code_change: Callable[[str, State, dict[str, Any]], object] | None


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
) -> MigrationReport:
    """Bring the states of all units whose class differs to the other release, all or none.

    Args: `old_vsn` and `new_vsn` give a class's vsn in the older and in the newer release, whatever the
    direction (as in OTP, `code_change` is always told the older one; `extra["direction"]` says which way it
    goes). `budget`: seconds for all `code_change` together. On the way down this is to be called before the
    older code is loaded.
    Raises MigrationFailed, with all states as before. After success, `undo` brings the states back, too.
    """
    began = monotonic()
    jobs = _plan(units, direction, old_vsn, new_vsn)
    work = [job for job in jobs if job.code_change is not None]
    kept = 0
    if work:
        with _no_collection():
            before = _keep(work, limit)
        kept = len(before.snapshot)
        undo.note(f"states of {len(work)} units", before.restore)
        try:
            with _no_collection():
                states = _compute(work, extra, budget)
            _swap(before, states)
        except BaseException:
            _restore_quietly(before)
            raise
    return MigrationReport(
        units=tuple(
            MigratedUnit(job.unit.id, job.unit.label, job.old_vsn, job.new_vsn, job.code_change is not None)
            for job in jobs
        ),
        kept=kept,
        seconds=monotonic() - began,
    )


def _plan(
    units: Iterable[Unit], direction: str, old_vsn: Callable[[type], str], new_vsn: Callable[[type], str]
) -> list[_Job]:
    jobs = []
    for unit in units:
        instance, cls = unit.instance, unit.cls
        if instance is None:
            continue
        old, new = old_vsn(cls), new_vsn(cls)
        if old != new:
            unit.old_vsn = old if direction == "up" else new
            jobs.append(_Job(unit, instance, old, new, _bound_code_change(cls, instance)))
    return jobs


def _bound_code_change(cls: type, instance: object) -> Callable[..., object] | None:
    """`instance.code_change` as the class has it: an attribute of the instance, or a `__getattr__`, isn't
    asked."""
    for each in mro_of(cls):
        found = namespace_of(each).get("code_change")
        if found is not None:
            bound = found.__get__(instance, cls) if hasattr(type(found), "__get__") else found
            return bound if callable(bound) else None
    return None


class _Before:
    """Everything as it was: the pre-images, and the state of each unit that was swapped already."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._swapped: list[tuple[Unit, State]] = []

    def swap(self, unit: Unit, state: State) -> None:
        self._swapped.append((unit, unit.get_state()))
        unit.replace_state(state)

    def restore(self) -> None:
        """Raises UndoFailed, when all that can be put back has been. May be called more than once."""
        failed: list[str] = []
        while self._swapped:
            unit, state = self._swapped.pop()
            try:
                unit.replace_state(state)
            except BaseException as error:
                failed.append(f"{unit.id}: {_said(error)}")
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


def _keep(work: list[_Job], limit: int) -> _Before:
    snapshot = Snapshot(limit=limit)
    try:
        for job in work:
            snapshot.add(job.instance)
            snapshot.add(_state_of(job))
        for cls, code_change in {job.unit.cls: job.code_change for job in work}.items():
            if (function := _function(code_change)) is not None:
                snapshot.add_namespace(function.__globals__)
            for each in own_classes(cls):
                snapshot.add_class(each)
    except SnapshotTooLarge as error:
        raise MigrationFailed(error.message, do=error.do) from error
    return _Before(snapshot)


def _state_of(job: _Job) -> State:
    try:
        return job.unit.get_state()
    except Exception as error:
        _fail(job, f"its state can't be read: {_said(error)}", error)


def _compute(work: list[_Job], extra: Mapping[str, Any], budget: float) -> list[tuple[_Job, State]]:
    current: list[_Job] = []  # the one at work, for the case that time runs out between the lines

    def all_of_them() -> list[tuple[_Job, State]]:
        states = []
        for job in work:
            current[:] = [job]
            states.append((job, _new_state(job, extra)))
        return states

    try:
        return within(budget, all_of_them)
    except MigrationFailed:
        raise
    except Overrun as overrun:
        where = f"code_change took longer than {budget:g} s in all"
        _fail(current[0] if current else work[0], where, overrun)
    except BaseException as error:
        _fail(current[0] if current else work[0], f"code_change raised {_said(error)}", error)


def _new_state(job: _Job, extra: Mapping[str, Any]) -> State:
    assert job.code_change is not None
    new = job.code_change(job.old_vsn, job.unit.get_state(), dict(extra))
    if inspect.iscoroutine(new):
        new.close()
        _fail(job, "code_change must be a plain def, not async: what needs awaiting belongs in upgraded()")
    if not isinstance(new, dict):
        forgotten = " (is a return missing?)" if new is None else ""
        _fail(job, f"code_change must return the new state as a dict; it returned {type(new).__qualname__}{forgotten}")
    for key in dict.keys(new):
        if not isinstance(key, str):
            _fail(job, f"code_change returned a dict with a key that is no str: {type(key).__qualname__}")
    return dict(dict.items(new))


def _swap(before: _Before, states: list[tuple[_Job, State]]) -> None:
    for job, state in states:
        try:
            before.swap(job.unit, state)
        except BaseException as error:
            _fail(job, f"its new state could not be assigned: {_said(error)}", error)


def _restore_quietly(before: _Before) -> None:
    """If even this fails, the undo log comes to it again, and says so."""
    try:
        before.restore()
    except UndoFailed:
        pass


def _fail(job: _Job, what: str, error: BaseException | None = None) -> NoReturn:
    place = _place_in(error.__traceback__) if error is not None else None
    detail = None if error is None else "".join(traceback.format_exception(error, limit=-8))
    raise UnitMigrationFailed(
        f"{job.unit.label} ({job.unit.id}): {what}. Undone; the old code still serves",
        job.unit,
        place or _definition(job.code_change),
        detail,
    ) from error


def _said(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:
        text = ""
    return f"{type(error).__qualname__}: {text}" if text else type(error).__qualname__


def _place_in(trace: TracebackType | None) -> tuple[str, int] | None:
    """The innermost line of the application's own."""
    place = None
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not is_library(file):
            place = (file, trace.tb_lineno)
        trace = trace.tb_next
    return place


def _function(code_change: object) -> FunctionType | None:
    """The plain function behind a bound or decorated `code_change`."""
    function = getattr(code_change, "__func__", code_change)
    if callable(function):
        function = inspect.unwrap(function)
    return function if isinstance(function, FunctionType) else None


def _definition(code_change: object) -> tuple[str, int] | None:
    function = _function(code_change)
    return None if function is None else (function.__code__.co_filename, function.__code__.co_firstlineno)
