from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from flyhot_asgi.errors import StoreError, StoreLocked
from flyhot_asgi.release.lock import exclusive, in_turn


def test_a_second_deploy_is_told_who_holds_it_and_since_when(tmp_path: Path) -> None:
    with exclusive(tmp_path / "lock"), pytest.raises(StoreLocked) as caught, exclusive(tmp_path / "lock"):
        pass
    assert f"pid {os.getpid()}, since 20" in caught.value.message
    assert json.loads(str(caught.value.detail))["pid"] == os.getpid()


def test_it_is_free_again_after_the_block_and_after_an_error_in_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), exclusive(tmp_path / "lock"):
        raise RuntimeError
    with exclusive(tmp_path / "lock"):
        assert (tmp_path / "lock").exists()


def test_a_holder_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from flyhot_asgi.release.lock import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "lock")],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert holder.stdout is not None and holder.stdin is not None
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreLocked, match=f"pid {holder.pid}"), exclusive(tmp_path / "lock"):
            pass
        holder.kill()
        holder.wait()
    with exclusive(tmp_path / "lock"):
        pass


@pytest.mark.parametrize("words", [b"", b"{", b"[]", b"null"])
def test_a_holder_that_has_not_written_its_name_yet_is_still_the_holder(tmp_path: Path, words: bytes) -> None:
    with exclusive(tmp_path / "lock"):
        (tmp_path / "lock").write_bytes(words)
        with pytest.raises(StoreLocked, match="pid unknown"), exclusive(tmp_path / "lock"):
            pass


def test_a_lock_that_can_not_be_made_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError), exclusive(tmp_path / "missing" / "lock"):
        pass


def test_who_wants_its_turn_waits_until_the_other_is_through(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with in_turn(tmp_path / "lock"):
            order.append("second")

    with in_turn(tmp_path / "lock"):
        other = threading.Thread(target=second)
        other.start()
        other.join(0.05)
        assert other.is_alive()
        order.append("first")
    other.join(10)
    assert order == ["first", "second"]
