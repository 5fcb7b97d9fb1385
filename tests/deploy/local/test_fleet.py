from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.errors import ControlError
from flyhot_deploy.errors import DeployError
from flyhot_deploy.local.fleet import Silent, Status, gather, nobody_runs, read_status, require_complete

ROOT = Path("/app")
GOOD: dict[str, Any] = {
    "pid": 7,
    "app": "a",
    "root": "/app",
    "store": "/app/.flyhot",
    "release": "A" * 64,
    "state": "serving",
    "python": "3.11.7",
    "since": 5,
}


def status(pid: int, **more: Any) -> Status:
    return read_status(pid, GOOD | more, ROOT)


def test_a_status_is_read_and_its_process_is_the_one_that_was_asked() -> None:
    read = status(9)
    assert (read.pid, read.vsn, read.python, read.store) == (9, "A" * 12, "3.11", Path("/app/.flyhot"))


@pytest.mark.parametrize(
    "bad", [None, [], {}, *({key: value for key, value in GOOD.items() if key != gone} for gone in GOOD)]
)
def test_an_answer_that_is_no_status_is_an_error(bad: object) -> None:
    with pytest.raises(ControlError):
        read_status(7, bad, ROOT)


@pytest.mark.parametrize("more", [{"root": "/other"}, {"release": None}, {"since": "now"}])
def test_a_status_of_another_app_or_of_the_wrong_types_is_an_error(more: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        status(7, **more)


def test_processes_are_in_the_order_of_their_pids() -> None:
    fleet = gather([status(9), Silent(3, "why"), status(5)])
    assert fleet.pids == (5, 9)
    assert [one.pid for one in fleet.silent] == [3]


def test_the_release_is_what_all_run() -> None:
    assert gather([status(1), status(2)]).release == "A" * 64
    mixed = gather([status(1), status(2, release="B" * 64)])
    assert mixed.release is None
    assert mixed.is_mixed
    assert mixed.releases == ("A" * 64, "B" * 64)


def test_with_a_silent_process_nobody_knows_what_all_run() -> None:
    fleet = gather([status(1), Silent(2, "why")])
    assert fleet.release is None
    assert not fleet.is_mixed
    with pytest.raises(DeployError, match=r"process 2 .* does not answer"):
        require_complete(fleet)


def test_what_processes_must_agree_on_is_checked() -> None:
    assert gather([status(1), status(2)]).the_one("python") == "3.11"
    with pytest.raises(DeployError, match="don't agree on their store"):
        gather([status(1), status(2, store="/x")]).the_one("store")


def test_nobody_runs_says_where_others_do() -> None:
    error = nobody_runs(ROOT, [("poll", Path("/p"), 2), ("chat", Path("/c"), 1)])
    assert "/app" in error.message
    assert "HotUpgrade" in str(error.do)
    assert error.detail == "running elsewhere: poll in /p (2 processes); chat in /c (1 process)"
    assert nobody_runs(ROOT, []).detail is None
