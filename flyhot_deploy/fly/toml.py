"""fly.toml, the parts that a hot deploy needs. Read with a real parser; JSON works too, as fly takes both."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyhot_asgi.errors import ConfigError

NAMES = ("fly.toml", "fly.json")


@dataclass(frozen=True)
class FlyConfig:
    """`processes` are the groups that offer services ("app" if none are declared). `health` is the path of the first
    HTTP check. `statics` are the folders on the machine that Fly serves by itself. `workdir` is the Dockerfile's."""

    path: Path
    app: str | None = None
    region: str | None = None
    image: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    serving: tuple[str, ...] = ("app",)
    port: int = 8080
    health: str | None = None
    statics: tuple[str, ...] = ()
    workdir: str | None = None


def find_config(folder: Path, named: str | None = None) -> Path | None:
    """The app's config: the one named, else fly.toml in the folder. None if there is none. Raises ConfigError: the
    named one is not there."""
    if named is not None:
        path = (folder / Path(named).expanduser()).resolve()
        if not path.is_file():
            raise ConfigError(f"there is no file {path}", file=str(path), do="name your fly.toml with --config")
        return path
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def read_config(path: Path) -> FlyConfig:
    """Read it. Raises ConfigError: unreadable, malformed, or a field of the wrong kind."""
    document = _parse(path)
    build, service = _table(document, "build", path), _table(document, "http_service", path)
    services = [service] if service else []
    services += [item for item in _list(document.get("services")) if isinstance(item, dict)]
    groups = {str(name) for item in services for name in _list(item.get("processes"))}
    declared = sorted(_table(document, "processes", path))
    return FlyConfig(
        path=path,
        app=_word(document, "app", path),
        region=_word(document, "primary_region", path),
        image=_word(build, "image", path),
        env={str(key): _plain(value) for key, value in _table(document, "env", path).items()},
        serving=tuple(sorted(groups)) or tuple(declared[:1] if "app" not in declared else ("app",)) or ("app",),
        port=next((port for item in services if type(port := item.get("internal_port")) is int), 8080),
        health=_health(services, _table(document, "checks", path)),
        statics=tuple(str(item["guest_path"]) for item in _list(document.get("statics")) if _has(item, "guest_path")),
        workdir=_workdir(path.parent / str(build.get("dockerfile") or "Dockerfile")),
    )


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} can't be read: {exc}", file=str(path)) from exc
    except ValueError as exc:
        found = re.search(r"line (\d+)", str(exc))
        line = int(found[1]) if found else None
        raise ConfigError(f"{path} can't be parsed: {exc}", file=str(path), line=line) from exc
    if not isinstance(document, dict):
        raise ConfigError(f"{path} is not a table", file=str(path))
    return document


def _health(services: list[dict[str, Any]], checks: Mapping[str, Any]) -> str | None:
    for item in services:
        for name in ("checks", "http_checks"):
            for check in _list(item.get(name)):
                if _has(check, "path"):
                    return str(check["path"])
    return next((str(check["path"]) for check in checks.values() if _has(check, "path")), None)


def _workdir(dockerfile: Path) -> str | None:
    """The last WORKDIR of the last stage: where the app lies in its image, as a hint only."""
    try:
        text = dockerfile.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    last = re.split(r"^\s*FROM\s", text, flags=re.MULTILINE | re.IGNORECASE)[-1]
    found = re.findall(r"^\s*WORKDIR\s+(\S.*?)\s*$", last, re.MULTILINE | re.IGNORECASE)
    words = [word.strip("\"'") for word in found if "$" not in word]
    place = ""
    for word in words:
        place = word if word.startswith("/") else f"{place}/{word}"
    return place or None


def _table(document: Mapping[str, Any], name: str, path: Path) -> dict[str, Any]:
    value = document.get(name) or {}
    if not isinstance(value, dict):
        raise ConfigError(f"{name!r} in {path} must be a table", file=str(path))
    return value


def _word(document: Mapping[str, Any], name: str, path: Path) -> str | None:
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{name!r} in {path} must be a string, not {value!r}", file=str(path))
    return value or None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _has(item: object, name: str) -> bool:
    return isinstance(item, dict) and isinstance(item.get(name), str)


def _plain(value: object) -> str:
    """As fly writes it into the environment."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
