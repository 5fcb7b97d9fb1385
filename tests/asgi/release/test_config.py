from __future__ import annotations

from pathlib import Path

import pytest

from flyhot_asgi.errors import ConfigError
from flyhot_asgi.release.config import Settings, project_root, read_settings


def configure(root: Path, text: str) -> None:
    (root / "pyproject.toml").write_text(text)


@pytest.mark.parametrize("marker", ["pyproject.toml", "fly.toml", "setup.py"])
def test_root_is_the_nearest_folder_with_a_project_file(tmp_path: Path, marker: str) -> None:
    inner = tmp_path / "app" / "pages"
    inner.mkdir(parents=True)
    (tmp_path / "app" / marker).touch()
    assert project_root(inner) == (tmp_path / "app").resolve()


def test_root_is_the_folder_itself_where_nothing_says_project(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c" / "d" / "e"
    deep.mkdir(parents=True)
    assert project_root(deep) == deep.resolve()


def test_root_is_looked_for_four_levels_up_and_no_further(tmp_path: Path) -> None:
    (tmp_path / "setup.py").touch()
    four, five = tmp_path / "1/2/3/4", tmp_path / "1/2/3/4/5"
    five.mkdir(parents=True)
    assert project_root(four) == tmp_path.resolve()
    assert project_root(five) == five.resolve()


def test_root_has_no_symbolic_links_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert project_root(tmp_path / "link") == (tmp_path / "real").resolve()


def test_root_of_what_is_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for start in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(ConfigError) as caught:
            project_root(start)
        assert caught.value.do


def test_without_a_project_file_everything_has_its_default(tmp_path: Path) -> None:
    root = tmp_path / "poll"
    root.mkdir()
    assert read_settings(root) == Settings(app="poll")


def test_the_name_is_flyhots_then_the_projects_then_the_folders(tmp_path: Path) -> None:
    configure(tmp_path, '[project]\nname = "second"\n')
    assert read_settings(tmp_path).app == "second"
    configure(tmp_path, '[project]\nname = "second"\n[tool.flyhot]\napp = "first"\n')
    assert read_settings(tmp_path).app == "first"


def test_every_setting_is_read(tmp_path: Path) -> None:
    configure(
        tmp_path,
        """[tool.flyhot]
        app = "a"
        include = ["*.bin"]
        exclude = ["old"]
        first_party = ["app", "lib.core"]
        store = "releases"
        suspend_timeout = 3
        http_drain = 0.5
        hold_budget = 2.0
        vote_timeout = 4
        """,
    )
    wanted = Settings("a", ("*.bin",), ("old",), ("app", "lib.core"), "releases", 3.0, 0.5, 2.0, 4.0)
    assert read_settings(tmp_path) == wanted


def test_an_unknown_setting_is_an_error_that_names_its_line_and_the_known_ones(tmp_path: Path) -> None:
    configure(tmp_path, "[tool.flyhot]\napp = 'a'\nsuspend_timeot = 3\n")
    with pytest.raises(ConfigError, match="suspend_timeot") as caught:
        read_settings(tmp_path)
    assert caught.value.line == 3
    assert "suspend_timeout" in str(caught.value.do)


@pytest.mark.parametrize(
    "line",
    [
        "app = 3",
        "app = ' '",
        "include = 'x'",
        "exclude = [1]",
        "exclude = ['']",
        "first_party = ['a-b']",
        "first_party = ['a..b']",
        "suspend_timeout = '3'",
        "suspend_timeout = true",
        "suspend_timeout = 0",
        "hold_budget = -1",
        "hold_budget = nan",
        "http_drain = inf",
        "vote_timeout = 3601",
        "store = ''",
    ],
)
def test_a_setting_of_the_wrong_kind_is_an_error_that_says_which_is_right(tmp_path: Path, line: str) -> None:
    configure(tmp_path, f"[tool.flyhot]\n{line}\n")
    with pytest.raises(ConfigError, match=f"{line.split()[0]} .* must be") as caught:
        read_settings(tmp_path)
    assert caught.value.line == 2


@pytest.mark.parametrize("text", ["[tool.flyhot\n", "tool = 3\n", "[tool]\nflyhot = 3\n"])
def test_a_malformed_file_is_one_clear_error(tmp_path: Path, text: str) -> None:
    configure(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_settings(tmp_path)
    assert caught.value.file == str(tmp_path / "pyproject.toml")
    assert caught.value.line in (1, 2)


def test_a_file_that_is_not_text_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="can't be read"):
        read_settings(tmp_path)
