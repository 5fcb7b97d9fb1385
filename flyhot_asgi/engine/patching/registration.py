"""What a framework keeps beside the app's own names, and how one patch rebuilds it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..source.module import Statement
from ..source.plan import Graft
from .journal import Journal


class Registration:
    """One rebuild in a plan. Every step notes in the journal what it is about to change; what it raises undoes all."""

    executes = True
    """It runs something of the release, or makes values other ones. If not, it only makes a cache forget."""

    of_classes = False
    """It is shown the statements of classes that are made anew, too."""

    def look(self) -> None:
        """Find what will have to be rebuilt. Called before anybody is held, while the collector still shows every
        object, and again first of all when the change is made: then it may show only what came since."""

    def begin(self, journal: Journal) -> None:
        """Called when the codes were swapped, before any statement is executed."""

    def show(self, statement: Statement, journal: Journal) -> None:
        """Called when `statement` is about to be executed: let it find what it would find in a cold import."""

    def around(self, statement: Statement) -> AbstractContextManager[None]:
        """While `statement` is executed, after `show`."""
        return nullcontext()

    def tell(self, statement: Statement, poured: list[tuple[Any, Any]]) -> None:
        """Called before that, with fresh functions that were poured into living ones."""

    def collect(self, statement: Statement, journal: Journal) -> None:
        """Called when `statement` was executed."""

    def grafted(self, graft: Graft, journal: Journal) -> None:
        """Called when members of a class were replaced one by one."""

    def finish(self, journal: Journal) -> None:
        """Called when all statements were executed, in the order of the plan's registrations."""
