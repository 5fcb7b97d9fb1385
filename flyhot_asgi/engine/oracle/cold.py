"""Fresh processes that import a release cold, before anybody is held for it. Blocking; to be run in a thread.

The process that serves starts them itself, so that interpreter, environment, working folder and `sys.path` are the
app's own. What fails here (a module that raises, a dependency that is missing) fails at no cost; what succeeds says
what each module really has, for the verification.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from .clock import Clock
from .request import ColdRequest, failed, failure_of, too_slow

TIMEOUT = 60.0
_TAIL = 1 << 16
_CHILD = Path(__file__).with_name("child.py")
_LOOK = 0.02
"""Seconds between two looks whether it was cancelled."""


class Cancelled(Exception):
    """The cold import was told to end."""


def import_cold(
    request: ColdRequest,
    *,
    hash_seed: int | None = None,
    timeout: float = TIMEOUT,
    cancel: threading.Event | None = None,
) -> dict[str, Any]:
    """Import it in a fresh process: `{"modules": {name: names}, "structure": {path: [channel, text]}, "failed": {name:
    failure}, "read": …}` (see `verification.fingerprint`). `failed` are modules that can't be imported; there are
    others that can. `read`: `{path: [(module, line)]}` of files below the tree that the release opens while it is
    imported, relative to it. `hash_seed` is that process's PYTHONHASHSEED, and with each its objects lie at other
    addresses; `timeout` in seconds (see `clock`).

    Takes as long as the app takes to import. Raises SourceError naming file and line of the release; Cancelled when
    `cancel` is set. The process, and what it started, is killed then.
    """
    with tempfile.TemporaryDirectory(prefix="flyhot-cold-") as folder:
        asked, out, errors = (Path(folder) / name for name in ("asked.json", "answer.json", "errors.txt"))
        asked.write_text(json.dumps({**request.document(), "out": str(out), "elsewhere": hash_seed or 0}))
        environment = dict(request.environment if request.environment is not None else os.environ)
        if hash_seed is not None:
            environment["PYTHONHASHSEED"] = str(hash_seed)
        with errors.open("wb") as to:  # a file: what the app starts at import may keep a pipe open for good
            command = [request.python, *flags(), str(_CHILD), str(asked)]
            run_child(command, environment, to.fileno(), timeout, cancel, folder=request.folder)
        return _answer(request, out, tail_of(errors))


def run_child(
    command: list[str],
    environment: dict[str, str],
    stderr: int,
    timeout: float,
    cancel: threading.Event | None,
    *,
    folder: Path | None = None,
) -> None:
    """Run one process to its end, in a session of its own. Raises SourceError past `timeout` seconds of its own (see
    `clock`), Cancelled if told to."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        env=environment,
        cwd=folder,
        start_new_session=True,
    )
    clock = Clock(process.pid)
    try:
        while process.poll() is None:
            if cancel is not None and cancel.is_set():
                raise Cancelled
            left = clock.left(timeout)
            if left < 0:
                raise too_slow(timeout)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK if cancel is not None else left + 0.001)
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def flags() -> list[str]:
    """Interpreter options that change what code is compiled."""
    return ["-O"] * sys.flags.optimize


def tail_of(errors: Path) -> str:
    """The end of what a process said on its way out."""
    with errors.open("rb") as said:
        said.seek(max(0, errors.stat().st_size - _TAIL))
        return said.read().decode("utf-8", "replace")


def _answer(request: ColdRequest, out: Path, errors: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(out.read_text())
    except (OSError, ValueError):
        tail = errors.strip().splitlines()[-1:] or ["no output"]
        raise failed(f"the process that imported the release cold died: {tail[0]}", detail=errors) from None
    if not answer["ok"]:
        raise failure_of(request, answer)
    return image_of(answer)


def image_of(answer: dict[str, Any]) -> dict[str, Any]:
    """What a release looks like, from what a fresh process answered."""
    return {name: answer[name] for name in ("modules", "structure", "failed", "read")}
