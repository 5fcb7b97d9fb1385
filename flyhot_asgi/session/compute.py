"""The new states of all units, each from a copy of the old one: within their time, and by the policy of their class.

A class may say that a session whose `code_change` fails is dropped instead of undoing the upgrade
(`on_failed_code_change`). What a failed one has changed on its way, in what it shares with others, must not stay; so
everything is put back, and all others are computed again without those that failed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from sys import getrefcount
from time import monotonic
from typing import Any, NoReturn

from flyhot_asgi.errors import MigrationFailed
from flyhot_asgi.session import inspection
from flyhot_asgi.session.blame import Job, UnitMigrationFailed, fail, said
from flyhot_asgi.session.budget import EachInTime, Overrun, within
from flyhot_asgi.session.policy import on_failed_code_change
from flyhot_asgi.session.unit import State, Unit


def _references_to_a_new_one() -> int:
    new: State = {}
    return getrefcount(new)


_OURS_ALONE = _references_to_a_new_one()
"""How many references to a dict are counted if nobody else has it: what this interpreter holds itself."""

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
    read: Callable[[Sequence[Job]], list[State]],
) -> Computed:
    """Raises UnitMigrationFailed for the first that fails and may not be dropped. `restore` puts everything back;
    `read` gives the units' states anew."""
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
        states = read(work)
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
    clock = EachInTime(rules.each)

    def all_of_them() -> list[State]:
        new: list[State] = []
        for job, state in zip(work, states, strict=True):
            clock.current = job
            try:
                new.append(_new_state(job, state, extra, rules.debug))
            except Exception as error:
                failed.append((job.unit, _drop_or_raise(job, error, rules)))
        return new

    try:
        return within(seconds, all_of_them, clock)
    except MigrationFailed:
        raise
    except BaseException as error:
        at_work = clock.current
        late: Job = clock.late or (at_work if isinstance(at_work, Job) else work[0])
        if not isinstance(error, Overrun):
            fail(late, f"code_change raised {said(error)}", error)
        if clock.late is None:
            fail(late, f"code_change took longer than {rules.budget:g} s in all", error)
        what = f"its code_change took longer than {rules.each:g} s, which is what one may take"
        failed.append((late.unit, _drop_or_raise(late, _failure(late, what, error), rules)))
        return []


def _failure(job: Job, what: str, error: BaseException) -> UnitMigrationFailed:
    try:
        fail(job, what, error)
    except UnitMigrationFailed as failure:
        return failure


def _drop_or_raise(job: Job, error: Exception, rules: Rules) -> UnitMigrationFailed:
    """The failure as the error that it is; raised, unless the session may be dropped."""
    if not isinstance(error, UnitMigrationFailed):
        error = _failure(job, f"code_change raised {said(error)}", error)
    if on_failed_code_change(job.unit.cls) == "drop_session" and rules.droppable(job.unit):
        return error
    raise error


def _new_state(job: Job, state: State, extra: Mapping[str, Any], debug: bool) -> State:
    code_change = job.code_change
    assert code_change is not None
    if debug:
        seen = inspection.look(job.unit)
        new = code_change(job.old_vsn, state, dict(extra))
        inspection.check(job, seen)
    else:
        new = code_change(job.old_vsn, state, dict(extra))
    if type(new) is not dict and not issubclass(type(new), dict):
        _fail_as_no_dict(job, new)
    assert isinstance(new, dict)
    try:
        "".join(dict.keys(new))  # the quickest way to see that all of them are strings
    except TypeError:
        wrong = next(type(key) for key in dict.keys(new) if not isinstance(key, str))
        fail(job, f"code_change returned a dict with a key that is no str: {wrong.__qualname__}")
    if new is state or (type(new) is dict and getrefcount(new) <= _OURS_ALONE):
        return new
    # A copy: one that is handed out twice, or changed afterwards, must not be two units' state.
    return dict.copy(new) if type(new) is dict else dict(dict.items(new))


def _fail_as_no_dict(job: Job, new: object) -> NoReturn:
    if inspect.iscoroutine(new):
        new.close()
        fail(job, "code_change must be a plain def, not async: what needs awaiting belongs in upgraded()")
    forgotten = " (is a return missing?)" if new is None else ""
    fail(job, f"code_change must return the new state as a dict; it returned {type(new).__qualname__}{forgotten}")
