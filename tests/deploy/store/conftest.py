"""The same suite over every kind of store: memory, a folder, a real S3 server."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from flyhot_deploy.store.base import Store
from flyhot_deploy.store.folder import FileStore
from flyhot_deploy.store.memory import MemoryStore
from flyhot_deploy.store.s3 import S3Store

KINDS = ("memory", "file", "s3")
_numbers = itertools.count()


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store; in S3 its bucket is shared, so that tests keep below `space`."""
    match request.param:
        case "memory":
            return MemoryStore()
        case "file":
            return FileStore(tmp_path / "store")
    bucket: S3Store = request.getfixturevalue("s3_bucket")
    return bucket


@pytest.fixture
def space() -> str:
    """A prefix of the test's own."""
    return f"t{next(_numbers)}"
