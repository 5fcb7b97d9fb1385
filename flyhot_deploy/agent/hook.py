"""Starting the agent: from the app's lifespan (each worker sees to it that there is one), or by Fly's exec.

flyhot_asgi knows none of this: it calls what the environment names in FLYHOT_AGENT, with the app's root, and calls what
that returns when it stops. `run` and `startup_reapply_current` set that variable.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from ..environment import names_store
from . import place

VARIABLE = "FLYHOT_AGENT"
TARGET = "flyhot_deploy.agent.hook:start"
LOOK_SECONDS = 5.0


def start(root: Path, folder: Path) -> Callable[[], None]:
    """See to it that this machine has an agent, until the function that is returned is called. Never raises. Where
    nothing says where releases are kept, an agent would have nothing to do, and there is none.

    One thread of this process, asleep but for a look at a lock every few seconds.
    """
    done = threading.Event()
    if not names_store(os.environ):
        return done.set

    def keep() -> None:
        pause = 0.0
        while not done.wait(pause):
            with contextlib.suppress(Exception):
                ensure(root, folder, os.environ)
            pause = LOOK_SECONDS * random.uniform(0.7, 1.3)

    threading.Thread(target=keep, name="flyhot-agent", daemon=True).start()
    return done.set


def ensure(root: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """Spawn the agent if there is none; one of an earlier life of this machine is told to go. Raises OSError."""
    if place.is_alive(folder):
        note = place.read_note(folder)
        if note is None or note.identity == place.identity(environment):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(note.pid, signal.SIGTERM)
        return
    spawn(root, environment, detached=False)


def spawn(root: Path, environment: Mapping[str, str], *, detached: bool) -> subprocess.Popen[bytes]:
    """Start an agent; if another one is faster, this one ends at once. Raises OSError."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flyhot_deploy", "agent", "--root", str(root)],
        cwd=root,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if detached else None,
        stderr=subprocess.DEVNULL if detached else None,
        start_new_session=detached,
    )
    if not detached:
        threading.Thread(target=process.wait, name="flyhot-agent-end", daemon=True).start()
    return process
