"""What the judges ask of those that know a framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..source.diff import Change, NamespaceDiff
from ..source.module import Statement

if TYPE_CHECKING:
    from .context import Context


class Adapter:
    """Knowledge of one framework. Imports the framework only if the app did. What an adapter does not know it leaves to
    the others: every method has a default that says so."""

    def registers(self, context: Context, module: str, statement: Statement) -> bool:
        """Executing `statement` adds to a living registrar that this adapter can rebuild."""
        return False

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        """Write the rebuilds (or refusals) that these diffs need into the plan. Called when all judges are done."""

    def takes(self, context: Context, module: str, change: Change, rebound: set[str]) -> bool:
        """Plan the change of a statement that makes a registrar (`rebound`: names it reads that are bound anew), or
        leave it."""
        return False

    def recasts(self, context: Context, module: str, change: Change, living: type, of: str | None) -> bool:
        """Plan the change of a class statement, or leave it. `of`: its text is the old one, but what it was built from
        is not."""
        return False

    def fills(self, context: Context, module: str, statement: Statement) -> bool:
        """Plan that a living registrar is made again whole, as `statement`, which came, changed, went, or ran other
        code, works on it in ways that can't be told; or leave it."""
        return False

    def knows(self, cls: type) -> bool:
        """`cls` is made by this framework: to make one more has no effect that could not be undone."""
        return False

    def owns(self, value: object) -> bool:
        """`value` is a registrar of this framework, or something made by registering."""
        return False
