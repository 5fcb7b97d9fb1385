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
from functools import cached_property
from time import monotonic
from types import FunctionType, TracebackType
from typing import Any, Literal, NamedTuple, NoReturn, Protocol

from flyhot_asgi.errors import MigrationFailed, UndoFailed
from flyhot_asgi.session.budget import Overrun, within
from flyhot_asgi.session.contents import namespace_of
from flyhot_asgi.session.shapes import mro_of, own_classes
from flyhot_asgi.session.snapshot import LIMIT, Snapshot, SnapshotTooLarge
from flyhot_asgi.session.unit import InstanceUnit, State, Unit
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


class MigrationReport:
    """`kept`: how many objects could have been put back. `seconds`: in all."""

    def __init__(self, jobs: list[_Job], *, kept: int, seconds: float) -> None:
        self._jobs = jobs
        self.kept = kept
        self.seconds = seconds

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

    def changed(self, unit: Unit) -> bool:
        """Is the unit's class another than before? For `Unit.resumed`."""
        return id(unit) in self.changed_units

    @cached_property
    def changed_units(self) -> frozenset[int]:
        """The ids (of `id()`) of the units whose class is another than before."""
        return frozenset([id(job.unit) for job in self._jobs])


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


class _Job(NamedTuple):
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
            before, states = _keep(work, limit)
        kept = len(before.snapshot)
        undo.note(f"states of {len(work)} units", before.restore)
        try:
            with _no_collection():
                states = _compute(work, states, extra, budget)
                _swap(work, states)
        except BaseException:
            _restore_quietly(before)
            raise
    return MigrationReport(jobs, kept=kept, seconds=monotonic() - began)


def _plan(
    units: Iterable[Unit], direction: str, old_vsn: Callable[[type], str], new_vsn: Callable[[type], str]
) -> list[_Job]:
    jobs = []
    known: dict[int, tuple[type, str, str, Callable[[object], Callable[..., object] | None]]] = {}
    for unit in units:
        instance = unit.instance
        if instance is None:
            continue
        cls = unit.cls
        found = known.get(id(cls))
        if found is None:
            found = known[id(cls)] = (cls, old_vsn(cls), new_vsn(cls), _binder(cls))
        _, old, new, bind = found
        if old != new:
            unit.old_vsn = old if direction == "up" else new
            jobs.append(_Job(unit, instance, old, new, _told(unit, bind(instance))))
    return jobs


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

    def restore(self) -> None:
        """Raises UndoFailed, when all that can be put back has been. May be called more than once."""
        failed: list[str] = []
        for unit, state in reversed(self._states):
            try:
                unit.replace_state(dict(state))
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


def _keep(work: list[_Job], limit: int) -> tuple[_Before, list[State]]:
    """The pre-images of all that is reached, and each unit's state, as it is handed to its `code_change`."""
    snapshot = Snapshot(limit=limit)
    states = [_state_of(job) for job in work]
    elsewhere = [(job.unit, state) for job, state in zip(work, states, strict=True) if not _is_in_instance(job.unit)]
    try:
        snapshot.add_all(job.instance for job in work)
        snapshot.add_all(state for _, state in elsewhere)
        for cls, code_change in {job.unit.cls: job.code_change for job in work}.items():
            if (function := _function(code_change)) is not None:
                snapshot.add_namespace(function.__globals__)
            for each in own_classes(cls):
                snapshot.add_class(each)
    except SnapshotTooLarge as error:
        raise MigrationFailed(error.message, do=error.do) from error
    return _Before(snapshot, [(unit, dict(state)) for unit, state in elsewhere]), states


def _is_in_instance(unit: Unit) -> bool:
    return isinstance(unit, InstanceUnit)


def _state_of(job: _Job) -> State:
    try:
        return job.unit.get_state()
    except Exception as error:
        _fail(job, f"its state can't be read: {_said(error)}", error)


def _compute(work: list[_Job], states: list[State], extra: Mapping[str, Any], budget: float) -> list[State]:
    current = work[0]  # the one at work, for the case that time runs out between the lines

    def all_of_them() -> list[State]:
        nonlocal current
        new = []
        for current, state in zip(work, states, strict=True):
            new.append(_new_state(current, state, extra))
        return new

    try:
        return within(budget, all_of_them)
    except MigrationFailed:
        raise
    except Overrun as overrun:
        _fail(current, f"code_change took longer than {budget:g} s in all", overrun)
    except BaseException as error:
        _fail(current, f"code_change raised {_said(error)}", error)


def _new_state(job: _Job, state: State, extra: Mapping[str, Any]) -> State:
    _, _, old_vsn, _, code_change = job
    assert code_change is not None
    new = code_change(old_vsn, state, dict(extra))
    if type(new) is not dict:
        _check_is_dict(job, new)
    assert isinstance(new, dict)
    for key in dict.keys(new):
        if type(key) is not str and not isinstance(key, str):
            _fail(job, f"code_change returned a dict with a key that is no str: {type(key).__qualname__}")
    if new is state:
        return state
    return dict(dict.items(new))  # a copy: one that is handed out twice must not be two units' state


def _check_is_dict(job: _Job, new: object) -> None:
    if inspect.iscoroutine(new):
        new.close()
        _fail(job, "code_change must be a plain def, not async: what needs awaiting belongs in upgraded()")
    if not isinstance(new, dict):
        forgotten = " (is a return missing?)" if new is None else ""
        _fail(job, f"code_change must return the new state as a dict; it returned {type(new).__qualname__}{forgotten}")


def _swap(work: list[_Job], states: list[State]) -> None:
    for job, state in zip(work, states, strict=True):
        try:
            job.unit.replace_state(state)
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
