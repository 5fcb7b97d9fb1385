"""The app's own health check: whatever it does, one sentence or none."""

from __future__ import annotations

import asyncio
import sys
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flyhot_asgi.runtime.health import why_not_well


async def good() -> None:
    await asyncio.sleep(0)


async def endless() -> None:
    await asyncio.Event().wait()


def raises() -> None:
    raise RuntimeError("the database is gone")


@pytest.fixture
def module() -> Iterator[types.ModuleType]:
    made = types.ModuleType("healthy_app")
    sys.modules["healthy_app"] = made
    yield made
    del sys.modules["healthy_app"]


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda: True, None),
        (lambda: None, None),
        (good, None),
        (lambda: good(), None),
        (lambda: False, "says: False"),
        (lambda: "no room", "says: no room"),
        (raises, "raised RuntimeError: the database is gone"),
        (endless, "no answer within 0.05 s"),
        (lambda: time.sleep(0.2), "no answer within 0.05 s"),
    ],
)
async def test_what_it_says_and_does(module: types.ModuleType, check: Callable[[], Any], said: str | None) -> None:
    module.check = check  # type: ignore[attr-defined]
    why = await why_not_well("healthy_app:check", 0.05 if said and "0.05" in said else 5.0)
    assert why is None if said is None else said in str(why)


@pytest.mark.parametrize("target", ["healthy_app:missing", "nowhere:check", "healthy_app:check.more"])
async def test_one_that_is_not_there_is_not_well(module: types.ModuleType, target: str) -> None:
    module.check = good  # type: ignore[attr-defined]
    assert "is not there" in str(await why_not_well(target))
