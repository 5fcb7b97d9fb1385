"""Where an app's folder begins, and what its `[tool.flyhot]` table says.

Nothing has to be configured: every setting has a default that suits a small app. A setting that isn't
known, or of the wrong type, is an error and not a shrug: a typo in `suspend_timeout` must not become a
silent default.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import ConfigError

ROOT_MARKERS = ("pyproject.toml", "fly.toml", "setup.py")
MAX_LEVELS_UP = 4
LONGEST_SECONDS = 3600.0


@dataclass(frozen=True)
class Settings:
    """The project's settings, read once and never changed. Times are in seconds.

    `first_party` is None when first-party modules are to be discovered; a tuple of dotted prefixes
    overrides that. `include` and `exclude` are globs over posix paths relative to the root (see
    `scan.matches`).
    """

    app: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    first_party: tuple[str, ...] | None = None
    store: str | None = None
    suspend_timeout: float = 10.0
    http_drain: float = 1.0
    hold_budget: float = 5.0
    vote_timeout: float = 5.0
    on_busy: str = "abort"
    stale: str = "keep"
    stale_within: float = 30.0
    code_change_budget: float = 1.0
    debug: bool = False
    drain: float = 3.0
    import_timeout: float = 60.0
    health: str | None = None


def project_root(start: Path) -> Path:
    """The nearest folder at or above `start` (four levels at most) that looks like a project; else `start`
    itself.

    The answer is absolute with symbolic links resolved: it names the app to every process and command.
    Raises ConfigError if `start` is not a folder that can be read.
    """
    try:
        resolved = start.resolve(strict=True)
    except (OSError, RuntimeError) as exc:
        raise ConfigError(f"there is no folder {start}", do="run this from the app's folder") from exc
    if not resolved.is_dir():
        raise ConfigError(f"{start} is not a folder", do="run this from the app's folder")
    for folder in (resolved, *resolved.parents[:MAX_LEVELS_UP]):
        if any((folder / marker).is_file() for marker in ROOT_MARKERS):
            return folder
    return resolved


def read_settings(root: Path) -> Settings:
    """The settings of the project at `root`; defaults where it says nothing.

    The app's name is `[tool.flyhot] app`, else `[project] name`, else the folder's name.
    Raises ConfigError: unreadable or malformed pyproject.toml, an unknown setting, a value of the wrong kind.
    """
    path = root / "pyproject.toml"
    document = _read_toml(path)
    table = _table(_table(document, "tool", path), "flyhot", path)
    known = {field.name for field in fields(Settings)}
    for name in table:
        if name not in known:
            raise ConfigError(
                f"[tool.flyhot] in {path} has an unknown setting {name!r}",
                file=str(path),
                line=_line_of(path, name),
                do=f"the settings are: {', '.join(sorted(known))}",
            )
    values: dict[str, Any] = {"app": _default_name(document, root)}
    for name, value in table.items():
        try:
            values[name] = _READERS[name](value)
        except ValueError as exc:
            raise ConfigError(
                f"[tool.flyhot] {name} in {path} must be {exc}, not {value!r}",
                file=str(path),
                line=_line_of(path, name),
            ) from exc
    return Settings(**values)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as exc:
        found = re.search(r"at line (\d+)", str(exc))
        line = int(found[1]) if found else None
        raise ConfigError(f"{path} is not valid TOML: {exc}", file=str(path), line=line) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} can't be read: {exc}", file=str(path)) from exc


def _table(document: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    value = document.get(name, {})
    if not isinstance(value, dict):
        raise ConfigError(f"{name!r} in {path} must be a table", file=str(path), line=_line_of(path, name))
    return value


def _default_name(document: dict[str, Any], root: Path) -> str:
    project = document.get("project")
    name = project.get("name") if isinstance(project, dict) else None
    return name if isinstance(name, str) and name else root.name or "app"


def _line_of(path: Path, name: str) -> int | None:
    """The line on which a key is set, for the message; None if it can't be told."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    pattern = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*=""")
    return next((number for number, line in enumerate(lines, 1) if pattern.match(line)), None)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a string that isn't empty")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError("a list of strings")
    return tuple(value)


def _module_prefixes(value: object) -> tuple[str, ...]:
    names = _texts(value)
    if not all(part.isidentifier() for name in names for part in name.split(".")):
        raise ValueError("a list of module names such as ['app', 'lib.core']")
    return names


def _callable(value: object) -> str:
    module, colon, name = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not all(part.isidentifier() for part in f"{module}.{name}".split(".")):
        raise ValueError('the place of a function, such as "app.health:check"')
    return f"{module}:{name}"


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST_SECONDS:
        raise ValueError(f"a number of seconds above 0, {LONGEST_SECONDS:.0f} at most")
    return float(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _one_of(*words: str) -> Callable[[object], object]:
    def read(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(" or ".join(f'"{word}"' for word in words))
        return value

    return read


_READERS: dict[str, Callable[[object], object]] = {
    "app": _text,
    "include": _texts,
    "exclude": _texts,
    "first_party": _module_prefixes,
    "store": _text,
    "health": _callable,
    "suspend_timeout": _seconds,
    "http_drain": _seconds,
    "hold_budget": _seconds,
    "vote_timeout": _seconds,
    "on_busy": _one_of("abort", "pin", "evict"),
    "stale": _one_of("keep", "close"),
    "stale_within": _seconds,
    "code_change_budget": _seconds,
    "debug": _truth,
    "drain": _seconds,
    "import_timeout": _seconds,
}
