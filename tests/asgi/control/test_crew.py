"""What the workers of one server note for each other."""

from __future__ import annotations

import multiprocessing
import os
import time
import types
from pathlib import Path

import pytest

from flyhot_asgi.control import crew as module
from flyhot_asgi.control.crew import Crew, starts_from_folder, supervisor
from flyhot_asgi.errors import ControlError


def test_a_note_is_read_as_it_was_written(tmp_path: Path) -> None:
    crew = Crew(tmp_path, "12-34")
    assert crew.read() is None
    crew.begin("tx", release="new", old="old", within=10)
    note = crew.read()
    assert note is not None and (note.release, note.old, note.tx) == ("new", "old", "tx")
    assert 0 < note.until - time.time() <= 10
    crew.settle("new")
    note = crew.read()
    assert note is not None and (note.release, note.tx) == ("new", None)
    assert Crew(tmp_path, "12-35").read() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"release": "a", "old": "b", "tx": null, "until": "x"}'])
def test_what_can_not_be_read_is_an_error(tmp_path: Path, text: str) -> None:
    crew = Crew(tmp_path, "12")
    crew.settle("new")
    crew.path.write_text(text)
    with pytest.raises(ControlError, match="can't be read"):
        crew.read()


def test_what_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "crews").write_text("a file")
    with pytest.raises(ControlError, match="can't be written"):
        Crew(tmp_path, "12").settle("new")


def test_what_a_supervisor_has_imported_itself_is_noted_beside(tmp_path: Path) -> None:
    crew = Crew(tmp_path, "12-34")
    assert crew.base is None
    crew.forked("first")
    crew.settle("new")
    assert Crew(tmp_path, "12-34").base == "first" and Crew(tmp_path, "12-35").base is None


def test_whose_workers_start_from_the_folder_is_known(tmp_path: Path) -> None:
    assert not starts_from_folder(tmp_path)
    there, gone = Crew(tmp_path, module._named(os.getpid())), Crew(tmp_path, "1-2")
    gone.settle("new")
    assert not starts_from_folder(tmp_path)
    there.settle("new")
    assert starts_from_folder(tmp_path)
    there.stand()
    assert not starts_from_folder(tmp_path)


def test_a_worker_that_another_one_follows_may_end_a_few_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew(tmp_path, "12-34")
    assert not crew.may_begin_again(None)
    assert not crew.may_begin_again("granian"), "it takes that for a loop of crashes"
    assert [crew.may_begin_again("gunicorn") for _ in range(module.TRIES + 1)] == [True] * module.TRIES + [False]
    assert Crew(tmp_path, "12-35").may_begin_again("uvicorn")
    monkeypatch.setattr(module, "WITHIN", 0.0)
    assert crew.may_begin_again("gunicorn")


def test_notes_of_supervisors_that_have_gone_are_removed(tmp_path: Path) -> None:
    """One of a server that runs is kept, however old."""
    there = module._named(os.getpid())
    crews = old, crew, other = Crew(tmp_path, "1"), Crew(tmp_path, "2"), Crew(tmp_path, there)
    crew.forget()
    for each in crews:
        each.settle("new")
        each.forked("first")
        for path in tmp_path.glob("crews/*"):
            os.utime(path, (0, 0))
    crew.forget()
    assert (old.read(), old.base) == (None, None)
    assert all(each.read() is not None and each.base == "first" for each in (crew, other))


class Child:
    """A process as `multiprocessing` shows it to itself."""

    def __init__(self, server: str, **config: bool) -> None:
        def target() -> None: ...

        target.__module__ = server
        self._target = target
        self._kwargs = {"config": types.SimpleNamespace(**config)}


def test_a_workers_supervisor_is_the_server_that_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = types.SimpleNamespace(pid=os.getpid())
    assert supervisor() is None, "nobody starts a test anew"
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: parent)
    for server in ("uvicorn._subprocess", "hypercorn.run", "granian.server.mp"):
        monkeypatch.setattr(multiprocessing, "current_process", lambda server=server: Child(server))
        name = supervisor()
        assert name is not None and name.partition("-")[0] == str(os.getpid())
        assert name == supervisor()
    for child in (Child("uvicorn._subprocess", reload=True), Child("somebody.elses")):
        monkeypatch.setattr(multiprocessing, "current_process", lambda child=child: child)
        assert supervisor() is None


def test_gunicorns_workers_are_its_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.sys.modules, "gunicorn.arbiter", types.ModuleType("gunicorn.arbiter"))
    name = supervisor()
    assert name is not None and name.partition("-")[0] == str(os.getppid())
