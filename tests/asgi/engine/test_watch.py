"""What is run once more starts nothing, and says what it would have."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from flyhot_asgi.engine.patching.watch import nothing_started
from flyhot_asgi.errors import UpgradeError


def thread() -> None:
    threading.Thread(target=print, daemon=True).start()


def bound() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))


def swallowed() -> None:
    try:
        subprocess.run(["true"], check=True)
    except BaseException:
        return


STARTED = {
    "starts a thread": thread,
    "starts a process": lambda: subprocess.run(["true"], check=True),
    "binds a socket": bound,
    "connects a socket": lambda: socket.create_connection(("127.0.0.1", 9)),
    "asks for an address": lambda: socket.getaddrinfo("localhost", 80),
    "writes to": lambda: Path("no-such-file").write_text(""),
    "makes a folder": lambda: Path("no-such-folder").mkdir(),
}


@pytest.mark.parametrize("said", STARTED)
def test_it_is_stopped_and_told(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UpgradeError, match=said if said != "connects a socket" else "connects|asks"):
        with nothing_started(UpgradeError):
            STARTED[said]()
    assert not list(tmp_path.iterdir())


def test_what_a_library_swallows_is_told_all_the_same() -> None:
    with pytest.raises(UpgradeError, match="starts a process"):
        with nothing_started(UpgradeError):
            swallowed()


def test_what_changes_nothing_passes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with nothing_started(UpgradeError):
        Path(__file__).read_text()
        Path(os.devnull).write_text("")
        tmp_path.mkdir(exist_ok=True)
        with log.open("a"):
            pass
    STARTED["binds a socket"]()
    assert log.exists()


def test_other_threads_go_on() -> None:
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait()
        bound()
        done.set()

    other = threading.Thread(target=work)
    other.start()
    with nothing_started(UpgradeError):
        go.set()
        assert done.wait(60)
    other.join()
