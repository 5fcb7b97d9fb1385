"""A failure at each journaled step of an upgrade, before and right after it is noted; each must be undone exactly.

Exactly: the same objects with the same contents (`Snapshot`), and the same fingerprint, which asks what a snapshot
does not (see `engine.verification.fingerprint`).
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from flyhot_asgi.engine import Journal, Patch, Plan
from flyhot_asgi.engine.verification.fingerprint import describe

from .lab import Lab
from .snapshot import Snapshot


class Failure(Exception):
    """The injected one."""


class FailingJournal(Journal):
    """Raises at step number `at` (from 0): before it is noted, or, if `noted`, right after, before it is taken."""

    def __init__(self, at: int, *, noted: bool = False) -> None:
        super().__init__()
        self.at, self.noted = at, noted

    def note(self, what: str, undo: Callable[[], None]) -> None:
        if len(self) == self.at and not self.noted:
            raise Failure(what)
        super().note(what, undo)
        if len(self) == self.at + 1 and self.noted:
            raise Failure(what)


class Failpoints:
    """Applies one plan of a lab over and over. `found`: what was not as before, with the step that failed."""

    def __init__(self, app: Lab, plan: Plan) -> None:
        self._app, self._plan = app, plan
        self.steps = 0
        self.found: list[str] = []

    def try_all(self) -> None:
        """A failure at every step, then none: the whole patch is taken back."""
        before, described = Snapshot(self._app.top), self._describe()
        try:
            while self._fails(FailingJournal(self.steps)):
                self._compare(before, described, f"step {self.steps}")
                if self._fails(FailingJournal(self.steps, noted=True)):
                    self._compare(before, described, f"step {self.steps}, noted")
                self.steps += 1
            self._compare(before, described, "all steps")
        finally:
            before.release()

    def _fails(self, journal: FailingJournal) -> bool:
        """The patch fails at the journal's step; undone in any case. A patch that fails by itself is done with then."""
        patch = Patch(self._plan, self._app.finder)
        patch.stage()
        try:
            patch.apply(journal)
        except Failure:
            return True
        except Exception:
            return False
        finally:
            journal.rollback()
            gc.collect(1)  # classes that were made and taken back are subclasses until then
        return False

    def _describe(self) -> dict[str, tuple[str, str]]:
        return describe(self._app.live, str(self._app.root), self._app.live)

    def _compare(self, before: Snapshot, described: dict[str, tuple[str, str]], where: str) -> None:
        self.found += [f"{where}: {line}" for line in before.differences()]
        now = self._describe()
        paths = [path for path in {**described, **now} if described.get(path) != now.get(path)]
        self.found += [f"{where}: {path}: {described.get(path)} -> {now.get(path)}" for path in paths]
