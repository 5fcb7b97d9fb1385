"""Who decides what is made again, and what is entered again: as the judges see them.

Both ask the judges in their turn, and stand above them (`slices`, `entries`): here is what a judge may ask of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Protocol

from ..source.calls import Summary
from ..source.defuse import Home
from ..source.diff import Change
from ..source.module import Statement
from ..source.touches import Touch


class Remaking(Protocol):
    """Objects at module level that statements fill: made again, by all the statements that make and fill them."""

    remade: set[Home]
    renamed: set[str]
    """Modules whose statements that work on whatever their names mean are executed again."""

    def look(self, modules: Iterable[str], asked: Iterable[Home] = ()) -> None:
        """Find what has to be made again because statements of these modules came, went, changed or moved."""

    def plan(self) -> None:
        """Write everything into the plan that was found until now."""

    def touch(self, module: str, statement: Statement) -> Touch:
        """What executing a statement of the new release changes."""
        ...

    def running(self, module: str, qualname: str) -> list[Summary | None]:
        """What a method changes, by the old release's code and by the new one's; None where it isn't found."""
        ...

    def touch_old(self, module: str, statement: Statement) -> Touch:
        """What executing a statement of the old release changed."""

    def touched_before(self, module: str, statement: Statement) -> Touch | None:
        """What executing the old release's statement of the same name, or text, changed; None if it has none."""
        ...

    def takes(self, module: str, change: Change) -> bool:
        """The change is of what fills objects that are made again, or has no effect: nobody else has to judge it."""
        ...

    def why(self, module: str, change: Change) -> str | None:
        """Why the statement can't be run again for what it fills, as the rest of a sentence; None if it can."""
        ...

    def again(self, module: str, statement: Statement) -> bool:
        """Make again what an unchanged statement fills, as what it read or called is another."""
        ...

    def fills(self, module: str, statement: Statement) -> bool:
        """A definition whose decorators enter it in objects that can be made again: they are."""
        ...

    def quiet(self, module: str, statement: Statement, decorator: ast.expr) -> bool:
        """The decorator of a definition is a function of the app's, and changes nothing but what it is handed."""
        ...


class Entering(Protocol):
    """Definitions whose decorators enter them nobody knows where: attempted, where what they reach can be seen."""

    def has(self, module: str, name: str) -> bool:
        """The definition of that name is attempted."""
        ...

    def takes(self, module: str, statement: Statement) -> bool:
        """Attempt the definition of that statement, where that may be done."""
        ...

    def beside(self, module: str, statement: Statement) -> None:
        """Attempt what decorators below those of an adapter enter, where it can be looked at."""

    def places(self, module: str, name: str) -> list[object]:
        """What the decorators of a definition reach."""
        ...

    def plan(self) -> None:
        """Write into the plan what was taken, and is executed or gone."""

    def reorder(self) -> None:
        """Definitions that change places among those of their kind, and stand somewhere in that order: run again."""
