"""`python -m flyhot_deploy run -- CMD`: the current release is laid over the image, then CMD takes this process's
place.

And `startup_reapply_current()`, for those who can't change the command: the first line of the module that the server
imports.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from flyhot_asgi.control.standing import environment_for
from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release import began

from ..errors import UsageError
from .crew import boot_with_crew, is_worker
from .start import BOOTED, Boot, reapply, to_stderr

AGENT = "FLYHOT_AGENT"
AGENT_HOOK = "flyhot_deploy.agent.hook:start"


def run(command: Sequence[str], folder: Path | None = None) -> NoReturn:
    """Lay the release over the app in `folder` (by default where we are), and become `command`.

    Raises UsageError: there is no such program. Whatever else goes wrong is said, and the command runs.
    """
    program = shutil.which(command[0])
    if program is None:
        raise UsageError(f"there is no program {command[0]!r}", do="say what starts the server: run -- uvicorn app:app")
    if not os.environ.get(BOOTED):
        boot = _reapplied(folder or Path.cwd())
        os.environ.update(boot.environment)
        if boot.base is None:
            os.environ.update(environment_for(boot.root, os.environ))
        began.mark(os.environ)
    os.environ.setdefault(AGENT, AGENT_HOOK)
    sys.stdout.flush()
    os.execv(program, list(command))


def startup_reapply_current(folder: str | os.PathLike[str] | None = None) -> None:
    """Lay the current release over the image, before anything of the app is imported. Blocking, seconds at most.

    Make it the first statement of the module that the server is pointed to, before the app's other imports:

        import flyhot_deploy; flyhot_deploy.startup_reapply_current()

    `folder` is the app's; by default that of the calling module. If the files changed under us, this process starts
    itself anew (with the same pid and arguments), or, if it is a worker, ends so that its supervisor does. Under
    `run`, and where there is no image, it does nothing. Never raises.
    """
    os.environ.setdefault(AGENT, AGENT_HOOK)
    if os.environ.get(BOOTED):
        return
    here = Path(folder) if folder is not None else _callers_folder()
    if is_worker():
        return _boot_as_worker(here)
    boot = _reapplied(here)
    os.environ.update(boot.environment)
    if not boot.change:
        return
    began.mark(os.environ)
    to_stderr("starting anew with the release")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _boot_as_worker(folder: Path) -> None:
    try:
        code = boot_with_crew(folder, os.environ, to_stderr)
    except (FlyhotError, OSError) as exc:
        return to_stderr(f"could not look for a release: {exc}; the image's own files are booted as they are")
    if code is not None:
        to_stderr(f"worker {os.getpid()} ends, so that it is started anew with the release")
        os._exit(code)


def _reapplied(folder: Path) -> Boot:
    try:
        return reapply(folder, os.environ, to_stderr)
    except (FlyhotError, OSError) as exc:
        to_stderr(f"could not look for a release: {exc}; the image's own files are booted as they are")
        return Boot(folder, None)


def _callers_folder() -> Path:
    file = sys._getframe(2).f_globals.get("__file__")
    return Path(str(file)).resolve().parent if file else Path.cwd()
