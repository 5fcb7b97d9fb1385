"""Watch mode: save a file, and the running app is upgraded; what can't be done is said in the terminal and in the page.

said.py      pure: what a result is to the people in front of terminal and browser
watcher.py   the driver: files that change, one upgrade after the other
"""

from __future__ import annotations

from .watcher import SUPERVISED, WATCH, Watcher, wanted

__all__ = ["SUPERVISED", "WATCH", "Watcher", "wanted"]
