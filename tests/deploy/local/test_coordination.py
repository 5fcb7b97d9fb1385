from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from flyhot_asgi.errors import ProtocolError
from flyhot_deploy.errors import Exit
from flyhot_deploy.local.coordination import (
    STATIONS,
    Arrived,
    AskDecision,
    Command,
    Coordination,
    DeadlinePassed,
    Decided,
    Finished,
    Interrupted,
    Lost,
    OthersLate,
    Phase,
    Tell,
)
from flyhot_deploy.local.outcome import already_result, conclude, lost_result

WORDS = ["prepared", "held", "ready"]


def result(outcome: str) -> dict[str, Any]:
    return already_result(0, "B") | {"outcome": outcome, "verified": outcome in ("complete", "already"), "from": "A"}


def arrive(machine: Coordination, word: str) -> tuple[Command, ...]:
    """Everybody comes to the station; what the last one's arrival led to."""
    commands: tuple[Command, ...] = ()
    for pid in machine.awaited:
        assert commands == ()
        commands = machine.receive(Arrived(pid, word))
    return commands


def at(phase: Phase, *pids: int) -> Coordination:
    """A coordination that has come to this phase."""
    machine = Coordination(pids or (1, 2))
    for word in WORDS:
        if machine.phase is phase:
            return machine
        arrive(machine, word)
    if phase is Phase.COLLECT:
        machine.receive(Decided("commit"))
    assert machine.phase is phase
    return machine


def told(commands: tuple[Command, ...]) -> dict[int, str]:
    return {command.pid: command.go for command in commands if isinstance(command, Tell)}


def test_the_straight_way() -> None:
    machine = Coordination([1, 2])
    assert told(arrive(machine, "prepared")) == {1: "suspend", 2: "suspend"}
    assert told(arrive(machine, "held")) == {1: "apply", 2: "apply"}
    assert arrive(machine, "ready") == (AskDecision(),)
    assert told(machine.receive(Decided("commit"))) == {1: "commit", 2: "commit"}
    for pid in (1, 2):
        assert machine.receive(Finished(pid, result("complete"))) == ()
    assert machine.phase is Phase.DONE
    assert machine.decision == "commit"
    assert set(machine.results) == {1, 2}


def test_nobody_to_upgrade_is_done_at_once() -> None:
    assert Coordination([]).phase is Phase.DONE


@pytest.mark.parametrize("phase", [Phase.PREPARE, Phase.SUSPEND, Phase.APPLY])
@pytest.mark.parametrize("outcome", ["refused", "failed", "rolled_back", "broken", "complete"])
def test_who_ends_before_the_decision_ends_it_for_all(phase: Phase, outcome: str) -> None:
    machine = at(phase, 1, 2, 3)
    assert told(machine.receive(Finished(2, result(outcome)))) == {1: "abort", 3: "abort"}
    assert machine.decision == "abort"
    machine.receive(Finished(1, result("aborted")))
    machine.receive(Finished(3, result("aborted")))
    assert machine.phase is Phase.DONE


@pytest.mark.parametrize("phase", [Phase.PREPARE, Phase.SUSPEND, Phase.APPLY])
def test_who_dies_before_the_decision_ends_it_for_all(phase: Phase) -> None:
    machine = at(phase)
    assert told(machine.receive(Lost(2, "hung up")))[1] == "abort"
    assert machine.lost == {2: "hung up"}


@pytest.mark.parametrize("phase", [Phase.PREPARE, Phase.SUSPEND, Phase.APPLY])
def test_who_is_silent_too_long_is_told_to_abort_as_well(phase: Phase) -> None:
    machine = at(phase)
    machine.receive(Arrived(1, STATIONS[phase][0]))
    assert told(machine.receive(DeadlinePassed(3.0))) == {1: "abort", 2: "abort"}
    assert machine.lost == {2: "gave no answer within 3 s"}


@pytest.mark.parametrize("phase", [Phase.PREPARE, Phase.SUSPEND, Phase.APPLY])
def test_an_interruption_before_the_decision_is_told_to_all(phase: Phase) -> None:
    machine = at(phase)
    assert told(machine.receive(Interrupted())) == {1: "abort", 2: "abort"}
    assert machine.interrupted


@pytest.mark.parametrize("phase", [Phase.DECIDE, Phase.COLLECT])
def test_an_interruption_after_it_changes_nothing(phase: Phase) -> None:
    machine = at(phase)
    assert machine.receive(Interrupted()) == ()
    assert not machine.interrupted


@pytest.mark.parametrize("word", ["held", "ready", "nonsense", "None"])
def test_a_word_out_of_turn_counts_as_lost(word: str) -> None:
    machine = at(Phase.PREPARE)
    assert told(machine.receive(Arrived(1, word))) == {1: "abort", 2: "abort"}
    assert "out of turn" in machine.lost[1]


def test_a_word_said_twice_counts_as_lost() -> None:
    machine = at(Phase.PREPARE)
    machine.receive(Arrived(1, "prepared"))
    machine.receive(Arrived(1, "prepared"))
    assert 1 in machine.lost


def test_a_word_that_crosses_the_abort_is_passed_over() -> None:
    machine = at(Phase.SUSPEND)
    machine.receive(Finished(1, result("failed")))
    assert machine.receive(Arrived(2, "held")) == ()
    assert machine.lost == {}


def test_who_is_held_is_let_go_while_others_are_late_and_asked_again_when_they_have_come() -> None:
    machine = at(Phase.SUSPEND, 1, 2, 3)
    machine.receive(Arrived(1, "held"))
    assert (machine.holding, machine.awaited) == ((1,), (2, 3))
    assert told(machine.receive(OthersLate())) == {1: "resume"}
    assert (machine.holding, machine.awaited) == ((), (2, 3))
    assert machine.receive(OthersLate()) == ()
    assert machine.receive(Arrived(2, "held")) == ()
    assert told(machine.receive(Arrived(3, "held"))) == {1: "suspend"}
    assert (machine.holding, machine.awaited) == ((2, 3), (1,))
    assert told(machine.receive(OthersLate())) == {2: "resume", 3: "resume"}
    assert told(machine.receive(Arrived(1, "held"))) == {2: "suspend", 3: "suspend"}
    machine.receive(Arrived(3, "held"))
    assert told(machine.receive(Arrived(2, "held"))) == {1: "apply", 2: "apply", 3: "apply"}
    assert machine.phase is Phase.APPLY


def test_who_was_let_go_is_not_the_one_that_is_late() -> None:
    machine = at(Phase.SUSPEND, 1, 2)
    machine.receive(Arrived(1, "held"))
    machine.receive(OthersLate())
    assert told(machine.receive(DeadlinePassed(3.0))) == {1: "abort", 2: "abort"}
    assert machine.lost == {2: "gave no answer within 3 s"}


def test_who_was_let_go_and_says_that_it_is_held_unasked_counts_as_lost() -> None:
    machine = at(Phase.SUSPEND, 1, 2)
    machine.receive(Arrived(1, "held"))
    machine.receive(OthersLate())
    machine.receive(Arrived(1, "held"))
    assert 1 in machine.lost


def test_when_the_late_one_is_gone_all_is_over() -> None:
    machine = at(Phase.SUSPEND, 1, 2)
    machine.receive(Arrived(1, "held"))
    machine.receive(OthersLate())
    assert told(machine.receive(Finished(2, result("failed")))) == {1: "abort"}
    machine.receive(Finished(1, result("aborted")))
    assert machine.phase is Phase.DONE


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.SUSPEND and phase is not Phase.DONE])
def test_nobody_is_let_go_at_another_time(phase: Phase) -> None:
    machine = at(phase)
    if phase in STATIONS:
        machine.receive(Arrived(1, STATIONS[phase][0]))
    assert machine.receive(OthersLate()) == ()
    assert machine.phase is phase


def test_a_process_that_runs_the_release_already_stands_aside() -> None:
    machine = Coordination([1, 2])
    assert machine.receive(Finished(1, result("already"))) == ()
    assert told(machine.receive(Arrived(2, "prepared"))) == {2: "suspend"}


def test_when_all_run_it_already_nothing_is_decided() -> None:
    machine = Coordination([1, 2])
    machine.receive(Finished(1, result("already")))
    assert machine.receive(Finished(2, result("already"))) == ()
    assert machine.phase is Phase.DONE
    assert machine.decision is None


def test_a_decision_that_was_made_against_us_is_obeyed() -> None:
    machine = at(Phase.DECIDE)
    assert told(machine.receive(Decided("abort"))) == {1: "abort", 2: "abort"}
    assert machine.decision == "abort"


def test_who_dies_while_the_decision_is_made_does_not_change_it() -> None:
    machine = at(Phase.DECIDE)
    assert machine.receive(Lost(2, "hung up")) == ()
    assert machine.receive(DeadlinePassed(1.0)) == ()
    assert told(machine.receive(Decided("commit"))) == {1: "commit"}
    machine.receive(Finished(1, result("complete")))
    assert machine.phase is Phase.DONE


def test_who_dies_after_the_decision_is_not_waited_for() -> None:
    machine = at(Phase.COLLECT)
    assert machine.receive(Lost(2, "hung up")) == ()
    machine.receive(Finished(1, result("complete")))
    assert machine.phase is Phase.DONE
    assert machine.decision == "commit"


def test_what_comes_after_a_last_word_is_passed_over() -> None:
    machine = at(Phase.COLLECT)
    machine.receive(Finished(1, result("complete")))
    for event in (Lost(1, "hung up"), Arrived(1, "ready"), Finished(1, result("failed"))):
        assert machine.receive(event) == ()
    assert machine.results[1]["outcome"] == "complete"
    assert machine.lost == {}


def test_a_stranger_or_an_unasked_decision_is_our_own_mistake() -> None:
    for event in (Lost(9, "x"), Arrived(9, "prepared"), Finished(9, {}), Decided("commit")):
        with pytest.raises(ProtocolError):
            at(Phase.PREPARE).receive(event)


OUTCOMES = ["complete", "already", "refused", "failed", "aborted", "rolled_back", "broken", "odd"]


class AnyOrder(RuleBasedStateMachine):
    """Any event, in any order, at any time: what must hold all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = Coordination([1, 2, 3])
        self.said: dict[int, list[str]] = {1: [], 2: [], 3: []}
        self.heard: dict[int, list[str]] = {1: [], 2: [], 3: []}
        self.asked = 0

    def feed(self, event: Any) -> None:
        for command in self.machine.receive(event):
            if isinstance(command, Tell):
                self.heard[command.pid].append(command.go)
            else:
                self.asked += 1
                present = self.machine.present
                assert present and not self.machine.lost
                assert all(self.said[pid] == WORDS for pid in present)
                gone = set(self.machine.pids) - set(present)
                assert all(self.machine.results[pid]["outcome"] == "already" for pid in gone)

    @rule(pid=st.integers(1, 3), turn=st.booleans(), word=st.sampled_from([*WORDS, "odd"]))
    def speak(self, pid: int, turn: bool, word: str) -> None:
        if turn:
            heard = len(self.said[pid])
            word = WORDS[min(heard, 2)]
        counted = pid in self.machine.present and self.machine.decision is None
        if counted:
            self.said[pid].append(word)
        self.feed(Arrived(pid, word))

    @rule(pid=st.integers(1, 3), outcome=st.sampled_from(OUTCOMES))
    def finish(self, pid: int, outcome: str) -> None:
        self.feed(Finished(pid, result(outcome)))

    @rule(pid=st.integers(1, 3))
    def die(self, pid: int) -> None:
        self.feed(Lost(pid, "hung up"))

    @rule()
    def time_passes(self) -> None:
        self.feed(DeadlinePassed(1.0))

    @rule()
    def others_are_late(self) -> None:
        for command in self.machine.receive(OthersLate()):
            assert isinstance(command, Tell)
            assert self.machine.phase is Phase.SUSPEND
            self.heard[command.pid].append(command.go)
            self.said[command.pid].pop()

    @rule()
    def interrupt(self) -> None:
        self.feed(Interrupted())

    @precondition(lambda self: self.machine.phase is Phase.DECIDE)
    @rule(decision=st.sampled_from(["commit", "abort"]))
    def decide(self, decision: Any) -> None:
        self.feed(Decided(decision))

    @invariant()
    def nobody_is_told_to_commit_without_a_decision(self) -> None:
        committed = [pid for pid, words in self.heard.items() if "commit" in words]
        if committed:
            assert self.asked == 1
            assert self.machine.decision == "commit"
        assert self.asked <= 1
        assert all(not ("commit" in words and "abort" in words) for words in self.heard.values())

    @invariant()
    def words_are_told_in_order_and_once(self) -> None:
        for words in self.heard.values():
            on = [word for word in words if word != "abort"]
            steps = " ".join(on).replace("suspend resume", "").split()
            assert steps == ["suspend", "apply", "commit"][: len(steps)]
            assert "abort" not in words[: len(on)]

    @invariant()
    def nobody_is_both_lost_and_reported(self) -> None:
        assert not set(self.machine.results) & set(self.machine.lost)

    def teardown(self) -> None:
        """Whatever came before, it ends when time passes; and its exit code tells the truth."""
        for _ in range(3):
            if self.machine.phase is Phase.DECIDE:
                self.feed(Decided("commit"))
            self.feed(DeadlinePassed(1.0))
        assert self.machine.phase is Phase.DONE
        self.check_exit_code()

    def check_exit_code(self) -> None:
        machine = self.machine
        results = [
            dict(machine.results[pid])
            if pid in machine.results
            else lost_result(pid, "A", "B", machine.lost[pid], machine.decision)
            for pid in machine.pids
        ]
        ending = conclude(results, target="B", decision=machine.decision, interrupted=machine.interrupted)
        outcomes = [one["outcome"] for one in results]
        runs = [outcome in ("complete", "already") for outcome in outcomes]
        strange = any(outcome in ("broken", "odd") for outcome in outcomes)
        doubt = machine.decision == "commit" and "lost" in outcomes
        assert (ending.exit is Exit.VERIFIED) == all(runs)
        assert (ending.exit is Exit.MIXED) == (strange or doubt or (any(runs) and not all(runs)))
        if ending.exit is Exit.INTERRUPTED:
            assert machine.interrupted
        assert (ending.error is None) or ending.exit is not Exit.VERIFIED


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)


@given(st.permutations([(pid, word) for word in WORDS for pid in (1, 2, 3)]))
def test_only_the_orders_that_keep_to_the_stations_reach_a_decision(order: list[tuple[int, str]]) -> None:
    machine = Coordination([1, 2, 3])
    for pid, word in order:
        machine.receive(Arrived(pid, word))
    stations = [order[:3], order[3:6], order[6:]]
    in_turn = all({word for _, word in part} == {WORDS[index]} for index, part in enumerate(stations))
    assert (machine.phase is Phase.DECIDE) == in_turn
