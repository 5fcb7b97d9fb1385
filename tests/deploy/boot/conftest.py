"""A machine with an image, and a store that a deployer writes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.machines import Deployer, Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine((tmp_path / "app").resolve(), tmp_path / "store")
    made.reset()
    return made


@pytest.fixture
def deployer(tmp_path: Path) -> Deployer:
    return Deployer(tmp_path / "store")
