"""The fleet's protocol: by hand for the paths with a name, by Hypothesis for all orders and faults."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyhot_asgi.errors import ProtocolError
from flyhot_deploy.fleet.events import (
    AskDecision,
    AskVerdict,
    Command,
    DeadlinePassed,
    Decided,
    Event,
    Gone,
    Joined,
    Judged,
    Moved,
    MovePointer,
    Phase,
    Reported,
    Stopped,
    Tell,
    Well,
    Withdraw,
    Word,
)
from flyhot_deploy.fleet.rollout import Rollout

THREE = ("a", "b", "c")


def feed(rollout: Rollout, *events: Event) -> list[Command]:
    return [command for event in events for command in rollout.receive(event)]


def all_say(rollout: Rollout, word: Word, machines: tuple[str, ...] = THREE) -> list[Command]:
    return feed(rollout, *(Reported(machine, word) for machine in machines))


def decided(**more: object) -> Rollout:
    rollout = Rollout(THREE, **more)  # type: ignore[arg-type]
    rollout.begin()
    all_say(rollout, "staged")
    assert all_say(rollout, "prepared") == [AskDecision("commit")]
    return rollout


def test_all_goes_well() -> None:
    rollout = Rollout(THREE, strategy="canary")
    assert rollout.begin() == (Tell(Phase.STAGE),)
    assert all_say(rollout, "staged") == [Tell(Phase.PREPARE)]
    assert all_say(rollout, "prepared") == [AskDecision("commit")]
    assert feed(rollout, Decided("commit")) == [Tell(Phase.COMMIT, ("a",))]
    assert feed(rollout, Reported("a", "verified")) == []
    assert rollout.phase is Phase.BAKE
    assert feed(rollout, Well("a")) == [Tell(Phase.COMMIT, THREE)]
    assert all_say(rollout, "verified", ("b", "c")) == []
    assert feed(rollout, Well("c")) == [] and rollout.awaited == ("b",)
    assert feed(rollout, Well("b")) == [AskVerdict("confirmed")]
    assert feed(rollout, Judged("confirmed")) == [MovePointer()]
    assert feed(rollout, Moved(True)) == []
    assert rollout.phase is Phase.DONE and rollout.moved and rollout.problem is None


def test_one_refusal_leaves_every_machine_on_the_old_code() -> None:
    rollout = Rollout(THREE)
    rollout.begin()
    all_say(rollout, "staged")
    feed(rollout, Reported("a", "prepared"))
    assert feed(rollout, Reported("b", "refused")) == [AskDecision("abort")]
    assert feed(rollout, Decided("abort")) == [Withdraw()]
    assert feed(rollout, Moved(True)) == [] and rollout.phase is Phase.DONE
    assert rollout.culprit == "b" and not rollout.going


def test_silence_before_the_decision_is_unknown_and_an_abort() -> None:
    rollout = Rollout(THREE)
    rollout.begin()
    all_say(rollout, "staged", ("a", "b"))
    assert feed(rollout, DeadlinePassed(30)) == [AskDecision("abort")]
    assert rollout.unknown == {"c"} and "c gave no answer within 30 s" in str(rollout.problem)


def test_a_machine_that_decided_first_is_obeyed() -> None:
    rollout = decided()
    assert feed(rollout, Decided("abort")) == [Withdraw()]
    assert rollout.decision == "abort" and rollout.problem


def test_a_sick_canary_goes_back_and_the_rest_is_never_touched() -> None:
    rollout = decided()
    feed(rollout, Decided("commit"), Reported("a", "verified"))
    assert feed(rollout, Reported("a", "sick")) == [AskVerdict("reverted")]
    assert feed(rollout, Judged("reverted")) == [Tell(Phase.REVERT)]
    assert rollout.going == ("a",)
    assert feed(rollout, Reported("a", "reverted")) == [Withdraw()]
    assert rollout.unchanged


def test_a_silent_machine_after_the_decision_stays_unknown() -> None:
    rollout = decided(strategy="all")
    feed(rollout, Decided("commit"), Reported("a", "verified"), Reported("b", "verified"))
    assert feed(rollout, DeadlinePassed(20)) == [AskVerdict("reverted")]
    feed(rollout, Judged("reverted"), Reported("a", "reverted"), Reported("b", "reverted"))
    assert rollout.phase is Phase.REVERT and rollout.awaited == ("c",)
    assert feed(rollout, DeadlinePassed(20)) == [Withdraw()]
    assert rollout.unknown == {"c"} and not rollout.unchanged


def test_rolling_goes_one_by_one_and_a_wave_is_bounded() -> None:
    rollout = decided(strategy="rolling")
    assert feed(rollout, Decided("commit")) == [Tell(Phase.COMMIT, ("a",))]
    feed(rollout, Reported("a", "verified"))
    assert feed(rollout, Well("a")) == [Tell(Phase.COMMIT, ("a", "b"))]
    bounded = decided(strategy="all", at_once=2)
    assert feed(bounded, Decided("commit")) == [Tell(Phase.COMMIT, ("a", "b"))]


def test_a_canary_that_the_platform_stops_is_replaced() -> None:
    rollout = decided()
    feed(rollout, Decided("commit"))
    assert feed(rollout, Gone("a", "was stopped")) == [Tell(Phase.COMMIT, ("a", "b"))]


def test_a_canary_that_does_not_say_that_it_is_well_goes_back() -> None:
    rollout = decided()
    feed(rollout, Decided("commit"), Reported("a", "verified"))
    assert feed(rollout, DeadlinePassed(30)) == [AskVerdict("reverted")]
    assert rollout.culprit == "a" and rollout.going == ("a",)


def test_who_comes_before_the_decision_votes_and_who_comes_later_is_listed() -> None:
    rollout = Rollout(("a",), strategy="all")
    rollout.begin()
    feed(rollout, Joined("b"), Reported("a", "staged"))
    assert rollout.awaited == ("b",)
    feed(rollout, Reported("b", "staged"), Reported("a", "prepared"), Reported("b", "prepared"))
    feed(rollout, Decided("commit"), Joined("c"))
    assert rollout.late == ["c"] and rollout.going == ("a", "b")


def test_no_machine_left_is_no_success() -> None:
    rollout = decided(strategy="all")
    feed(rollout, Decided("commit"), Gone("a", "was stopped"), Gone("b", "was stopped"))
    assert feed(rollout, Gone("c", "was stopped")) == [AskVerdict("reverted")]
    early = Rollout(("a",))
    assert feed(early, Gone("a", "was stopped")) == [AskDecision("abort")]


def test_the_verdict_of_a_machine_stands() -> None:
    rollout = decided(strategy="all")
    feed(rollout, Decided("commit"))
    all_say(rollout, "verified")
    feed(rollout, *map(Well, THREE))
    assert feed(rollout, Judged("reverted")) == [Tell(Phase.REVERT)]
    assert rollout.verdict == "reverted" and rollout.problem


def test_a_pointer_that_does_not_move_is_told() -> None:
    rollout = decided(strategy="all")
    feed(rollout, Decided("commit"))
    all_say(rollout, "verified")
    feed(rollout, *map(Well, THREE), Judged("confirmed"), Moved(False))
    assert rollout.phase is Phase.DONE and not rollout.moved and "pointer" in str(rollout.problem)


def test_interrupted_before_and_after_the_decision() -> None:
    before = Rollout(THREE)
    assert feed(before, Stopped("interrupted", interrupted=True)) == [AskDecision("abort")]
    after = decided()
    assert feed(after, Decided("commit"), Stopped("interrupted", interrupted=True))[-1] == AskVerdict("reverted")
    assert before.interrupted and after.interrupted


def test_no_machines_and_answers_nobody_asked_for() -> None:
    assert Rollout(()).phase is Phase.DONE and Rollout(()).begin() == ()
    with pytest.raises(ProtocolError):
        Rollout(THREE).receive(Decided("commit"))
    with pytest.raises(ProtocolError):
        Rollout(THREE).receive(Judged("confirmed"))
    with pytest.raises(ProtocolError):
        Rollout(THREE).receive(Moved(True))
    with pytest.raises(ProtocolError):
        Rollout(THREE, at_once=0)


# -- all orders ---------------------------------------------------------------------------------


@dataclass
class World:
    """Machines that do what they are told, or not; what is written once; and what each of them runs."""

    rollout: Rollout
    runs_new: set[str] = field(default_factory=set)
    told: Phase | None = None
    released: set[str] = field(default_factory=set)
    decision: str | None = None
    verdict: str | None = None
    pointer: bool = False
    withdrawn: bool = False
    queue: list[Event] = field(default_factory=list)

    def do(self, commands: tuple[Command, ...]) -> None:
        for command in commands:
            match command:
                case Tell(phase, go):
                    assert phase is not Phase.COMMIT or self.decision == "commit"
                    self.told, self.released = phase, self.released | set(go)
                case AskDecision(decision):
                    self.decision = self.decision or decision
                    self.queue.append(Decided(self.decision))  # type: ignore[arg-type]
                case AskVerdict(verdict):
                    self.verdict = self.verdict or verdict
                    self.queue.append(Judged(self.verdict))  # type: ignore[arg-type]
                case MovePointer():
                    assert self.verdict == "confirmed"
                    self.pointer = True
                    self.queue.append(Moved(True))
                case Withdraw():
                    self.withdrawn = True
                    self.queue.append(Moved(True))


WRONG = ["refuse", "fail", "undo", "sick", "gone", "join", "lie"]
STEPS = st.one_of(
    st.tuples(st.just("work"), st.sampled_from(THREE)),
    st.tuples(st.sampled_from(WRONG), st.sampled_from([*THREE, "d"])),
    st.tuples(st.sampled_from(["deadline", "answer", "give up", "machine decides", "machine judges"]), st.just("")),
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["all", "canary", "rolling"]),
    st.integers(1, 3),
    st.lists(STEPS, max_size=60),
)
def test_every_order_of_what_can_happen_ends_true(strategy: str, at_once: int, steps: list[tuple[str, str]]) -> None:
    rollout = Rollout(THREE, strategy=strategy, at_once=at_once)  # type: ignore[arg-type]
    world = World(rollout)
    world.do(rollout.begin())
    for what, machine in steps:
        step(world, what, machine)
    finish(world)
    assert rollout.phase is Phase.DONE
    assert rollout.machines == list(dict.fromkeys(rollout.machines))
    if world.pointer:
        assert world.decision == "commit" and world.verdict == "confirmed"
        assert all(rollout.words.get(m) == "verified" or m in rollout.gone for m in rollout.machines)
        assert world.runs_new >= {m for m in rollout.present}
    else:
        assert world.withdrawn and rollout.problem
        running = world.runs_new - set(rollout.gone)
        assert running <= rollout.unknown, "who runs the release after all was never called unchanged"
    if world.decision == "abort":
        assert not world.runs_new


def step(world: World, what: str, machine: str) -> None:
    rollout = world.rollout
    match what:
        case "work":
            act(world, machine)
        case "refuse" | "fail" if machine not in world.runs_new:
            world.do(rollout.receive(Reported(machine, "refused" if what == "refuse" else "failed")))
        case "undo" if machine in world.released and machine not in world.runs_new:
            world.do(rollout.receive(Reported(machine, "rolled_back")))
        case "sick" if machine in world.runs_new:
            world.do(rollout.receive(Reported(machine, "sick")))
        case "gone":
            world.runs_new.discard(machine)
            world.do(rollout.receive(Gone(machine, "was stopped")))
        case "join":
            world.do(rollout.receive(Joined(machine)))
        case "lie":
            world.do(rollout.receive(Reported(machine, "staged")))
        case "deadline" if not world.queue:
            world.do(rollout.receive(DeadlinePassed(1.0)))
        case "give up":
            world.do(rollout.receive(Stopped("the lock was lost")))
        case "machine decides":
            world.decision = world.decision or "abort"
        case "machine judges" if world.decision == "commit":
            world.verdict = world.verdict or "reverted"
        case "answer" if world.queue:
            world.do(rollout.receive(world.queue.pop(0)))


def act(world: World, machine: str) -> None:
    """A machine does what the last word tells it to, and says so."""
    if machine in world.rollout.gone:
        return
    if world.verdict == "reverted":
        if machine in world.runs_new:
            world.runs_new.discard(machine)
        world.do(world.rollout.receive(Reported(machine, "reverted")))
    elif world.decision == "commit" and machine in world.released:
        world.runs_new.add(machine)
        world.do(world.rollout.receive(Reported(machine, "verified")))
        if world.rollout.phase is Phase.BAKE:
            world.do(world.rollout.receive(Well(machine)))
    elif world.told is Phase.STAGE:
        world.do(world.rollout.receive(Reported(machine, "staged")))
    elif world.told is Phase.PREPARE:
        world.do(world.rollout.receive(Reported(machine, "prepared")))


def finish(world: World) -> None:
    for _ in range(60):
        if world.rollout.phase is Phase.DONE:
            return
        while world.queue:
            world.do(world.rollout.receive(world.queue.pop(0)))
        for machine in world.rollout.awaited:
            act(world, machine)
        if not world.queue:
            world.do(world.rollout.receive(DeadlinePassed(1.0)))
