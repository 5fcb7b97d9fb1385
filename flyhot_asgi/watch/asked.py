"""Whether to watch, as the app and the environment say."""

from __future__ import annotations

import os

WATCH = "FLYHOT_WATCH"
"""Environment: "1" is as good as `HotUpgrade(watch=True)`."""
SUPERVISED = "FLYHOT_WATCH_FD"
"""Environment: the file descriptor of the one who can restart this process (`python -m flyhot_deploy watch`)."""


def wanted(watch: bool | None) -> bool:
    """Whether to watch: what the app says, else what the environment says."""
    return watch if watch is not None else os.environ.get(WATCH) == "1"
