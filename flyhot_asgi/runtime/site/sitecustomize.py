"""First on PYTHONPATH of what `python -m flyhot_deploy run` becomes: a finder that a worker comes to before it imports
the first module of the app, whatever is wrong with that. See ../standing.py.

Python imports it at the start of each process below that command, so it costs next to nothing there, and leaves the
`sitecustomize` that somebody else has in its right.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))


class BeforeTheApp:
    """Asks once in each process that is a server's worker."""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)
        self._asked = 0

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if path is not None or self._asked == os.getpid() or not _may_be_worker() or not self._is_of_app(name):
            return None
        self._asked = os.getpid()  # of a fork, the fork asks anew
        try:
            from flyhot_asgi.runtime.standing import stand_in
        except ImportError:  # the app has another environment than the command
            return None
        finder = stand_in(self._root)
        return None if finder is None else finder.find_spec(name, path, target)

    def _is_of_app(self, name: str) -> bool:
        for entry in sys.path:
            folder = os.path.realpath(entry or os.curdir)
            if (folder + os.sep).startswith(self._root + os.sep):
                place = os.path.join(folder, name)
                if os.path.isfile(f"{place}.py") or os.path.isdir(place):
                    return "site-packages" not in folder
        return False


def _may_be_worker() -> bool:
    if "gunicorn.arbiter" in sys.modules:
        return True
    parent_process = getattr(sys.modules.get("multiprocessing.process"), "parent_process", None)  # it may be in import
    return parent_process is not None and parent_process() is not None


def _go_on() -> None:
    """Whoever else has a `sitecustomize` has his, too."""
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if root := os.environ.get("FLYHOT_STANDS"):
    sys.meta_path.insert(0, BeforeTheApp(root))
_go_on()
