"""An agent's next duty, case by case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flyhot_asgi.errors import ManifestError
from flyhot_deploy.agent.duty import (
    Converge,
    Do,
    Duty,
    Forget,
    GoBack,
    Rest,
    Settle,
    Situation,
    WriteAbort,
    WriteReverted,
    next_duty,
)
from flyhot_deploy.agent.memory import Memory, keep, load
from flyhot_deploy.fleet.offer import Offer, read_offer
from flyhot_deploy.repository.pointer import Candidate, Current, Pointer

OLD, NEW, BASE = "a" * 64, "b" * 64, "registry.fly.io/app:1"
CANDIDATE = Candidate("d1", "c" * 64, NEW, 2)
EMPTY = Pointer("app", "main")
CURRENT = Pointer("app", "main", current={BASE: Current("c" * 64, NEW, 2)})
PROVISIONAL = Memory(deploy="d1", word="verified", release=NEW, before=OLD, provisional=True, since=0.0)


def situation(**more: Any) -> Situation:
    start = Situation("m", BASE, (OLD,), OLD, EMPTY, None, Memory(base=BASE), 0.0)
    return replace(start, **more)


def offered(phase: str, *, go: tuple[str, ...] = (), **more: Any) -> Situation:
    pointer = replace(EMPTY, candidate=CANDIDATE)
    return situation(pointer=pointer, offer=Offer(phase=phase, go=go, prepared_for=10.0), **more)  # type: ignore[arg-type]


def word(which: str, **more: Any) -> Memory:
    return Memory(deploy="d1", word=which, base=BASE, **more)


@pytest.mark.parametrize(
    ("given", "duty"),
    [
        (situation(), Rest()),
        (situation(pointer=CURRENT), Converge("c" * 64, NEW, 2)),
        (situation(pointer=CURRENT, expired=True), Rest()),
        (situation(pointer=CURRENT, running=(NEW,)), Rest()),
        (situation(pointer=CURRENT, running=(NEW, OLD)), Converge("c" * 64, NEW, 2)),
        (situation(pointer=CURRENT, running=()), Rest()),
        (situation(running=(NEW,)), Converge(None, OLD)),
        (situation(running=(NEW,), image_release=""), Rest()),
        (situation(pointer=CURRENT, base="registry.fly.io/app:2", running=(OLD,)), Rest()),
        (offered("stage"), Do("stage")),
        (offered("prepare", memory=word("staged")), Do("vote")),
        (offered("stage", memory=word("staged")), Rest(awake=True)),
        (offered("commit", memory=word("prepared")), Rest(awake=True)),
        (offered("commit", go=("m",), memory=word("prepared")), Do("commit")),
        (offered("commit", go=("m",)), Do("stage")),
        (offered("commit"), Rest(awake=True)),
        (offered("prepare", memory=word("refused")), Rest(awake=True)),
        (offered("prepare", memory=word("prepared"), now=11.0), WriteAbort()),
        (offered("prepare", memory=word("prepared", bound=True), now=11.0), Rest(awake=True)),
        (offered("revert", go=("m",), memory=word("prepared")), Do("stand")),
        (offered("stage", running=()), Rest(awake=True)),
        (situation(pointer=None), Rest()),
        (situation(pointer=None, memory=word("prepared")), Rest(awake=True)),
    ],
)
def test_before_a_commit(given: Situation, duty: Duty) -> None:
    assert next_duty(given) == duty


@pytest.mark.parametrize(
    ("given", "duty"),
    [
        (offered("commit", go=("m",), running=(NEW,), memory=PROVISIONAL), Do("watch")),
        (offered("revert", go=("m",), running=(NEW,), memory=PROVISIONAL), GoBack()),
        (offered("commit", running=(OLD,), memory=PROVISIONAL), Forget()),
        (situation(running=(NEW,), memory=PROVISIONAL), GoBack()),
        (situation(running=(NEW,), memory=PROVISIONAL, pointer=CURRENT), Settle()),
        (situation(running=(NEW,), memory=PROVISIONAL, pointer=None), Do("watch")),
        (situation(running=(NEW,), memory=PROVISIONAL, pointer=None, now=121.0), WriteReverted()),
        (offered("commit", running=(NEW,), memory=PROVISIONAL, verdict="confirmed"), Settle()),
        (offered("commit", running=(NEW,), memory=PROVISIONAL, verdict="reverted"), GoBack()),
    ],
)
def test_while_provisional(given: Situation, duty: Duty) -> None:
    assert next_duty(given) == duty


def test_the_memory_survives_and_another_image_is_a_new_beginning(tmp_path: Any) -> None:
    keep(tmp_path, replace(PROVISIONAL, base=BASE, since=5.0, sequence=7))
    assert load(tmp_path, base=BASE, now=6.0).provisional
    assert load(tmp_path, base=BASE, now=1.0).since == 1.0, "a clock that went back is a reboot"
    other = load(tmp_path, base="registry.fly.io/app:2", now=6.0)
    assert not other.provisional and other.sequence == 7
    for nonsense in (b"", b"[]", b'{"since": "x"}', b'{"provisional": 3}'):
        (tmp_path / "agent.state").write_bytes(nonsense)
        assert load(tmp_path, base=BASE, now=0.0) == Memory(base=BASE)


def test_an_offer_crosses_versions() -> None:
    offer = Offer(phase="commit", go=("a",), extra={"k": "v"}, bake=2.0)
    assert read_offer({**offer.document(), "of a later version": 1}) == offer
    assert read_offer({"phase": "stage"}) == Offer(phase="stage")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"phase": "explode"},
        {"phase": "stage", "go": "all"},
        {"phase": "stage", "bake": float("nan")},
        {"phase": "stage", "bake": True},
        {"phase": "stage", "extra": {"a": 1}},
        {"phase": "stage", "health": {"path": "http://169.254.169.254/"}},
        {"phase": "stage", "action": "delete"},
        {"phase": "stage", "provisional_for": 1e12},
    ],
)
def test_an_offer_that_can_not_be_one_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ManifestError, match="can't be used"):
        read_offer(document)
