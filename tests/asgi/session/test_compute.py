"""Migration by policy: who is dropped, how long one may take, and what debug mode finds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from flyhot_asgi.session import MigrationReport, Registry, UnitMigrationFailed, compute
from flyhot_asgi.session.budget import EachInTime, within
from flyhot_asgi.session.migrate import migrate

SHARED: list[str] = []


class Member:
    """What its code_change does is given by the test."""

    on_failed_code_change = "drop_session"
    change: Callable[..., Any]

    def __init__(self, name: str) -> None:
        self.name = name
        self.shared = SHARED
        self.tags = ["old"]

    def code_change(self, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        return type(self).change(self, old_vsn, state, extra)


class Strict(Member):
    on_failed_code_change = "abort"


class Undo:
    def note(self, what: str, undo: Any) -> None:
        return


@pytest.fixture(autouse=True)
def fresh() -> None:
    SHARED.clear()


def members(*names: str, cls: type[Member] = Member) -> tuple[list[Member], Registry]:
    made, registry = [cls(name) for name in names], Registry()
    for each in made:
        registry.register(each, each.name)
    return made, registry


def run(registry: Registry, change: Callable[..., Any], **options: Any) -> MigrationReport:
    Member.change = change
    options.setdefault("droppable", lambda unit: True)
    return migrate(
        registry.units(),
        direction="up",
        old_vsn=lambda cls: "1",
        new_vsn=lambda cls: "2",
        extra={},
        undo=Undo(),
        **options,
    )


def failing(*names: str) -> Callable[..., Any]:
    """Changes what all share first, and then fails for these."""

    def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        state["shared"].append(self.name)
        state["tags"].append("half")
        if self.name in names:
            raise KeyError(self.name)
        return {**state, "done": True}

    return change


def dropped(report: MigrationReport) -> list[str]:
    return [unit.id for unit, _ in report.dropped]


def test_only_those_that_fail_are_dropped_and_leave_no_trace() -> None:
    made, registry = members("a", "b", "c", "d")
    report = run(registry, failing("b", "d"))
    assert dropped(report) == ["object:b", "object:d"] and report.migrated == 2
    assert SHARED == ["a", "c"], "what the failed ones had changed in what all share is put back"
    assert [hasattr(each, "done") for each in made] == [True, False, True, False]
    assert [each.tags for each in made] == [["old", "half"], ["old"], ["old", "half"], ["old"]]
    error = report.dropped[0][1]
    assert "code_change raised KeyError" in error.what and "Undone" not in error.what
    assert error.file is not None and error.file.endswith("test_compute.py")


def test_a_class_that_does_not_say_so_undoes_the_upgrade() -> None:
    made, registry = members("a", "b", cls=Strict)
    with pytest.raises(UnitMigrationFailed, match="KeyError"):
        run(registry, failing("b"))
    assert SHARED == [] and not any(hasattr(each, "done") for each in made)


def test_what_is_no_session_cannot_be_dropped() -> None:
    _, registry = members("a", "b")
    with pytest.raises(UnitMigrationFailed, match="KeyError"):
        run(registry, failing("b"), droppable=lambda unit: False)
    assert SHARED == []


def test_all_of_them_may_be_dropped() -> None:
    _, registry = members("a", "b")
    report = run(registry, failing("a", "b"))
    assert dropped(report) == ["object:a", "object:b"] and (report.migrated, report.units) == (0, ())
    assert SHARED == []


def test_one_that_fails_for_others_each_time_undoes_the_upgrade() -> None:
    _, registry = members(*"abcdefgh")
    calls = 0

    def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        if calls in (1, 9, 17):
            raise KeyError(calls)
        state["shared"].append(self.name)
        return state

    with pytest.raises(UnitMigrationFailed):
        run(registry, change)
    assert SHARED == []


@pytest.mark.parametrize("wrong", [None, 3, {1: 2}])
def test_a_wrong_answer_is_a_failure_like_others(wrong: object) -> None:
    _, registry = members("a", "b")
    report = run(registry, lambda self, old, state, extra: wrong if self.name == "a" else state)
    assert dropped(report) == ["object:a"]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_what_is_no_exception_undoes_all(error: BaseException) -> None:
    _, registry = members("a")

    def change(*arguments: Any) -> Any:
        raise error

    with pytest.raises(UnitMigrationFailed):
        run(registry, change)


def spinning(name: str, seconds: float) -> Callable[..., Any]:
    def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        state["shared"].append(self.name)
        end = time.monotonic() + seconds
        while self.name == name and time.monotonic() < end:
            pass
        return {**state, "done": True}

    return change


def test_one_that_takes_too_long_is_interrupted_and_dropped() -> None:
    made, registry = members("a", "b", "c")
    began = time.monotonic()
    report = run(registry, spinning("b", 30.0), each=0.05)
    assert time.monotonic() - began < 10
    assert dropped(report) == ["object:b"] and SHARED == ["a", "c"]
    assert "longer than 0.05 s" in report.dropped[0][1].what
    assert [hasattr(each, "done") for each in made] == [True, False, True]


def test_or_undoes_the_upgrade() -> None:
    _, registry = members("a", "b", cls=Strict)
    with pytest.raises(UnitMigrationFailed, match=r"object:b.*longer than 0\.05 s, which is what one may take"):
        run(registry, spinning("b", 30.0), each=0.05)
    assert SHARED == []


def test_all_together_have_a_limit_too_which_nobody_is_dropped_for() -> None:
    _, registry = members("a", "b")
    with pytest.raises(UnitMigrationFailed, match=r"longer than 0\.05 s in all"):
        run(registry, spinning("b", 30.0), budget=0.05, each=5.0)
    assert SHARED == []


def test_computing_again_without_those_that_failed_does_not_prolong_the_limit_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, registry = members("a", "b")
    given: list[float] = []

    def noting(seconds: float, *rest: Any) -> Any:
        given.append(seconds)
        return within(seconds, *rest)

    monkeypatch.setattr(compute, "within", noting)
    run(registry, failing("b"), budget=20.0)
    assert len(given) == 2 and 20.0 >= given[0] > given[1]


def test_late_is_what_was_at_work_all_the_time_whenever_the_watch_looks() -> None:
    watch = EachInTime(1.0)
    assert not watch.is_late(0.0)
    watch.current = "a"
    assert not watch.is_late(5.0), "it has only been seen now"
    watch.current = "b"
    assert not watch.is_late(5.9) and not watch.is_late(6.8)
    assert watch.is_late(6.9) and watch.late == "b"
    unlimited = EachInTime(None)
    unlimited.current = "a"
    assert not unlimited.is_late(0.0) and not unlimited.is_late(1e9)


def test_many_quick_ones_are_not_late_together() -> None:
    _, registry = members(*(str(number) for number in range(300)))
    report = run(registry, lambda self, old, state, extra: state, each=0.02)
    assert report.migrated == 300 and report.dropped == ()


def test_debug_finds_what_is_assigned_to_the_session_itself() -> None:
    made, registry = members("a", cls=Strict)

    def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        self.clicks = 3  # type: ignore[attr-defined]
        return state

    run(registry, change)
    assert not hasattr(made[0], "clicks"), "lost, without a word"
    with pytest.raises(UnitMigrationFailed, match="changed `clicks` of the session itself"):
        run(registry, change, debug=True)
    assert not hasattr(made[0], "clicks")


def test_debug_notes_what_is_changed_in_place(caplog: pytest.LogCaptureFixture) -> None:
    _, registry = members("a")
    run(registry, failing(), debug=True)
    assert "changed `shared` in place" in caplog.text and "changed `tags` in place" in caplog.text
    caplog.clear()
    run(registry, lambda self, old, state, extra: {**state, "tags": [*state["tags"], "x"]}, debug=True)
    assert caplog.text == ""
