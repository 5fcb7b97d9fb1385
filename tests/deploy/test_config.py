from __future__ import annotations

from pathlib import Path

import pytest

from flyhot_asgi.errors import ConfigError
from flyhot_asgi.release.config import Settings
from flyhot_deploy.config import Patience, find_project, options_for, read_extra, require_app
from flyhot_deploy.errors import UsageError


def test_a_command_in_a_sub_folder_is_about_the_app_around_it(app: Path) -> None:
    (app / "pages").mkdir()
    project = find_project(app / "pages")
    assert project.root == app.resolve()
    assert project.settings.app == "app"
    assert project.store().path == app.resolve() / ".flyhot"
    assert not project.is_on_fly
    (app / "fly.toml").touch()
    assert project.is_on_fly


def test_settings_that_can_not_be_used_are_an_error(app: Path) -> None:
    (app / "pyproject.toml").write_text("[tool.flyhot]\nap = 1\n")
    with pytest.raises(ConfigError):
        find_project(app)


def test_a_folder_without_python_is_no_app(app: Path) -> None:
    require_app(find_project(app))
    (app / "app.py").unlink()
    with pytest.raises(UsageError, match="is no app"):
        require_app(find_project(app))


def test_the_command_line_wins_over_the_settings() -> None:
    settings = Settings("a", suspend_timeout=4.0, hold_budget=2.0)
    assert options_for(settings, extra={}).suspend_timeout == 4.0
    told = options_for(settings, extra={"k": "v"}, suspend_timeout=0.5)
    assert (told.suspend_timeout, told.hold_budget, told.extra) == (0.5, 2.0, {"k": "v"})


def test_extra_is_key_and_value() -> None:
    assert read_extra(("a=1", "b=x=y", "c=")) == {"a": "1", "b": "x=y", "c": ""}


@pytest.mark.parametrize("pairs", [("a",), ("=1",), ("a=1", "a=2"), ("direction=down",), ("to_release=x",)])
def test_extra_that_makes_no_sense_is_a_usage_error(pairs: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        read_extra(pairs)


def test_patience_scales_as_a_whole() -> None:
    assert Patience().scaled(2).check == Patience().check * 2
