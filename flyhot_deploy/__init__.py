"""`python -m flyhot_deploy`: bring a release to the processes that serve.

startup_reapply_current()    the first line of an app whose command can't be `python -m flyhot_deploy run -- ...`
"""

from __future__ import annotations

from typing import Any

__all__ = ["startup_reapply_current"]


def __getattr__(name: str) -> Any:
    # Imported when it is used: the command line does without, and an app pays for it once.
    if name == "startup_reapply_current":
        from .boot.run import startup_reapply_current

        return startup_reapply_current
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
