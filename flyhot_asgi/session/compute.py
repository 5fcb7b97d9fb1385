"""The new states of all units, each from a copy of the old one: within their time, and by the policy of their class.

A class may say that a session whose `code_change` fails is dropped instead of undoing the upgrade
(`on_failed_code_change`). What a failed one has changed on its way, in what it shares with others, must not stay; so
everything is put back, and all others are computed again without those that failed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from flyhot_asgi.errors import MigrationFailed
from flyhot_asgi.session import inspection
from flyhot_asgi.session.blame import Job, UnitMigrationFailed, fail, said
from flyhot_asgi.session.budget import EachInTime, Overrun, within
from flyhot_asgi.session.policy import on_failed_code_change
from flyhot_asgi.session.unit import State, Unit

_PASSES = 3
"""So often all is computed anew without those that failed; after that one is as bad as another."""


@dataclass(frozen=True)
class Rules:
    """`budget`: seconds for all together, those that are computed again included; `each`: for one. `droppable`: is the
    unit a session's, which can be closed? `debug`: look for states that were changed where they must not be."""

    budget: float
    each: float | None = None
    droppable: Callable[[Unit], bool] = lambda unit: False
    debug: bool = False


@dataclass
class Computed:
    """The jobs that have new states, these, and who is dropped, with the reason."""

    work: list[Job]
    states: list[State]
    dropped: list[tuple[Unit, UnitMigrationFailed]] = field(default_factory=list)


def compute(
    work: list[Job],
    states: list[State],
    extra: Mapping[str, Any],
    rules: Rules,
    *,
    restore: Callable[[], None],
    read: Callable[[Job], State],
) -> Computed:
    """Raises UnitMigrationFailed for the first that fails and may not be dropped. `restore` puts everything back;
    `read` gives a unit's state anew."""
    dropped: list[tuple[Unit, UnitMigrationFailed]] = []
    end_at = monotonic() + rules.budget
    for _ in range(_PASSES):
        failed: list[tuple[Unit, UnitMigrationFailed]] = []
        new = _all(work, states, extra, rules, failed, max(0.0, end_at - monotonic()))
        if not failed:
            return Computed(work, new, dropped)
        restore()
        dropped += failed
        gone = {id(unit) for unit, _ in dropped}
        work = [job for job in work if id(job.unit) not in gone]
        states = [read(job) for job in work]
    raise dropped[-1][1]


def _all(
    work: list[Job],
    states: list[State],
    extra: Mapping[str, Any],
    rules: Rules,
    failed: list[tuple[Unit, UnitMigrationFailed]],
    seconds: float,
) -> list[State]:
    """One pass, within `seconds`. Those that failed and may be dropped are in `failed`; then the states are of no
    use."""
    if not work:
        return []
    current = work[0]  # the one at work, for the case that time runs out between the lines
    clock = EachInTime(rules.each)

    def all_of_them() -> list[State]:
        nonlocal current
        new: list[State] = []
        for current, state in zip(work, states, strict=True):
            clock.begin(current)
            try:
                new.append(_new_state(current, state, extra, rules.debug))
            except Exception as error:
                failed.append((current.unit, _drop_or_raise(current, error, rules)))
        clock.end()
        return new

    try:
        return within(seconds, all_of_them, clock)
    except MigrationFailed:
        raise
    except Overrun as overrun:
        if clock.late is None:
            fail(current, f"code_change took longer than {rules.budget:g} s in all", overrun)
        late: Job = clock.late
        try:
            fail(late, f"its code_change took longer than {rules.each:g} s, which is what one may take", overrun)
        except UnitMigrationFailed as error:
            failed.append((late.unit, _drop_or_raise(late, error, rules)))
            return []
    except BaseException as error:
        fail(current, f"code_change raised {said(error)}", error)


def _drop_or_raise(job: Job, error: Exception, rules: Rules) -> UnitMigrationFailed:
    """The failure as the error that it is; raised, unless the session may be dropped."""
    if not isinstance(error, UnitMigrationFailed):
        try:
            fail(job, f"code_change raised {said(error)}", error)
        except UnitMigrationFailed as failure:
            error = failure
    if on_failed_code_change(job.unit.cls) == "drop_session" and rules.droppable(job.unit):
        return error
    raise error


def _new_state(job: Job, state: State, extra: Mapping[str, Any], debug: bool) -> State:
    _, _, old_vsn, _, code_change = job
    assert code_change is not None
    seen = inspection.look(job.unit) if debug else None
    new = code_change(old_vsn, state, dict(extra))
    if seen is not None:
        inspection.check(job, seen)
    if type(new) is not dict:
        _check_is_dict(job, new)
    assert isinstance(new, dict)
    for key in dict.keys(new):
        if type(key) is not str and not isinstance(key, str):
            fail(job, f"code_change returned a dict with a key that is no str: {type(key).__qualname__}")
    if new is state:
        return state
    return dict(dict.items(new))  # a copy: one that is handed out twice must not be two units' state


def _check_is_dict(job: Job, new: object) -> None:
    if inspect.iscoroutine(new):
        new.close()
        fail(job, "code_change must be a plain def, not async: what needs awaiting belongs in upgraded()")
    if not isinstance(new, dict):
        forgotten = " (is a return missing?)" if new is None else ""
        fail(job, f"code_change must return the new state as a dict; it returned {type(new).__qualname__}{forgotten}")
