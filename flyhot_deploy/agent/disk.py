"""What an upgrade leaves on the machine's disk: the files of its image follow the code, and the next boot knows what to
use. Only where there is an image to go back to; blocking."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release.folder import FolderStore

from ..boot.lay import lay
from ..boot.state import BootState, Line, change_state

logger = logging.getLogger("flyhot.agent")


class Disk(Protocol):
    """Hears of each turn that a release takes on this machine. Never raises."""

    def provisional(self, line: Line) -> None: ...

    def permanent(self, line: Line | None) -> None: ...

    def reverted(self, release: str) -> None: ...


@dataclass(frozen=True)
class ImageDisk:
    """The disk of a machine that was made from the image `base`; the app lies in `root`, its releases in `store`."""

    root: Path
    base: str
    store: FolderStore

    def provisional(self, line: Line) -> None:
        """A release was committed here, and nobody has confirmed it."""
        self._note(lambda state: state.on(self.base).trying(line))
        self._lay(line.release)

    def permanent(self, line: Line | None) -> None:
        """That release, or the bare image, is what this machine runs for good."""
        self._note(lambda state: state.on(self.base).keeping(line))
        self._lay(line.release if line is not None else None)

    def reverted(self, release: str) -> None:
        """The provisional release was taken back; that one runs again."""
        self._note(lambda state: state.on(self.base).reverted())
        self._lay(release or None)

    def _note(self, change: Callable[[BootState], BootState]) -> None:
        try:
            change_state(self.store.path, change)
        except OSError as exc:
            logger.warning("what the next boot shall use can't be noted: %s", exc)

    def _lay(self, release: str | None) -> None:
        try:
            lay(self.root, self.store, release)
        except FlyhotError as exc:
            logger.warning("the files on disk stay as they were; the code in memory is right: %s", exc)
