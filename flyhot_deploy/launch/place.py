"""Where an app lies on a machine of its image, when the working folder of a session there is unknown. Reads the
disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from flyhot_asgi.release.config import project_root, read_settings
from flyhot_asgi.release.scan import has_python

from ..errors import UsageError

ROOT_VARIABLE = "FLYHOT_ROOT"
USUAL = ("/app", "/code", "/srv/app", "/srv", "/usr/src/app", "/workspace", "/home/app")
MARKERS = ("pyproject.toml", "fly.toml", "setup.py", "requirements.txt")


def find_app(environment: Mapping[str, str], hint: str | None) -> Path:
    """The app's folder: what FLYHOT_ROOT says; where we are, if that looks like an app; the Dockerfile's WORKDIR; where
    the machine's main process was started; the usual places. Raises UsageError: none of them holds one.
    """
    tried = []
    for folder in _candidates(environment, hint):
        tried.append(str(folder))
        if _is_app(folder):
            return project_root(folder)
    raise UsageError(
        f"the app was not found on this machine; looked in {', '.join(dict.fromkeys(tried))}",
        do=f"say where it lies in fly.toml: [env] {ROOT_VARIABLE} = '/app'",
    )


def _candidates(environment: Mapping[str, str], hint: str | None) -> Iterator[Path]:
    if environment.get(ROOT_VARIABLE):
        yield Path(environment[ROOT_VARIABLE])
        return
    yield Path.cwd()
    if hint:
        yield Path(hint)
    yield from _folders_of_processes(environment)
    yield from map(Path, USUAL)


def _folders_of_processes(environment: Mapping[str, str]) -> Iterator[Path]:
    """Where this machine's other processes work: the main one was started in the image's WORKDIR."""
    machine = environment.get("FLY_MACHINE_ID", "")
    for pid in (os.getppid(), 1, *_pids()):
        try:
            theirs = Path(f"/proc/{pid}/environ").read_bytes()
            if machine and f"FLY_MACHINE_ID={machine}".encode() not in theirs.split(b"\0"):
                continue
            yield Path(os.readlink(f"/proc/{pid}/cwd"))
        except OSError:
            continue


def _pids() -> list[int]:
    """Those of this machine, the newest first: a temporary machine's are young, and a host may have thousands."""
    return sorted((int(name) for name in os.listdir("/proc") if name.isdigit()), reverse=True)


def _is_app(folder: Path) -> bool:
    try:
        if not folder.is_dir() or folder in (Path("/"), Path.home()):
            return False
        if not any((folder / marker).is_file() for marker in MARKERS) and not any(folder.glob("*.py")):
            if not any(folder.glob("*/__init__.py")):
                return False
        root = project_root(folder)
        return has_python(root, read_settings(root))
    except (OSError, ValueError):
        return False
