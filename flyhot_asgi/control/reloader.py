"""Servers that end a process as soon as a file changes (`--reload`): nothing of it lives long enough to be upgraded.

A deploy writes below the app's folder, too, where the releases are kept, so that it would end the very process that it
upgrades: uvicorn's reloader looks at all that lies there.
"""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

SERVERS = frozenset({"uvicorn", "hypercorn", "granian", "gunicorn"})
OPTION = "--reload"
ENDED_SOON = (
    "the server runs with --reload: it ends this process whenever a file changes, so that nothing can be upgraded"
)
INSTEAD = "start it without --reload; HotUpgrade with watch=True shows what you save, and no connection drops"


def reloading() -> bool:
    """Is this process ended by its server whenever a file changes? As far as settings of the server, or a command line,
    say so."""
    process: Any = multiprocessing.current_process()
    if multiprocessing.parent_process() is None:
        return _asked_for(os.getpid())
    module = str(getattr(getattr(process, "_target", None), "__module__", ""))
    config = (getattr(process, "_kwargs", None) or {}).get("config")
    settings = [getattr(config, name, False) for name in ("reload", "use_reloader")]
    return module.partition(".")[0] in SERVERS and (True in settings or _asked_for(os.getppid()))


def _asked_for(pid: int) -> bool:
    """On the command line of that process: `uvicorn --reload …`, `python -m granian … --reload`."""
    try:
        words = [os.fsdecode(word) for word in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
    except OSError:
        return False
    return OPTION in words and any(Path(word).name in SERVERS for word in words[:4])
