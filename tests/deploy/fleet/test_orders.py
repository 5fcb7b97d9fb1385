"""A command over a fleet, with its lock: what it reports when the store goes away on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.errors import StoreLocked
from flyhot_deploy.environment import Place
from flyhot_deploy.errors import DeployError
from flyhot_deploy.fleet.options import FleetOptions
from flyhot_deploy.fleet.orders import Fleet as Orders
from flyhot_deploy.fleet.orders import confirm
from flyhot_deploy.release.signing import KeyRing
from tests.deploy.fleet.lab import Fleet, fleet_of

Said = list[str]


def orders(fleet: Fleet, said: Said, **options: Any) -> Orders:
    place = Place("app", "main", None, KeyRing(allow_unsigned=True), None)
    notify = lambda what: said.append(what.text)  # noqa: E731
    return Orders(place, fleet.repository, (), fleet, FleetOptions(**options), notify)


async def test_a_lock_that_can_not_be_given_back_does_not_hide_what_was_found(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a") as fleet:
        said: Said = []
        async with orders(fleet, said).locked():
            fleet.store.faults.unavailable = lambda key: True
        assert any("not given back" in text for text in said)
        fleet.store.faults.unavailable = lambda key: False
        with pytest.raises(StoreLocked):
            async with orders(fleet, said).locked():
                pass
        async with orders(fleet, said, force=True).locked() as lease:
            assert lease.epoch == 2


async def test_a_store_that_only_pretends_is_refused(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a") as fleet:
        fleet.store.faults.ignores_conditions = True
        with pytest.raises(DeployError, match="can't keep a deploy safe"):
            async with orders(fleet, []).locked():
                pass


async def test_nothing_to_confirm(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a") as fleet:
        with pytest.raises(DeployError, match="no release is provisional"):
            await confirm(orders(fleet, []))
