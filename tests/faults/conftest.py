"""A started lab with three sessions for each test, its control socket in a folder of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .lab import Lab, private_runtime_dir

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a disk would spend most of the time on fsync


@pytest.fixture
async def lab(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="fh-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        private_runtime_dir(monkeypatch, f"{folder}/rt")
        (Path(folder) / "app").mkdir()
        one = await Lab(Path(folder) / "app").start()
        await one.connect(3)
        yield one
        await one.close()
