"""Other people's frameworks with live sessions of their own. Each is installed when an app that imported it starts."""

from __future__ import annotations

from pathlib import Path

from . import pyview

__all__ = ["install", "pyview"]


def install(root: Path) -> None:
    """Make the sessions of every framework that this process imported upgradable. Imports nothing itself. Idempotent.

    `root`: the folder of the app.
    """
    pyview.install(root)
