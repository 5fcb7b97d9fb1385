from __future__ import annotations

from typing import Any

import pytest

from flyhot_asgi.control.decision import Decision
from flyhot_asgi.errors import ControlError
from flyhot_deploy.errors import Exit
from flyhot_deploy.local.outcome import already_result, conclude, lost_result, result_of


def one(outcome: str, **more: Any) -> dict[str, Any]:
    base = already_result(1, "B") | {"outcome": outcome, "from": "A", "verified": outcome in ("complete", "already")}
    return base | more


@pytest.mark.parametrize(
    ("outcomes", "decision", "code"),
    [
        (["complete", "complete"], "commit", 0),
        (["complete", "already"], "commit", 0),
        (["already", "already"], None, 0),
        (["refused", "aborted"], "abort", 3),
        (["aborted", "refused", "lost"], "abort", 3),
        (["rolled_back", "aborted"], "abort", 4),
        (["rolled_back", "lost"], "abort", 4),
        (["failed", "aborted"], "abort", 1),
        (["lost", "aborted"], "abort", 1),
        (["aborted"], "abort", 1),
        (["lost", "lost"], "abort", 1),
        (["complete", "lost"], "commit", 5),
        (["lost", "lost"], "commit", 5),
        (["complete", "rolled_back"], "commit", 5),
        (["already", "refused"], "abort", 5),
        (["complete", "aborted"], "abort", 5),
        (["broken", "aborted"], "abort", 5),
        (["broken", "complete"], "commit", 5),
        (["complete", "never heard of"], "commit", 5),
        ([], None, 1),
    ],
)
def test_outcomes_make_the_exit_code(outcomes: list[str], decision: Decision | None, code: int) -> None:
    results = [one(outcome) for outcome in outcomes]
    assert conclude(results, target="B", decision=decision).exit == Exit(code)


@pytest.mark.parametrize("more", [{"verified": False}, {"verified": 1}, {"to": "C"}])
def test_success_is_only_what_was_verified_against_this_release(more: dict[str, Any]) -> None:
    for outcome in ("complete", "already"):
        results = [one("complete"), one(outcome, **more)]
        assert conclude(results, target="B", decision="commit").exit is Exit.MIXED


def test_what_a_process_says_of_the_release_that_it_runs_is_its_result() -> None:
    said = {"result": one("already", notes=["x"]) | {"to": "B", "pid": 9}}
    assert already_result(1, "B", said) | {"pid": 1} == already_result(1, "B") | said["result"] | {"pid": 1}
    other = {"result": one("already") | {"to": "C"}}
    for nonsense in (other, {}, {"result": 3}, {"ok": False, "error": {"message": "busy"}}, None):
        assert already_result(1, "B", nonsense)["verified"] is False
    assert already_result(1, "B", {"error": {"message": "busy"}})["error"] == {"message": "busy"}
    assert already_result(1, "B", ControlError("nobody there"))["error"]["message"] == "nobody there"


def test_an_interruption_is_said_unless_somebody_runs_the_release() -> None:
    stopped = [one("aborted"), one("rolled_back")]
    ending = conclude(stopped, target="B", decision="abort", interrupted=True)
    assert (ending.exit, ending.outcome) == (Exit.INTERRUPTED, "interrupted")
    mixed = conclude([one("aborted"), one("complete")], target="B", decision="abort", interrupted=True)
    assert mixed.exit is Exit.MIXED


def test_the_word_for_nothing_to_do_differs_from_the_word_for_done() -> None:
    assert conclude([one("already")], target="B", decision=None).outcome == "already"
    assert conclude([one("already"), one("complete")], target="B", decision="commit").outcome == "complete"


def test_the_error_shown_is_the_cause_and_not_a_consequence() -> None:
    results = [
        one("aborted", error={"message": "told to stop"}),
        one("lost", error={"message": "gone"}),
        one("rolled_back", error={"message": "code_change raised"}),
    ]
    assert conclude(results, target="B", decision="abort").error == {"message": "code_change raised"}


@pytest.mark.parametrize(
    ("results", "interrupted", "said"),
    [
        ([one("aborted"), one("aborted")], False, "process 1: aborted"),
        ([one("failed")], False, "process 1: failed"),
        ([one("rolled_back")], False, "process 1: rolled_back"),
        ([one("refused")], False, "process 1: refused"),
        ([], False, "no process was left"),
        ([one("aborted")], True, "interrupted"),
        ([one("complete"), one("already", verified=False, pid=7)], False, "process 7 says 'already'"),
        ([one("complete"), one("unknown", pid=7)], False, "process 7 says 'unknown'"),
        ([one("broken")], False, "process 1 says 'broken'"),
    ],
)
def test_nothing_ends_badly_without_a_word(results: list[dict[str, Any]], interrupted: bool, said: str) -> None:
    ending = conclude(results, target="B", decision="abort", interrupted=interrupted)
    assert ending.exit is not Exit.VERIFIED
    assert ending.error is not None and said in ending.error["message"] and ending.error["do"]


def test_a_lost_process_is_named_and_what_is_known_of_it_said() -> None:
    before = lost_result(7, "A", "B", "hung up", "abort")["error"]
    assert before["message"] == "process 7 hung up before the decision, so every process stays on the old release"
    after = lost_result(7, "A", "B", "hung up", "commit")["error"]
    assert "what it runs now is unknown" in after["message"]
    assert after["do"]


def test_a_last_frame_becomes_a_result() -> None:
    assert result_of(7, {"result": {"outcome": "failed", "pid": 1}}, "A", "B") == {
        "outcome": "failed",
        "pid": 7,
    }
    error = {"kind": "locked", "message": "busy"}
    assert result_of(7, {"error": error}, "A", "B")["outcome"] == "failed"
    assert result_of(7, {"error": error | {"kind": "refused"}}, "A", "B")["outcome"] == "refused"
    assert result_of(7, {"error": error}, "A", "B", prepared=True)["outcome"] == "unknown"
    assert result_of(7, None, "A", "B")["outcome"] == "aborted"
    for nonsense in ({}, {"result": 3}, {"result": {"outcome": 3}}, {"error": "x"}):
        assert result_of(7, nonsense, "A", "B")["outcome"] == "unknown"
