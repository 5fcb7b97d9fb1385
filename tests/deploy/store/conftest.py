"""The same suite over every kind of store: memory, a folder, a real S3 server."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flyhot_deploy.store.base import Store
from flyhot_deploy.store.folder import FileStore
from flyhot_deploy.store.memory import MemoryStore
from flyhot_deploy.store.s3 import S3Store
from tests.seaweed import new_bucket, require_weed, server

KINDS = ("memory", "file", "s3")
_numbers = itertools.count()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    with server(require_weed()) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def s3_bucket(s3_endpoint: str) -> Iterator[S3Store]:
    bucket = new_bucket(s3_endpoint)
    before = dict(os.environ)
    os.environ.update(bucket.environment)
    yield S3Store(bucket.name, endpoint=s3_endpoint)
    os.environ.clear()
    os.environ.update(before)


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
