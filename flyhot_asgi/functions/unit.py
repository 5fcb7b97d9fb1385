"""A running function as a unit: what an upgrade migrates, and tells to start anew."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from flyhot_asgi.functions.definition import Definition
from flyhot_asgi.session.unit import ObjectUnit, Owner, State


class Holder:
    """What refers to a run's state, and to nothing else: what a migration walks from."""

    __slots__ = ("state",)

    def __init__(self, state: Any) -> None:
        self.state = state


class FunctionUnit:
    """State: the dict that the function was given. It stays the same dict, so that a function that need not start
    anew sees the new contents. An object of a class of the user's is a unit of its own (`StateUnit`).

    `resumed` is called when an upgrade has been committed, whether or not the function's own text has changed.
    """

    def __init__(
        self,
        id: str,
        label: str,
        holder: Holder,
        function: FunctionType,
        given: frozenset[str],
        resumed: Callable[[], None],
    ) -> None:
        self.id = id
        self.label = label
        self.function = function
        self.given = given
        """The parameters that its call gave."""
        self.old_vsn: str | None = None
        self._holder = holder
        self._resumed = resumed

    @property
    def cls(self) -> type:
        """The class that stands for the function."""
        return Definition.of(self.function).cls

    @property
    def instance(self) -> object | None:
        return self._holder

    def get_state(self) -> State:
        state = self._holder.state
        return dict(state) if isinstance(state, dict) else {}

    def replace_state(self, state: State) -> None:
        there = self._holder.state
        if isinstance(there, dict):
            dict.clear(there)
            dict.update(there, state)

    def resumed(self, vsn: str, changed: bool) -> None:
        self._resumed()


class StateUnit(ObjectUnit):
    """The state of a function that is an object: its class may have a `code_change`, and an `upgraded`."""

    def __init__(self, state: object, id: str, name: str, owner: Owner) -> None:
        super().__init__(state, name, owner)
        self.id = id
