"""Where an agent is found on its machine. Standard library only: the command that Fly's exec runs starts in a moment.

<runtime folder of the app>/agent.lock    held (flock) for as long as the agent lives
<runtime folder of the app>/agent.json    {"pid", "machine", "identity", "root"}: who it is
<runtime folder of the app>/agent.sock    one JSON line in, one out; mode 0600
<runtime folder of the app>/agent.state   see memory.py
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LOCK, NOTE, SOCKET = "agent.lock", "agent.json", "agent.sock"
RUNTIME_VARIABLE = "FLYHOT_RUNTIME_DIR"
IDENTITY = ("FLY_MACHINE_ID", "FLY_IMAGE_REF", "FLY_MACHINE_VERSION", "FLYHOT_STORE", "BUCKET_NAME")


@dataclass(frozen=True)
class Agent:
    """An agent's note, and the folder in which it lies."""

    folder: Path
    pid: int
    machine: str
    identity: str
    root: Path


@dataclass(frozen=True)
class App:
    """An app with processes on this machine."""

    root: Path
    pid: int


def machine_name(environment: Mapping[str, str]) -> str:
    """This machine's name in reports: Fly's id, else the host's name."""
    named = environment.get("FLY_MACHINE_ID") or environment.get("FLY_ALLOC_ID")
    return named or environment.get("FLYHOT_MACHINE") or os.uname().nodename or "machine"


def identity(environment: Mapping[str, str]) -> str:
    """What an agent would be for with this environment. An agent of another identity is of an earlier life."""
    said = "\0".join(f"{name}={environment.get(name, '')}" for name in IDENTITY)
    return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def is_alive(folder: Path) -> bool:
    """Does an agent hold the lock in this folder? Takes it for a moment to find out."""
    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def read_note(folder: Path) -> Agent | None:
    """Whose agent it is; None if there is no note that can be read."""
    try:
        note = json.loads((folder / NOTE).read_bytes())
        return Agent(folder, int(note["pid"]), str(note["machine"]), str(note["identity"]), Path(note["root"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def find_agent(environment: Mapping[str, str]) -> Agent | None:
    """The living agent of this machine; None if there is none. Root finds those of every user."""
    wanted = environment.get("FLY_MACHINE_ID")
    for folder in _folders(environment):
        agent = read_note(folder)
        if agent is not None and (not wanted or agent.machine == wanted) and is_alive(folder):
            return agent
    return None


def find_app(environment: Mapping[str, str]) -> App | None:
    """An app with living processes on this machine: of several the one whose environment names the machine."""
    wanted = environment.get("FLY_MACHINE_ID")
    for folder in _folders(environment):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            root = Path(json.loads((folder / "app.json").read_bytes())["root"])
            for socket in sorted(folder.glob("*.sock")):
                if socket.stem.isdigit() and _is_of(int(socket.stem), wanted):
                    return App(root, int(socket.stem))
    return None


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with. Raises OSError."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return {
        os.fsdecode(name): os.fsdecode(value) for name, sign, value in (pair.partition(b"=") for pair in pairs) if sign
    }


def _is_of(pid: int, machine: str | None) -> bool:
    try:
        os.kill(pid, 0)
        return not machine or environment_of(pid).get("FLY_MACHINE_ID") == machine
    except PermissionError:
        return not machine
    except OSError:
        return False


def _folders(environment: Mapping[str, str]) -> Iterator[Path]:
    """Every app's runtime folder: ours, and where we are root everybody's."""
    named = environment.get(RUNTIME_VARIABLE)
    temporary = environment.get("TMPDIR") or tempfile.gettempdir()
    bases = [named] if named else [os.path.join(temporary, f"flyhot-{os.getuid()}")]
    if not named and os.getuid() == 0:
        bases += sorted(set(glob.glob(os.path.join(temporary, "flyhot-*"))) - set(bases))
    for base in bases:
        with contextlib.suppress(OSError):
            yield from sorted(path for path in Path(base).iterdir() if path.is_dir() and not path.is_symlink())
