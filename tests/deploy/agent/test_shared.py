"""One machine checks for all: who believes it, and what happens when it can't be believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyhot_deploy.agent import shared
from flyhot_deploy.agent.shared import SharedCheck
from flyhot_deploy.circumstances import shared_key
from flyhot_deploy.release.signing import KeyRing
from flyhot_deploy.repository.keys import Keys
from flyhot_deploy.repository.repository import Repository
from flyhot_deploy.store.memory import MemoryStore
from tests.deploy.fleet.lab import fleet_of, release_of

WAY = {"from": "a", "to": "b"}


def check(
    store: MemoryStore, *, key: bytes | None = b"k", deploy: str = "d1", way: dict[str, str] = WAY
) -> SharedCheck:
    return SharedCheck(Repository(store, Keys("app"), KeyRing()), key, deploy, way)


async def test_what_one_gives_another_takes() -> None:
    store = MemoryStore()
    await check(store).give({"structure": {"x": ["code", "y"]}})
    assert await check(store).take(1.0) == {"structure": {"x": ["code", "y"]}}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"key": b"other"}, {}),
        ({"deploy": "d2"}, {}),
        ({"way": {"from": "a", "to": "c"}}, {}),
        ({"key": None}, {}),
        ({}, {"key": None}),
    ],
)
async def test_another_secret_deploy_or_way_is_nothing(given: dict[str, object], taken: dict[str, object]) -> None:
    store = MemoryStore()
    await check(store, **given).give({})  # type: ignore[arg-type]
    assert await check(store, **taken).take(0.05) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("damage", [b"", b"x", b"[]", b"0" * 64 + b"\n{}", b"\xff" * 100, b"[" * 10_000])
async def test_whatever_lies_there_is_no_check(damage: bytes) -> None:
    store = MemoryStore()
    store.put(Keys("app").check("d1"), damage)
    assert await check(store).take(1.0) is None
    forged = check(store, key=b"k")
    body = damage.partition(b"\n")[2]
    store.put(Keys("app").check("d1"), forged._mac(body) + b"\n" + body)
    assert await check(store).take(1.0) is None


def test_the_key_is_made_of_a_secret_that_the_bucket_has_not() -> None:
    assert shared_key({"AWS_SECRET_ACCESS_KEY": "x"}, unsigned=False) is None
    assert shared_key({}, unsigned=True) is not None
    one = shared_key({"FLY_API_TOKEN": "x"}, unsigned=False)
    assert one is not None and one != shared_key({"FLY_API_TOKEN": "y"}, unsigned=False) and b"x" != one


async def test_in_a_fleet_one_imports_and_all_know(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a", "b", "c") as fleet:
        fleet.scout = "b"
        await fleet.deploy("two\n")
        wanted = release_of("two\n")
        assert {name: workers.checks for name, workers in fleet.workers.items()} == {"a": [], "b": [wanted], "c": []}
        assert all(workers.cold == {"structure": {"app": ["code", wanted]}} for workers in fleet.workers.values())


async def test_a_scout_that_never_answers_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "PATIENCE", 0.1)
    async with fleet_of(tmp_path, "a", "b") as fleet:
        fleet.scout = "somebody else"
        await fleet.deploy("two\n")
        assert all(workers.checks == [release_of("two\n")] for workers in fleet.workers.values())
