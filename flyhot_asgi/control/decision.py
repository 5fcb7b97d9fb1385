"""The decision of one upgrade over several processes: written once, by whoever comes first.

The coordinator decides "commit" when all processes are ready, and then tells them. A process that waits in
vain (the coordinator died, or is late) decides "abort" for itself. Both go through `decide`, and both obey
what stands: so no process of one machine is ever in doubt, and they never differ.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path
from typing import Literal

from ..errors import ControlError

Decision = Literal["commit", "abort"]
KEEP_SECONDS = 24 * 3600.0


def decisions_dir(folder: Path) -> Path:
    """Where the decisions of an app lie, below its runtime folder."""
    return folder / "decisions"


class Decisions:
    """The decisions in a folder (created when needed, mode 0700).

    A decision is a symbolic link whose target is the word: the one thing that the system creates with its
    content in a single step and refuses to create twice, so nobody ever reads half of a decision.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def decide(self, tx: str, decision: Decision) -> Decision:
        """Decide, if nobody has: returns the decision that stands. Takes microseconds; never waits.

        Raises ControlError if the decision can be neither written nor read: then none was made by this call.
        """
        path = self._path(tx)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.symlink(decision, path)
        except FileExistsError:
            stands = self.standing(tx)
            if stands is None:
                raise ControlError(f"the decision {path} can't be read", file=str(path)) from None
            return stands
        except OSError as exc:
            why = exc.strerror or exc
            raise ControlError(f"the decision {path} can't be written: {why}", file=str(path)) from exc
        return decision

    def standing(self, tx: str) -> Decision | None:
        """The decision that was made; None if there is none yet. Raises ControlError if it can't be read."""
        path = self._path(tx)
        try:
            word = os.readlink(path)
        except FileNotFoundError:
            return None
        except OSError as exc:
            why = exc.strerror or exc
            raise ControlError(f"the decision {path} can't be read: {why}", file=str(path)) from exc
        if word == "commit":
            return "commit"
        if word == "abort":
            return "abort"
        raise ControlError(f"the decision {path} is neither commit nor abort", file=str(path))

    def forget(self, *, older_than: float = KEEP_SECONDS) -> None:
        """Remove decisions that nobody can be waiting for any more. `older_than` is in seconds. Never
        raises.
        """
        limit = time.time() - older_than
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                with contextlib.suppress(OSError):
                    if path.lstat().st_mtime < limit:
                        path.unlink()

    def _path(self, tx: str) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", tx):
            raise ControlError(f"{tx[:64]!r} can't be the name of an upgrade")
        return self.folder / tx
