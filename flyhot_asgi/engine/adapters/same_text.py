"""Statements of the old release that the new one has to the letter."""

from __future__ import annotations

from ..planning.context import Context
from ..source.module import Statement


class SameText:
    """The new release's statements by their text: of the modules that are asked for, as it takes long for all."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, dict[str, Statement]] = {}

    def of(self, module: str, statement: Statement) -> Statement | None:
        """The last statement of that module with the text of `statement`."""
        if module not in self._known:
            found = self._context.new[module].statements if module in self._context.new else ()
            self._known[module] = {one.dump: one for one in found} if module in self._context.live else {}
        return self._known[module].get(statement.dump)
