"""A throw-away project on disk and in this process, for tests that go through `Engine`."""

from __future__ import annotations

import importlib
import itertools
import sys
from pathlib import Path
from typing import Any

from flyhot_asgi.engine import Engine

from .lab import forget_folder

_numbers = itertools.count()


class Project:
    """A throw-away project on disk and in this process. `TOP` in texts and paths is its top-level name."""

    def __init__(self, root: Path, folder: str = "") -> None:
        self.root, self.folder = root, root / folder
        self.top = f"proj{next(_numbers)}"
        self.folder.mkdir(exist_ok=True, parents=True)
        sys.path.insert(0, str(self.folder))

    def write(self, **files: str | None) -> None:
        """`pkg__m` is `TOP/pkg/m.py`; None deletes."""
        for name, text in files.items():
            parts = ["__init__" if part == "init" else part for part in name.split("__")]
            path = self.folder.joinpath(self.top, *parts).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text.replace("TOP", self.top))

    def load(self, *names: str) -> Any:
        importlib.invalidate_caches()
        for name in names:
            importlib.import_module(f"{self.top}.{name}")
        return sys.modules[f"{self.top}.{names[-1]}"]

    def engine(self, **options: Any) -> Engine:
        return Engine(self.root, [self.top], **options)

    def close(self) -> None:
        sys.path.remove(str(self.folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == self.top]:
            del sys.modules[name]
        forget_folder(self.root)
