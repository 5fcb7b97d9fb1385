"""An image's own release in the store: it is what its name says, or it is refused."""

from __future__ import annotations

import time

import pytest

from flyhot_asgi.errors import ManifestError, ReleaseError
from flyhot_asgi.release.manifest import Manifest
from flyhot_deploy.release import base
from flyhot_deploy.release.signing import KeyRing
from flyhot_deploy.repository.gc import find_garbage
from flyhot_deploy.repository.keys import Keys
from flyhot_deploy.repository.repository import Repository
from flyhot_deploy.store.memory import MemoryStore

FILES = {"app.py": b"one\n", "static/a.css": b"b {}\n"}
MANIFEST = Manifest.of(FILES, app="shop")
DAY = 2 * 86400.0


def repository() -> Repository:
    return Repository(MemoryStore(), Keys("shop"), KeyRing(allow_unsigned=True))


def test_it_is_put_there_once_and_read_by_its_name() -> None:
    store = repository()
    assert store.base_files(MANIFEST.digest) is None
    assert store.publish_base(MANIFEST, FILES) is True and store.publish_base(MANIFEST, FILES) is False
    assert store.base_files(MANIFEST.digest) == (MANIFEST, FILES)


def test_any_other_bytes_are_refused_with_one_kind_of_error() -> None:
    good = base.to_bytes(MANIFEST, FILES)
    with pytest.raises(ReleaseError):
        base.from_bytes(good, "0" * 64)
    for index in range(0, len(good), 3):
        with pytest.raises(ReleaseError):
            base.from_bytes(good[:index] + bytes([good[index] ^ 1]) + good[index + 1 :], MANIFEST.digest)
    for cut in (b"", good[:10], good[:-1], good + b"x", base.MAGIC + b"\xff" * 8, b"x" * len(good)):
        with pytest.raises(ReleaseError):
            base.from_bytes(cut, MANIFEST.digest)


def test_what_no_release_may_hold_is_not_put_there() -> None:
    files = {**FILES, "evil.so": b""}
    with pytest.raises(ManifestError):
        repository().publish_base(Manifest.of(files, app="shop"), files)


def test_it_stays_as_long_as_a_machine_runs_it() -> None:
    store = repository()
    store.publish_base(MANIFEST, FILES)
    now = time.time() + DAY
    assert find_garbage(store, now=now).removed == [store.keys.base(MANIFEST.digest)]
    store.say("m1", {"releases": [MANIFEST.digest]})
    assert store.keys.base(MANIFEST.digest) in find_garbage(store, now=now).kept
