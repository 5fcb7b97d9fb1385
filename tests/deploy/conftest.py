"""An app's folder, and a machine on which it runs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flyhot_asgi.release.config import read_settings
from flyhot_asgi.release.folder import FolderStore
from flyhot_asgi.release.scan import scan
from flyhot_deploy.store.s3 import S3Store
from tests.deploy.fakes import FakeMachine
from tests.seaweed import new_bucket, require_weed, server


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a unix socket below it."""
    folder = Path(tempfile.mkdtemp(prefix="fh-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def runtime(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees, or is seen by, what runs on this machine otherwise."""
    path = short_folder / "run"
    monkeypatch.setenv("FLYHOT_RUNTIME_DIR", str(path))
    return path


@pytest.fixture
def app(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An app's folder, which is also the current one."""
    root = short_folder / "app"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'app'\n")
    (root / "app.py").write_text("def greet():\n    return 'one'\n")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def store(app: Path) -> FolderStore:
    return FolderStore(app / ".flyhot", app="app")


@pytest.fixture
def base(app: Path, store: FolderStore) -> str:
    """The digest of the app as it is on disk before a test edits it; it is in the store."""
    return store.put_release(scan(app, read_settings(app))).digest


@pytest.fixture
def edited(app: Path, base: str) -> str:
    """The app with a change that isn't released: what `hot` would bring."""
    (app / "app.py").write_text("def greet():\n    return 'two'\n")
    return base


@pytest.fixture
def machine(app: Path) -> Iterator[FakeMachine]:
    with FakeMachine(app) as running:
        yield running


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
