"""Which project a command is about, and how patient it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flyhot_asgi.control.paths import open_store, runtime_dir
from flyhot_asgi.release.config import Settings, project_root, read_settings
from flyhot_asgi.release.folder import FolderStore
from flyhot_asgi.release.scan import has_python

from .errors import UsageError

RESERVED_EXTRA = frozenset({"direction", "from_release", "to_release"})


@dataclass(frozen=True)
class Project:
    """An app's folder and its settings."""

    root: Path
    settings: Settings

    @property
    def runtime(self) -> Path:
        """Where this app's processes leave their control sockets."""
        return runtime_dir(self.root)

    @property
    def is_on_fly(self) -> bool:
        return (self.root / "fly.toml").is_file()

    def store(self) -> FolderStore:
        """The store that this folder's settings name (a running process may say otherwise)."""
        return open_store(self.root, self.settings)


@dataclass(frozen=True)
class Options:
    """How an upgrade is to be done. Times in seconds; `extra` reaches every `code_change`."""

    suspend_timeout: float
    http_drain: float
    hold_budget: float
    vote_timeout: float
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Patience:
    """How long a command waits for a process before it calls it lost. Seconds.

    These are bounds for a process that hangs, not budgets for one that works: everything that holds users
    has its own budget inside of the process, and ends by itself long before.
    """

    status: float = 5.0
    base: float = 30.0
    check: float = 300.0
    plan: float = 90.0
    prepare: float = 90.0
    join: float = 45.0
    succession: float = 15.0
    margin: float = 10.0

    def scaled(self, factor: float) -> Patience:
        """The same with every bound multiplied."""
        return Patience(*(getattr(self, name) * factor for name in self.__dataclass_fields__))


def find_project(folder: Path) -> Project:
    """The project around `folder`. Raises ConfigError: no such folder, or settings that can't be used."""
    root = project_root(folder)
    return Project(root, read_settings(root))


def require_app(project: Project) -> None:
    """Raises UsageError if the folder holds no Python at all: then it is not an app's, and nothing can be
    packed.
    """
    if not has_python(project.root, project.settings):
        raise UsageError(
            f"{project.root} is no app: there is no Python file below it",
            file=str(project.root),
            do="run this from the app's folder",
        )


def options_for(settings: Settings, *, extra: Mapping[str, str], suspend_timeout: float | None = None) -> Options:
    """The settings, with what the command line said over them."""
    return Options(
        suspend_timeout=settings.suspend_timeout if suspend_timeout is None else suspend_timeout,
        http_drain=settings.http_drain,
        hold_budget=settings.hold_budget,
        vote_timeout=settings.vote_timeout,
        extra=dict(extra),
    )


def read_extra(pairs: tuple[str, ...]) -> dict[str, str]:
    """`("k=v", …)` as a dict. Raises UsageError: no `=`, an empty or repeated key, or a name that flyhot
    sets.
    """
    extra: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"--extra {pair!r} is not of the form key=value")
        if key in RESERVED_EXTRA:
            raise UsageError(f"--extra {key!r} is set by flyhot itself", do="choose another name")
        if key in extra:
            raise UsageError(f"--extra {key!r} is given twice")
        extra[key] = value
    return extra
