"""An app whose files were edited while it was being imported: which release is it?"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flyhot_asgi.control.crew import Crew
from flyhot_asgi.control.paths import open_store
from flyhot_asgi.errors import ControlError
from flyhot_asgi.release import began, imported
from flyhot_asgi.release.config import read_settings
from flyhot_asgi.runtime import doubt, process
from flyhot_asgi.runtime.doubt import keep_for_forks, what_runs
from flyhot_asgi.runtime.installed import Installed
from tests.faults.lab import FIRST, MAIN, RULES, SECOND, Lab

CONSTANT = {"main.py": MAIN.replace("RELEASE = 1\n", "RELEASE = 3\n"), "rules.py": RULES}


def edit(lab: Lab, files: dict[str, str]) -> Installed:
    """The files are others now; what a process that is started would take for what it runs."""
    for name, text in files.items():
        (lab.root / lab.top / name).write_text(text.replace("TOP", lab.top))
    first = lab.installed
    return Installed.at_start(first.root, first.settings, first.store)


@pytest.mark.parametrize("files", [SECOND, CONSTANT], ids=["functions", "one constant"])
async def test_what_was_imported_is_found_among_what_is_known(
    lab: Lab, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = edit(lab, files)
    assert claimed.digest != lab.first.digest
    assert await what_runs(claimed) is claimed, "nothing says that it was edited meanwhile"
    monkeypatch.setattr(began, "BEGAN", 0.0)
    if files is SECOND:
        with pytest.raises(ControlError, match="was edited while the app was being imported"):
            await what_runs(claimed)
    else:
        assert await what_runs(claimed) is claimed, "the program may have made it so: nobody knows better"
    lab.installed.store.record("base", lab.first.digest, previous=None, outcome="complete")
    found = await what_runs(claimed)
    assert (found.digest, found.base_digest) == (lab.first.digest, lab.first.digest)
    assert found.read(f"{lab.top}/rules.py") == RULES.encode() and found.store_base() == lab.first.digest


async def test_what_was_tried_last_and_undone_may_be_what_was_read(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deploy fails, its files are put back, and a worker was started in between."""
    claimed = edit(lab, SECOND)
    monkeypatch.setattr(began, "BEGAN", 0.0)
    lab.installed.store.record("base", "0" * 64, previous=None, outcome="complete")
    lab.installed.store.record("hot", lab.first.digest, previous="0" * 64, outcome="rolled_back")
    assert (await what_runs(claimed)).digest == lab.first.digest


async def test_a_constant_of_a_text_that_was_read_and_is_gone(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its functions are the tree's, and the program might have set the constant; but its body was seen."""
    monkeypatch.setattr(began, "BEGAN", 0.0)
    imported.watch()
    (tmp_path / "app").mkdir()
    other = Lab(tmp_path / "app", CONSTANT)
    try:
        claimed = other_tree(other, FIRST)
        with pytest.raises(ControlError, match="was edited while the app was being imported"):
            await what_runs(claimed)
        (other.root / other.top / "main.py").write_text(CONSTANT["main.py"].replace("TOP", other.top))
        read = Installed.at_start(other.root, claimed.settings, claimed.store)
        assert await what_runs(read) is read
        read.store_base()
        read.store.record("base", read.digest, previous=None, outcome="complete")
        assert (await what_runs(claimed)).digest == read.digest
        imported.settle()
        assert imported.body_of(other.main.__file__) is None
    finally:
        sys.path.remove(str(other.root))
        for name in other.live:
            del sys.modules[name]


def other_tree(lab: Lab, files: dict[str, str]) -> Installed:
    """Of a lab that was not started: its files are others now."""
    for name, text in files.items():
        (lab.root / lab.top / name).write_text(text.replace("TOP", lab.top))
    settings = read_settings(lab.root)
    return Installed.at_start(lab.root, settings, open_store(lab.root, settings))


async def test_a_fork_has_what_its_server_imported_whatever_was_upgraded_and_edited_since(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`gunicorn --preload`: nobody else is there, and the notes and the history are of later releases."""
    crew = Crew(tmp_path, "1-1")
    monkeypatch.setattr(doubt, "crew_in", lambda folder: crew)
    await keep_for_forks(lab.installed)
    assert crew.base is None, "it has imported the app itself, and so does whoever comes after it"
    monkeypatch.setattr(began, "is_fork", lambda: True)
    await keep_for_forks(lab.installed)
    assert crew.base == lab.first.digest
    claimed = edit(lab, SECOND)
    monkeypatch.setattr(began, "BEGAN", 0.0)
    assert (await what_runs(claimed)).digest == lab.first.digest


def test_a_fork_knows_that_it_is_one() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"1" if began.is_fork() else b"0")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 1) == b"1" and not began.is_fork()
    os.close(reading)
    os.close(writing)


async def test_what_was_edited_before_it_was_read_is_what_runs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(began, "BEGAN", 0.0)
    assert (await what_runs(lab.installed)).digest == lab.first.digest


async def test_who_does_not_know_what_it_runs_is_broken(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody_knows(installed: Installed) -> Installed:
        raise ControlError("main.py was edited while the app was being imported", do="restart it")

    monkeypatch.setattr(process, "what_runs", nobody_knows)
    lab.process.installed = None
    await lab.process.take_stock()
    assert lab.process.state == "broken"
    with pytest.raises(ControlError, match=r"broken: main\.py was edited"):
        await lab.upgrade(SECOND)
