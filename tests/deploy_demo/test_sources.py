"""Releases as folders: what an overlay adds, what a going back removes, what is never touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyhot_deploy.demo.sources import LAYERS, compose, releases_folder


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("release", LAYERS)
def test_every_release_is_a_whole_app_that_names_itself(release: str, tmp_path: Path) -> None:
    compose(release, tmp_path)
    assert f'RELEASE = "{release}"' in (tmp_path / "app/__init__.py").read_text("utf-8")
    for name in ("app/main.py", "app/room.py", "app/poll.py", "app/templates/base.html", "pyproject.toml"):
        assert (tmp_path / name).is_file(), name


def test_going_there_and_back_leaves_exactly_what_was(tmp_path: Path) -> None:
    compose("1", tmp_path)
    before = tree(tmp_path)
    (tmp_path / "app/left_behind.py").write_text("x = 1\n", "utf-8")
    compose("3", tmp_path)
    assert tree(tmp_path) != before
    compose("1", tmp_path)
    assert tree(tmp_path) == before


def test_hidden_folders_of_other_tools_stay(tmp_path: Path) -> None:
    kept = tmp_path / ".flyhot" / "history.jsonl"
    kept.parent.mkdir()
    kept.write_text("{}\n", "utf-8")
    compose("2", tmp_path)
    assert kept.read_text("utf-8") == "{}\n"


def test_an_unknown_release_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        compose("4", tmp_path)


def test_the_overlays_change_something_each() -> None:
    for release in ("2", "3", "bad"):
        assert any((releases_folder() / release / "app").rglob("*.py"))
