"""Where the processes of an app leave their control sockets, so that a command finds them with no
configuration.

    <base>/<app id>/app.json        {"root", "app"}: whose folder this is
    <base>/<app id>/<pid>.sock      one control socket a process, mode 0600
    <base>/<app id>/decisions/      see decision.py
    <base>/<app id>/store/          the store, where the app's own folder can't be written to

`base` is $FLYHOT_RUNTIME_DIR, or `flyhot-<uid>` in the folder for temporary files (in /tmp, where a socket's path
would be too long there); the app id is a hash of
the app's root. Whoever may connect to a socket may run code in the process, so the folders are ours alone
(0700) and never reached through a symbolic link that somebody else might have put there first.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, ControlError
from ..release.config import Settings
from ..release.files import write_atomically
from ..release.folder import FolderStore, store_path

RUNTIME_VARIABLE = "FLYHOT_RUNTIME_DIR"
MAX_SOCKET_PATH = 107
"""Bytes that `sun_path` holds on Linux, less the final NUL."""
APP_ID = 16
"""Digits of an app's id."""

_SOCKET_NAME = re.compile(r"([1-9][0-9]{0,9})\.sock")


@dataclass(frozen=True)
class ControlSocket:
    """A control socket somebody listens on."""

    pid: int
    path: Path


@dataclass(frozen=True)
class RunningApp:
    """An app with live processes on this machine, ours."""

    root: Path
    app: str
    folder: Path
    sockets: tuple[ControlSocket, ...]


def runtime_base() -> Path:
    """The folder below which every app of this user has its own. Not created."""
    named = os.environ.get(RUNTIME_VARIABLE)
    if named:
        return Path(named).absolute()
    base = Path(tempfile.gettempdir()) / f"flyhot-{os.getuid()}"
    longest = base / ("0" * APP_ID) / "0123456789.sock"
    return base if len(os.fsencode(longest)) <= MAX_SOCKET_PATH else Path("/tmp") / base.name


def runtime_dir(root: Path) -> Path:
    """The runtime folder of the app at `root`. Not created."""
    return runtime_base() / hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:APP_ID]


def prepare_runtime_dir(root: Path, app: str) -> Path:
    """Create and check the app's runtime folder, note in it whose it is, and return it.

    Raises ConfigError if it can't be made, or isn't ours alone.
    """
    folder = runtime_dir(root)
    try:
        _make_private(folder.parent, own=not os.environ.get(RUNTIME_VARIABLE))
        _make_private(folder, own=True)
        note = json.dumps({"root": str(root.resolve()), "app": app}).encode("utf-8")
        write_atomically(folder / "app.json", note, mode=0o600)
    except OSError as exc:
        raise ConfigError(
            f"the runtime folder {folder} can't be used: {exc.strerror or exc}",
            file=str(folder),
            do=f"name a folder of yours that can be written to with {RUNTIME_VARIABLE}",
        ) from exc
    return folder


def socket_path(folder: Path, pid: int) -> Path:
    """Where the process `pid` listens. Raises ConfigError if the path is longer than a socket's may be."""
    path = folder / f"{pid}.sock"
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise ConfigError(
            f"the path {path} is too long for a unix socket ({MAX_SOCKET_PATH} bytes)",
            file=str(path),
            do=f"name a shorter folder with {RUNTIME_VARIABLE}",
        )
    return path


def sockets_of(folder: Path) -> list[ControlSocket]:
    """The control sockets in an app's runtime folder that a live process listens on, by pid.

    A socket that its process left behind (nobody listens, or no such process) is removed on the way.
    Finding out takes one connection each, closed at once. Raises ControlError if the folder isn't ours to
    read.
    """
    try:
        _check_ours(folder)
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise ControlError(f"the runtime folder {folder} can't be read: {exc.strerror or exc}") from exc
    found: list[ControlSocket] = []
    for name in names:
        match = _SOCKET_NAME.fullmatch(name)
        if match is None:
            continue
        candidate = ControlSocket(int(match[1]), folder / name)
        if _listens(candidate):
            found.append(candidate)
        else:
            with contextlib.suppress(OSError):
                candidate.path.unlink()
    return sorted(found, key=lambda item: item.pid)


def list_apps() -> list[RunningApp]:
    """Every app of this user that has a live process on this machine, by root."""
    try:
        folders = sorted(path for path in runtime_base().iterdir() if path.is_dir())
    except OSError:
        return []
    apps: list[RunningApp] = []
    for folder in folders:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, ControlError):
            note = json.loads((folder / "app.json").read_bytes())
            root, app = Path(note["root"]), str(note["app"])
            if live := sockets_of(folder):
                apps.append(RunningApp(root, app, folder, tuple(live)))
    return sorted(apps, key=lambda item: item.root)


def open_store(root: Path, settings: Settings) -> FolderStore:
    """The store of the app at `root`: in its folder, or in its runtime folder where that can't be written
    to.
    """
    path = store_path(root, settings, fallback=runtime_dir(root) / "store")
    return FolderStore(path, app=settings.app)


def _listens(candidate: ControlSocket) -> bool:
    try:
        os.kill(candidate.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is there, and not ours to signal
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(candidate.path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True  # a full backlog or a lack of rights: somebody is there
    return True


def _make_private(folder: Path, *, own: bool) -> None:
    """Create `folder` with mode 0700. One that was there is checked; if it is our own, its mode is mended."""
    try:
        folder.mkdir(mode=0o700, parents=not own)
    except FileExistsError:
        pass
    if own:
        _check_ours(folder)
        if stat.S_IMODE(folder.lstat().st_mode) != 0o700:
            folder.chmod(0o700)


def _check_ours(folder: Path) -> None:
    """Raises OSError unless `folder` is a real folder of this user."""
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode):
        raise NotADirectoryError(20, "it is a symbolic link or not a folder", str(folder))
    if info.st_uid not in (os.getuid(), 0) and os.getuid() != 0:
        raise PermissionError(13, "it belongs to another user", str(folder))
