"""A runtime folder of the test's own, short enough for unix sockets below it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fh-", dir="/tmp"))
    monkeypatch.setenv("FLYHOT_RUNTIME_DIR", str(folder / "run"))
    yield folder / "run"
    shutil.rmtree(folder, ignore_errors=True)
