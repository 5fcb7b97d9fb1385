from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from flyhot_asgi.control.decision import Decision, Decisions, decisions_dir
from flyhot_asgi.errors import ControlError


@pytest.fixture
def decisions(tmp_path: Path) -> Decisions:
    return Decisions(decisions_dir(tmp_path))


@pytest.mark.parametrize(("first", "second"), [("commit", "abort"), ("abort", "commit")])
def test_the_first_decision_stands_and_the_other_reads_it(
    decisions: Decisions, first: Decision, second: Decision
) -> None:
    assert decisions.standing("tx") is None
    assert decisions.decide("tx", first) == first
    assert decisions.decide("tx", second) == first
    assert Decisions(decisions.folder).standing("tx") == first


def test_each_upgrade_has_its_own(decisions: Decisions) -> None:
    assert decisions.decide("one", "commit") == "commit"
    assert decisions.decide("two", "abort") == "abort"


def test_all_who_decide_at_once_obey_the_same(decisions: Decisions) -> None:
    for attempt in range(30):
        barrier = threading.Barrier(4)
        stands: list[Decision] = []

        def decide(word: Decision, tx: str, barrier: threading.Barrier, stands: list[Decision]) -> None:
            barrier.wait()
            stands.append(decisions.decide(tx, word))

        words: list[Decision] = ["commit", "abort", "abort", "commit"]
        threads = [threading.Thread(target=decide, args=(word, f"tx{attempt}", barrier, stands)) for word in words]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(stands) == 4
        assert len(set(stands)) == 1


def test_its_folder_is_private(decisions: Decisions) -> None:
    decisions.decide("tx", "abort")
    assert stat.S_IMODE(decisions.folder.stat().st_mode) == 0o700


def test_a_decision_that_can_not_be_written_is_an_error_and_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ControlError, match="can't be written"):
        Decisions(tmp_path / "file" / "decisions").decide("tx", "commit")


def test_something_else_in_its_place_is_not_taken_for_a_decision(decisions: Decisions) -> None:
    decisions.folder.mkdir()
    (decisions.folder / "file").touch()
    os.symlink("maybe", decisions.folder / "link")
    for tx in ("file", "link"):
        with pytest.raises(ControlError):
            decisions.decide(tx, "commit")


@pytest.mark.parametrize("tx", ["", "../x", "a/b", "x" * 65, "a b", "-x"])
def test_a_name_that_is_not_plain_is_refused(decisions: Decisions, tx: str) -> None:
    with pytest.raises(ControlError):
        decisions.decide(tx, "abort")


def test_old_decisions_are_forgotten_and_fresh_ones_kept(decisions: Decisions) -> None:
    decisions.decide("old", "abort")
    decisions.decide("new", "commit")
    os.utime(decisions.folder / "old", (0, 0), follow_symlinks=False)
    decisions.forget()
    assert decisions.standing("old") is None
    assert decisions.standing("new") == "commit"


def test_forgetting_where_there_is_nothing_is_no_error(decisions: Decisions) -> None:
    decisions.forget()
    assert not decisions.folder.exists()
