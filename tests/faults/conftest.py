"""A started lab with three sessions for each test, its control socket in a folder of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .lab import Lab, private_runtime_dir


@pytest.fixture
async def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    short = tempfile.mkdtemp(prefix="fh-")
    private_runtime_dir(monkeypatch, short)
    one = await Lab(tmp_path).start()
    await one.connect(3)
    yield one
    await one.close()
    shutil.rmtree(short, ignore_errors=True)
