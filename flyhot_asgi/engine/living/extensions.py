"""Compiled extensions among the app's own modules. A process loads one once: what its file says later, only another
process runs."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from ..source.plan import Refusal

_WHY = "the compiled extension is another one in the release, and a process can't load it twice"
_DO = "deploy this change cold (restart the app)"


class Extensions:
    """Those that live when this is made, by what their files say then. Reads files only."""

    def __init__(self, root: Path, packages: Sequence[str]) -> None:
        self._root = root
        self._tops = frozenset(packages)
        self._known = {name: (path, _digest(path)) for name, path in self._loaded()}

    def _loaded(self) -> Iterator[tuple[str, Path]]:
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name.partition(".")[0] in self._tops and isinstance(file, str):
                path = Path(file).resolve()
                if file.endswith(tuple(EXTENSION_SUFFIXES)) and path.is_relative_to(self._root):
                    yield name, path

    def changed(self) -> tuple[Refusal, ...]:
        """A refusal for each whose file is another one now, or gone."""
        for name, path in self._loaded():
            self._known.setdefault(name, (path, _digest(path)))  # imported since
        differing = [(name, path) for name, (path, known) in self._known.items() if _digest(path) != known]
        return tuple(
            Refusal(name, str(path.relative_to(self._root)), 0, name.rpartition(".")[2], _WHY, _DO)
            for name, path in differing
        )


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
