from __future__ import annotations

import os
from pathlib import Path

import pytest

from flyhot_asgi.errors import StoreError
from flyhot_asgi.release.files import store_errors, write_atomically


def test_content_and_mode_are_as_asked(tmp_path: Path) -> None:
    write_atomically(tmp_path / "x", b"new", mode=0o600)
    assert (tmp_path / "x").read_bytes() == b"new"
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("step", ["fsync", "replace", "fchmod"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    write_atomically(tmp_path / "x", b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_a_foreign_error_becomes_ours_with_the_file_and_the_mend(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No space left") as caught, store_errors(tmp_path, "written"):
        raise OSError(28, "No space left on device", "/some/object")
    assert caught.value.file == "/some/object"
    assert "writable" in str(caught.value.do)
