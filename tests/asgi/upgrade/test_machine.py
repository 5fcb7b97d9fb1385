"""The upgrade machine: every way it can go, and what must be true on all of them."""

from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyhot_asgi.errors import MigrationFailed, ProtocolError, UndoFailed
from flyhot_asgi.upgrade import Direction, Outcome, State, Upgrade
from flyhot_asgi.upgrade import events as e
from flyhot_asgi.upgrade import instructions as i
from flyhot_asgi.upgrade.state import INSTRUCTION_OF, TRANSITIONS

GOOD: dict[type[i.Instruction], e.Event] = {
    i.Plan: e.Planned(changes=True),
    i.Stage: e.Staged(),
    i.ReportPrepared: e.Go(),
    i.Suspend: e.Suspended(),
    i.ReportHeld: e.Go(),
    i.AwaitOthers: e.Go(),
    i.Load: e.Loaded(),
    i.CodeChange: e.Migrated(),
    i.Verify: e.Verified(),
    i.Vote: e.VotedCommit(),
    i.Commit: e.Committed(),
    i.Undo: e.Undone(),
    i.Resume: e.Resumed(),
    i.Rerender: e.Rerendered(),
}
EVENTS = [
    cls
    for _, cls in inspect.getmembers(e, inspect.isclass)
    if issubclass(cls, e.Event) and cls not in (e.Event, e.Failure)
]


Asked = list[type[i.Instruction]]


def run(direction: Direction, answers: dict[type[i.Instruction], e.Event]) -> tuple[Upgrade, Asked]:
    """Drive a machine to its end; every instruction is answered from `answers`, else well."""
    machine, asked = Upgrade(direction), []
    while not machine.done:
        (instruction,) = machine.next_instructions()
        asked.append(type(instruction))
        machine.receive_event(answers.get(type(instruction), GOOD[type(instruction)]))
    assert machine.next_instructions() == ()
    return machine, asked


HEAD = [i.Plan, i.Stage, i.ReportPrepared, i.Suspend, i.ReportHeld]
TAIL = [i.Verify, i.Vote, i.Commit, i.Resume, i.Rerender]


def test_upward_the_code_is_loaded_before_states_are_migrated() -> None:
    machine, asked = run(Direction.UP, {})
    assert asked == [*HEAD, i.Load, i.CodeChange, *TAIL]
    assert machine.outcome is Outcome.COMPLETE
    assert machine.error is None


def test_downward_the_newer_code_migrates_the_states_before_the_older_is_loaded() -> None:
    machine, asked = run(Direction.DOWN, {})
    assert asked == [*HEAD, i.CodeChange, i.Load, *TAIL]
    assert machine.outcome is Outcome.COMPLETE


@pytest.mark.parametrize(
    ("answer_to", "event", "outcome", "after"),
    [
        (i.Plan, e.Planned(changes=False), Outcome.ALREADY, []),
        (i.Plan, e.PlanRefused(), Outcome.REFUSED, []),
        (i.Plan, e.PlanFailed(), Outcome.FAILED, []),
        (i.Plan, e.Cancelled(), Outcome.ABORTED, []),
        (i.Stage, e.StageFailed(), Outcome.FAILED, []),
        (i.Stage, e.Cancelled(), Outcome.ABORTED, []),
        (i.ReportPrepared, e.VotedAbort(), Outcome.ABORTED, []),
        (i.ReportPrepared, e.Cancelled(), Outcome.ABORTED, []),
        (i.Suspend, e.SuspendTimedOut(), Outcome.FAILED, [i.Resume]),
        (i.Suspend, e.Cancelled(), Outcome.ABORTED, [i.Resume]),
        (i.ReportHeld, e.VotedAbort(), Outcome.ABORTED, [i.Resume]),
        (i.ReportHeld, e.SuspendTimedOut(), Outcome.FAILED, [i.Resume]),
        (i.ReportHeld, e.Cancelled(), Outcome.ABORTED, [i.Resume]),
        (i.Load, e.LoadFailed(), Outcome.ROLLED_BACK, [i.Undo, i.Resume]),
        (i.CodeChange, e.MigrationFailed(), Outcome.ROLLED_BACK, [i.Undo, i.Resume]),
        (i.Verify, e.VerifyFailed(), Outcome.ROLLED_BACK, [i.Undo, i.Resume]),
        (i.Vote, e.VotedAbort(), Outcome.ABORTED, [i.Undo, i.Resume]),
        (i.Rerender, e.Cancelled(), Outcome.COMPLETE, []),
    ],
)
@pytest.mark.parametrize("direction", Direction)
def test_what_a_failure_leads_to(
    direction: Direction,
    answer_to: type[i.Instruction],
    event: e.Event,
    outcome: Outcome,
    after: list[type[i.Instruction]],
) -> None:
    machine, asked = run(direction, {answer_to: event})
    assert machine.outcome is outcome
    assert asked[asked.index(answer_to) + 1 :] == after


@pytest.mark.parametrize("end", [e.Go(), e.VotedAbort(), e.Cancelled()])
def test_while_others_are_late_it_serves_and_suspends_anew(end: e.Event) -> None:
    machine = Upgrade("up")
    asked: Asked = []
    answers = {i.ReportHeld: iter([e.OthersLate(), e.OthersLate(), e.Go()]), i.AwaitOthers: iter([e.Go(), end])}
    while not machine.done:
        [instruction] = machine.next_instructions()
        asked.append(type(instruction))
        machine.receive_event(next(answers.get(type(instruction), iter([])), GOOD[type(instruction)]))
    waits = [i.ReportHeld, i.AwaitOthers]
    complete = isinstance(end, e.Go)
    rest = [i.Suspend, i.ReportHeld, i.Load, i.CodeChange, *TAIL] if complete else [i.Resume]
    assert asked == [*HEAD[:-1], *waits, i.Suspend, *waits, *rest]
    assert machine.outcome is (Outcome.COMPLETE if complete else Outcome.ABORTED)


def test_a_failed_undo_is_broken_and_still_resumes() -> None:
    machine, asked = run(Direction.UP, {i.Verify: e.VerifyFailed(), i.Undo: e.UndoFailed(UndoFailed("no"))})
    assert machine.outcome is Outcome.BROKEN
    assert asked[-2:] == [i.Undo, i.Resume]
    assert isinstance(machine.error, UndoFailed)


def test_the_first_error_is_kept() -> None:
    reason = MigrationFailed("because")
    machine, _ = run(Direction.UP, {i.CodeChange: e.MigrationFailed(reason)})
    assert machine.error is reason


def test_the_outcome_is_decided_before_the_sessions_are_resumed_but_told_at_the_end() -> None:
    machine = Upgrade("up")
    while machine.state is not State.RESUMING:
        (instruction,) = machine.next_instructions()
        machine.receive_event(GOOD[type(instruction)])
    assert (machine.decided, machine.outcome) == (Outcome.COMPLETE, None)


def test_cancelling_while_resuming_owes_the_resume_all_the_same() -> None:
    machine = Upgrade("up")
    while machine.state is not State.RESUMING:
        (instruction,) = machine.next_instructions()
        machine.receive_event(GOOD[type(instruction)])
    assert machine.next_instructions() == (i.Resume(),)
    machine.receive_event(e.Cancelled())
    assert (machine.done, machine.next_instructions()) == (False, ())
    machine.receive_event(e.Resumed())
    assert machine.state is State.RERENDERING


def test_an_event_before_its_instruction_was_asked_for_is_a_programming_error() -> None:
    with pytest.raises(ProtocolError, match="before Plan"):
        Upgrade("up").receive_event(e.Planned())


def test_every_state_but_the_last_has_an_instruction_and_a_way_on() -> None:
    assert set(INSTRUCTION_OF) == set(State) - {State.DONE}
    for table in TRANSITIONS.values():
        assert set(table) == set(State)
        assert all(table[state] for state in State if state is not State.DONE)
        assert table[State.DONE] == {}


def test_between_the_first_touch_and_commit_or_undo_all_instructions_are_atomic() -> None:
    atomic = {cls for cls in INSTRUCTION_OF.values() if cls.atomic}
    assert atomic == {i.Load, i.CodeChange, i.Verify, i.Vote, i.Commit, i.Undo}
    for table in TRANSITIONS.values():
        for state, cls in INSTRUCTION_OF.items():
            if cls.atomic:
                assert e.Cancelled not in table[state]


@given(st.sampled_from(Direction), st.lists(st.tuples(st.sampled_from(EVENTS), st.booleans()), max_size=60))
def test_any_order_of_events_keeps_the_rules(direction: Direction, attempts: list[tuple[type[e.Event], bool]]) -> None:
    machine = Upgrade(direction)
    asked: list[type[i.Instruction]] = []
    told: list[type[e.Event]] = []
    for cls, flag in attempts:
        asked += [type(each) for each in machine.next_instructions()]
        event = e.Planned(changes=flag) if cls is e.Planned else cls()
        before = (machine.state, machine.decided, len(machine.trace))
        if cls in TRANSITIONS[direction][machine.state]:
            machine.receive_event(event)
            told.append(cls)
        else:
            with pytest.raises(ProtocolError):
                machine.receive_event(event)
            assert (machine.state, machine.decided, len(machine.trace)) == before
        assert (machine.outcome is not None) == machine.done
    _finish(machine, asked, told)
    _check_rules(machine, asked, told)


@given(st.sampled_from(Direction), st.data())
def test_every_allowed_way_ends(direction: Direction, data: st.DataObject) -> None:
    machine = Upgrade(direction)
    asked: list[type[i.Instruction]] = []
    told: list[type[e.Event]] = []
    for _ in range(40):
        if machine.done:
            break
        asked += [type(each) for each in machine.next_instructions()]
        choices = sorted(TRANSITIONS[direction][machine.state], key=lambda cls: cls.__name__)
        cls = data.draw(st.sampled_from(choices))
        machine.receive_event(e.Planned(changes=data.draw(st.booleans())) if cls is e.Planned else cls())
        told.append(cls)
    _finish(machine, asked, told)
    _check_rules(machine, asked, told)


def _finish(machine: Upgrade, asked: list[type[i.Instruction]], told: list[type[e.Event]]) -> None:
    """Answer well from here on: from every state that must lead to the end, in no more steps than there are
    states."""
    for _ in State:
        asked += [type(each) for each in machine.next_instructions()]
        if machine.done:
            return
        event = GOOD[INSTRUCTION_OF[machine.state]]
        machine.receive_event(event)
        told.append(type(event))
    assert machine.done


def _check_rules(machine: Upgrade, asked: list[type[i.Instruction]], told: list[type[e.Event]]) -> None:
    assert machine.outcome is not None
    assert asked.count(i.Resume) == min(asked.count(i.Suspend), 1)
    assert asked.count(i.Suspend) <= asked.count(i.AwaitOthers) + 1 == told.count(e.OthersLate) + 1
    assert all(asked.count(each) == 1 for each in set(asked) - {i.Suspend, i.ReportHeld, i.AwaitOthers})
    if i.Commit in asked:
        assert i.Undo not in asked
        assert machine.outcome is Outcome.COMPLETE
    touched = i.Load in asked or i.CodeChange in asked
    assert touched == (i.Commit in asked or i.Undo in asked)
    assert (machine.outcome is Outcome.BROKEN) == (e.UndoFailed in told)
    assert (machine.outcome is Outcome.COMPLETE) == (e.Committed in told)
    assert (i.Rerender in asked) == (machine.outcome is Outcome.COMPLETE)
