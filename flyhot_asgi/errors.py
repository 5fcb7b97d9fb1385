"""Every error that flyhot raises on purpose.

    FlyhotError
    ├── ConfigError            the project's settings or folder are unusable
    ├── ReleaseError           a release is malformed, incomplete or not what its digest says
    │   ├── ManifestError
    │   ├── HashMismatch
    │   ├── UnknownRelease
    │   ├── SignatureInvalid   nobody we trust signed it
    │   └── NotApplicable      it is sound, and not for this machine: carries why
    ├── StoreError             the store can't be read or written
    │   └── StoreLocked        another deploy holds the lock
    ├── ControlError           the conversation with a process went wrong
    │   └── WireError          a frame that isn't one
    ├── UpgradeError           an upgrade did not happen; the old code still serves
    │   ├── SourceError        the new source can't be compiled or imported
    │   ├── UpgradeRefused     it can't be done hot: carries the refusals
    │   ├── NothingToDo        the release differs, but nothing that runs does
    │   ├── SuspendTimeout     somebody never came to a message boundary: carries who
    │   ├── MigrationFailed    a `code_change` failed: carries which unit
    │   ├── VerifyFailed       the live code differs from the release: carries where
    │   └── UndoFailed         the undo itself failed: the process must be restarted
    ├── HandlerError           a call or a message that a StatefulHandler did not take or answer
    │   ├── NotRunning         it has ended, or was never started
    │   ├── AlreadyStarted     another one has the name
    │   ├── CallTimeout        it did not answer in time (a TimeoutError, too)
    │   └── HandlerCrashed     it raised; a supervisor starts it anew
    ├── MailboxFull            more unread messages than a mailbox takes
    └── ProtocolError          flyhot's own fault: an event that can't be in this state

An error carries data (`file`, `line`, `do`) beside its sentence, so that a terminal, a browser and a JSON document
can each show it their way. `do` is what the reader should do next.
"""

from __future__ import annotations

from typing import Any


class FlyhotError(Exception):
    """Root of the tree. `kind` is the word for machines: stable, one per class."""

    kind = "error"

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        do: str | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.do = do
        self.detail = detail

    def document(self) -> dict[str, Any]:
        """The error as plain data, as it goes over the control socket and into `--json`."""
        return {
            "kind": self.kind,
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "do": self.do,
            "detail": self.detail,
        }


class ConfigError(FlyhotError):
    kind = "config"


class ReleaseError(FlyhotError):
    kind = "release"


class ManifestError(ReleaseError):
    kind = "manifest"


class HashMismatch(ReleaseError):
    kind = "hash"


class UnknownRelease(ReleaseError):
    kind = "unknown_release"


class SignatureInvalid(ReleaseError):
    kind = "signature"


class NotApplicable(ReleaseError):
    kind = "not_applicable"


class StoreError(FlyhotError):
    kind = "store"


class StoreLocked(StoreError):
    kind = "locked"


class ControlError(FlyhotError):
    kind = "control"


class WireError(ControlError):
    kind = "wire"


class UpgradeError(FlyhotError):
    kind = "upgrade"


class SourceError(UpgradeError):
    kind = "source"


class UpgradeRefused(UpgradeError):
    kind = "refused"


class NothingToDo(UpgradeError):
    kind = "nothing_to_do"


class SuspendTimeout(UpgradeError):
    kind = "suspend_timeout"


class MigrationFailed(UpgradeError):
    kind = "migration"


class VerifyFailed(UpgradeError):
    kind = "verify"


class UndoFailed(UpgradeError):
    kind = "undo"


class ProtocolError(FlyhotError):
    kind = "protocol"


class HandlerError(FlyhotError):
    kind = "handler"


class NotRunning(HandlerError):
    kind = "not_running"


class AlreadyStarted(HandlerError):
    kind = "already_started"


class CallTimeout(HandlerError, TimeoutError):
    kind = "call_timeout"


class HandlerCrashed(HandlerError):
    kind = "handler_crashed"


class MailboxFull(FlyhotError):
    """A mailbox has that many messages unread: it is handed more than is handled, or a page reads nothing."""

    kind = "mailbox_full"
