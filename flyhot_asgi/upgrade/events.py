"""What the driver tells the upgrade machine. A failure may carry the error that says why; the machine keeps
the first.

Which event is allowed when is said by the table in state.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from flyhot_asgi.errors import FlyhotError


@dataclass(frozen=True)
class Event:
    """One thing that happened."""


@dataclass(frozen=True)
class Failure(Event):
    """Something that ends the upgrade, with its reason."""

    error: FlyhotError | None = None


@dataclass(frozen=True)
class Planned(Event):
    """`changes`: does anything that runs differ from the release?"""

    changes: bool = True


@dataclass(frozen=True)
class PlanRefused(Failure):
    """It can't be done hot."""


@dataclass(frozen=True)
class PlanFailed(Failure):
    pass


@dataclass(frozen=True)
class Staged(Event):
    pass


@dataclass(frozen=True)
class StageFailed(Failure):
    pass


@dataclass(frozen=True)
class Go(Event):
    """The coordinator's word: on to the next step."""


@dataclass(frozen=True)
class OthersLate(Event):
    """The coordinator's word: other processes have not gathered their sessions yet; serve meanwhile."""


@dataclass(frozen=True)
class Suspended(Event):
    pass


@dataclass(frozen=True)
class SuspendTimedOut(Failure):
    """Somebody isn't at a message boundary: when suspended, or (after `ReportHeld`) no longer."""


@dataclass(frozen=True)
class Loaded(Event):
    pass


@dataclass(frozen=True)
class LoadFailed(Failure):
    pass


@dataclass(frozen=True)
class Migrated(Event):
    pass


@dataclass(frozen=True)
class MigrationFailed(Failure):
    pass


@dataclass(frozen=True)
class Verified(Event):
    pass


@dataclass(frozen=True)
class VerifyFailed(Failure):
    pass


@dataclass(frozen=True)
class VotedCommit(Event):
    pass


@dataclass(frozen=True)
class VotedAbort(Failure):
    """The coordinator, or another process, said no."""


@dataclass(frozen=True)
class Committed(Event):
    pass


@dataclass(frozen=True)
class Undone(Event):
    pass


@dataclass(frozen=True)
class UndoFailed(Failure):
    pass


@dataclass(frozen=True)
class Resumed(Event):
    pass


@dataclass(frozen=True)
class Rerendered(Event):
    pass


@dataclass(frozen=True)
class Cancelled(Failure):
    """The driver was cancelled while it waited. Can't happen while instructions are atomic: they don't
    wait."""
