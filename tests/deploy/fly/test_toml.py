"""fly.toml in the spellings that people use, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyhot_asgi.errors import ConfigError
from flyhot_deploy.fly.toml import find_config, read_config

FULL = """
app = 'shop'
primary_region = "ams"
[build]
  dockerfile = "Dockerfile.prod"
[env]
  lower_case = "a [b] = c"
  PORT = 8080
  DEBUG = true
[processes]
  web = "uvicorn app.main:app"
  worker = "python -m app.worker"
[http_service]
  internal_port = 8000
  processes = ["web"]
  [[http_service.checks]]
    path = "/health"
[[statics]]
  guest_path = "/app/static"
  url_prefix = "/static"
"""


def test_a_full_one(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text(FULL)
    (tmp_path / "Dockerfile.prod").write_text("FROM a AS b\nWORKDIR /build\nFROM c\nWORKDIR /srv\nWORKDIR app\n")
    path = find_config(tmp_path)
    assert path is not None
    config = read_config(path)
    assert (config.app, config.region, config.port, config.health) == ("shop", "ams", 8000, "/health")
    assert config.env == {"lower_case": "a [b] = c", "PORT": "8080", "DEBUG": "true"}
    assert config.serving == ("web",) and config.statics == ("/app/static",) and config.workdir == "/srv/app"


def test_the_least(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text("app='a'\n[[services]]\ninternal_port=1234\n[checks.alive]\npath='/up'\n")
    config = read_config(tmp_path / "fly.toml")
    assert (config.port, config.health, config.serving, config.workdir) == (1234, "/up", ("app",), None)


def test_json_and_a_named_file(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"app": "j", "build": {"image": "i:1"}}')
    path = find_config(tmp_path, "other.json")
    assert path is not None and read_config(path).image == "i:1"
    assert find_config(tmp_path) is None
    with pytest.raises(ConfigError, match="there is no file"):
        find_config(tmp_path, "missing.toml")


@pytest.mark.parametrize("text", ["app = ", "app = 5", "env = 3", "[build]\nimage = []\n"])
def test_what_is_wrong_names_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "fly.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "fly.toml")
    assert "fly.toml" in str(caught.value)
