"""Migration: all units or none, and after a failure the states are those of before."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import Any, Literal

import pytest

from flyhot_asgi.errors import MigrationFailed
from flyhot_asgi.session import MigrationReport, ObjectUnit, Registry, Unit, UnitMigrationFailed
from flyhot_asgi.session import migrate as migration
from flyhot_asgi.session.migrate import migrate

ROOMS: dict[str, list[Any]] = {"lobby": []}


class Undo:
    """An undo log."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, Callable[[], None]]] = []

    def note(self, what: str, undo: Callable[[], None]) -> None:
        self.notes.append((what, undo))

    def rollback(self) -> None:
        while self.notes:
            self.notes.pop()[1]()


class Member:
    """A unit whose code_change is given by the test."""

    total = 0
    change: Callable[..., Any] = staticmethod(lambda self, old_vsn, state, extra: {**state, "clicks": 0})

    def __init__(self, name: str) -> None:
        self.name = name
        self.history: list[Any] = [{"n": 1}]
        self.room = ROOMS["lobby"]
        self.room.append(self)

    def code_change(self, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        return type(self).change(self, old_vsn, state, extra)


class Plain:
    def __init__(self) -> None:
        self.kept = [1]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    ROOMS.clear()
    ROOMS["lobby"] = []
    monkeypatch.setattr(Member, "total", 0)


@pytest.fixture
def members() -> list[Member]:
    return [Member(f"m{number}") for number in range(5)]


@pytest.fixture
def registry(members: list[Member]) -> Registry:
    made = Registry()
    for member in members:
        made.register(member, member.name)
    return made


def run(
    units: list[Unit],
    undo: Undo | None = None,
    *,
    direction: Literal["up", "down"] = "up",
    extra: Mapping[str, Any] | None = None,
    old: Callable[[type], str] = lambda cls: "1",
    new: Callable[[type], str] = lambda cls: "2",
    budget: float = 5.0,
    limit: int = 1_000_000,
) -> MigrationReport:
    return migrate(
        units,
        direction=direction,
        old_vsn=old,
        new_vsn=new,
        extra=extra or {},
        undo=undo or Undo(),
        budget=budget,
        limit=limit,
    )


def picture(members: list[Member]) -> Any:
    """All of the state, with the identities of what is nested."""
    return (
        [
            (id(vars(m)), list(vars(m).items()), id(m.history), id(m.history[0]), dict(m.history[0]), id(m.room))
            for m in members
        ],
        {name: (id(room), list(room)) for name, room in ROOMS.items()},
        Member.total,
        hasattr(Member, "extra"),
    )


def test_every_unit_gets_the_state_that_its_code_change_returned(members: list[Member], registry: Registry) -> None:
    report = run(registry.units())
    assert [member.clicks for member in members] == [0] * 5  # type: ignore[attr-defined]
    assert (report.migrated, len(report.units), report.units[0].old_vsn, report.units[0].new_vsn) == (5, 5, "1", "2")
    assert members[0].room is ROOMS["lobby"]


def test_code_change_is_told_the_older_vsn_in_both_directions(
    members: list[Member], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        told.append((old_vsn, extra, self in members))
        extra["mine"] = True
        return state

    monkeypatch.setattr(Member, "change", change)
    for direction in ("up", "down"):
        run(registry.units(), direction=direction, extra={"direction": direction})  # type: ignore[arg-type]
        assert told == [("1", {"direction": direction, "mine": True}, True)] * 5
        assert {unit.old_vsn for unit in registry.units()} == {"1" if direction == "up" else "2"}
        told.clear()


def test_units_whose_class_is_the_same_and_units_without_code_change_are_left_alone(
    members: list[Member], registry: Registry
) -> None:
    plain = Plain()
    registry.register(plain, "plain")
    report = run(registry.units(), new=lambda cls: "2" if cls is Plain else "1")
    assert [(unit.label, unit.migrated) for unit in report.units] == [("Plain 'plain'", False)]
    assert [report.changed(unit) for unit in registry.units()] == [False] * 5 + [True]
    assert vars(plain) == {"kept": [1]} and not hasattr(members[0], "clicks")


def test_undo_after_success_brings_every_state_back(members: list[Member], registry: Registry) -> None:
    before, undo = picture(members), Undo()

    def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        wreck(self, state)
        return {"name": "new"}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Member, "change", change)
        run(registry.units(), undo)
        assert vars(members[0]) == {"name": "new"}
        undo.rollback()
    assert picture(members) == before


def wreck(self: Member, state: dict[str, Any]) -> None:
    """Everything that a code_change should not do, and can."""
    state["history"][0]["n"] = 2
    state["history"].append(self)
    self.room.clear()
    self.name = "wrecked"
    del self.history
    ROOMS["other"] = [self]
    Member.total += 1
    Member.extra = True  # type: ignore[attr-defined]


ERRORS = [
    ValueError("no"),
    SystemExit(3),
    KeyboardInterrupt(),
    asyncio.CancelledError(),
    GeneratorExit(),
    MemoryError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda each: type(each).__name__)
def test_whatever_one_unit_raises_all_states_are_those_of_before(
    members: list[Member], registry: Registry, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        last = self is members[3]
        wreck(self, state)
        if last:
            raise error
        return {"gone": True}

    monkeypatch.setattr(Member, "change", change)
    before = picture(members)
    with pytest.raises(UnitMigrationFailed) as caught:
        run(registry.units())
    assert picture(members) == before
    failed = caught.value
    assert (failed.unit_id, failed.label, failed.cls) == ("object:m3", "Member 'm3'", Member)
    assert (failed.file, failed.line) == (__file__, change.__code__.co_firstlineno + 4)
    assert type(error).__name__ in failed.message and "the old code still serves" in failed.message
    assert failed.__cause__ is error


def test_endless_recursion_is_a_failure_like_any_other(
    members: list[Member], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        return change(self, old_vsn, state, extra)

    monkeypatch.setattr(Member, "change", change)
    before = picture(members)
    with pytest.raises(MigrationFailed, match="RecursionError") as caught:
        run(registry.units())
    assert picture(members) == before
    assert caught.value.detail is not None and len(caught.value.detail) < 5000
    assert sys.getrecursionlimit() > 500


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (None, "is a return missing"),
        ([("a", 1)], "returned list"),
        ({1: 2}, "no str: int"),
        (Plain(), "returned Plain"),
    ],
    ids=["none", "list", "key", "object"],
)
def test_nonsense_is_refused_and_the_definition_is_named(
    members: list[Member], registry: Registry, monkeypatch: pytest.MonkeyPatch, result: object, says: str
) -> None:
    monkeypatch.setattr(Member, "change", lambda self, old_vsn, state, extra: result)
    before = picture(members)
    with pytest.raises(MigrationFailed, match=says) as caught:
        run(registry.units())
    assert picture(members) == before
    assert (caught.value.file, caught.value.line) == (__file__, Member.code_change.__code__.co_firstlineno)


def test_an_async_code_change_is_closed_and_refused(
    members: list[Member], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        return state

    monkeypatch.setattr(Member, "change", change)
    with pytest.raises(MigrationFailed, match="plain def"):
        run(registry.units())


def test_a_code_change_that_never_ends_is_interrupted_and_undone(
    members: list[Member], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        wreck(self, state)
        while True:
            pass

    monkeypatch.setattr(Member, "change", change)
    before = picture(members)
    with pytest.raises(UnitMigrationFailed, match="longer than") as caught:
        run(registry.units(), budget=0.05)
    assert picture(members) == before
    assert caught.value.file == __file__ and caught.value.unit_id == "object:m0"


def test_a_state_that_can_not_be_assigned_undoes_those_that_were(
    members: list[Member], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = picture(members)
    assign = ObjectUnit.replace_state

    def replace_state(self: ObjectUnit, state: dict[str, Any]) -> None:
        if self.name == "m3" and "clicks" in state:
            raise RuntimeError("can't")
        assign(self, state)

    monkeypatch.setattr(ObjectUnit, "replace_state", replace_state)
    with pytest.raises(UnitMigrationFailed, match="could not be assigned"):
        run(registry.units())
    assert picture(members) == before


def test_a_state_that_can_not_be_read_fails_the_migration_before_any_code_change_runs(
    members: list[Member], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get_state(self: ObjectUnit) -> dict[str, Any]:
        raise TypeError("the state is a list")

    before = picture(members)
    monkeypatch.setattr(ObjectUnit, "get_state", get_state)
    with pytest.raises(UnitMigrationFailed, match="can't be read: TypeError: the state is a list"):
        run(registry.units())
    assert picture(members) == before


def test_states_beyond_the_limit_are_refused_before_any_code_change_runs(
    members: list[Member], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []
    monkeypatch.setattr(Member, "change", lambda self, old_vsn, state, extra: ran.append(1) or state)
    members[0].history.extend(range(1000))
    with pytest.raises(MigrationFailed, match="too much") as caught:
        run(registry.units(), limit=500)
    assert ran == [] and caught.value.do


def test_an_instance_attribute_named_code_change_is_not_called(members: list[Member], registry: Registry) -> None:
    vars(members[0])["code_change"] = lambda *args: 1 / 0
    run(registry.units())
    assert members[0].clicks == 0  # type: ignore[attr-defined]


def test_the_very_dict_of_the_instance_may_be_returned(
    members: list[Member], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Member, "change", lambda self, old_vsn, state, extra: vars(self))
    run(registry.units())
    assert [member.name for member in members] == ["m0", "m1", "m2", "m3", "m4"]


def test_an_object_that_has_gone_is_skipped(members: list[Member], registry: Registry) -> None:
    units = registry.units()
    ROOMS["lobby"].clear()
    del members[4]
    assert run(units).migrated == 4


def test_a_dict_that_is_handed_out_again_or_changed_afterwards_is_each_units_own(
    members: list[Member], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, Any] = {}

    def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        kept.clear()
        kept.update(state, mine=self.name)
        return kept

    monkeypatch.setattr(Member, "change", change)
    run(registry.units())
    kept["mine"] = "nobody's"
    assert [member.mine for member in members] == [member.name for member in members]  # type: ignore[attr-defined]


def test_more_units_than_are_kept_in_one_go_come_back_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What they share was kept with the first that reached it, and is changed by the last."""
    monkeypatch.setattr(migration, "_AT_ONCE", 4)
    registry = Registry()
    members = [Member(f"m{number}") for number in range(11)]
    for member in members:
        registry.register(member, member.name)
    before = picture(members)

    def change(self: Member, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> Any:
        if self is members[-1]:
            for other in members:
                other.history.append("changed")
            ROOMS["lobby"].clear()
            raise ValueError("the last one")
        return {**state, "clicks": 1}

    monkeypatch.setattr(Member, "change", change)
    with pytest.raises(UnitMigrationFailed, match="the last one"):
        run(registry.units())
    assert picture(members) == before
