"""Sessions that are pinned: not at their boundary when an upgrade could wait no longer, and left out of it by policy.

There is one generation of code in a process, so a pinned session has no old world of its own: the frame that is under
way ends on the old code, and what it calls is new. What stays behind is its state. It is migrated as soon as the
session comes to its boundary, before it gets another message: by the `code_change` that it missed, and, if it missed
several upgrades, by all of them in order. A step and its exact inverse (an upgrade, and its rollback) cancel out.

The `code_change` of a release that is not the running one any more is kept as its code object, not as a function: an
upgrade gives new code to every function that it finds.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from types import CodeType, FunctionType
from typing import Any, Literal

from flyhot_asgi.errors import MigrationFailed
from flyhot_asgi.session.budget import Overrun, within
from flyhot_asgi.session.unit import State, Unit

MOST_PINNED = 100
"""Sessions that may be pinned at the same time."""

MOST_BEHIND = 8
"""Upgrades that a session may have missed."""

CATCH_UP_SECONDS = 1.0
"""What the migration of one session may take, when it comes to its boundary."""

Direction = Literal["up", "down"]


@dataclass(frozen=True)
class Kept:
    """A plain method, as it was: its code and what a call of it needs."""

    code: CodeType
    namespace: dict[str, Any]
    defaults: tuple[Any, ...] | None
    keywords: dict[str, Any] | None
    closure: tuple[Any, ...] | None

    @classmethod
    def of(cls, function: FunctionType) -> Kept:
        return cls(
            function.__code__,
            function.__globals__,
            function.__defaults__,
            function.__kwdefaults__,
            function.__closure__,
        )

    def __call__(self, *args: Any) -> Any:
        function = FunctionType(self.code, self.namespace, self.code.co_name, self.defaults, self.closure)
        function.__kwdefaults__ = self.keywords
        return function(*args)


@dataclass(frozen=True)
class Step:
    """One migration that a unit missed. `change(old_vsn, state, extra)`; None: its class had no `code_change`."""

    direction: Direction
    old_vsn: str
    new_vsn: str
    change: Callable[[object, str, State, dict[str, Any]], object] | None
    extra: Mapping[str, Any]

    def undoes(self, other: Step) -> bool:
        return self.direction != other.direction and (self.old_vsn, self.new_vsn) == (other.old_vsn, other.new_vsn)


def kept_change(bound: Callable[..., object] | None) -> Callable[[object, str, State, dict[str, Any]], object] | None:
    """A bound `code_change` (or a plain function, of an `@upgradable` one) as something that outlives its release."""
    if bound is None:
        return None
    function = getattr(bound, "__func__", bound)
    takes_self = function is not bound
    kept = Kept.of(function) if isinstance(function, FunctionType) else function
    return lambda instance, *args: kept(instance, *args) if takes_self else kept(*args)


@dataclass
class Pin:
    """One pinned session or actor. `who` is its line for people, with the place where it was stuck."""

    id: str
    who: str
    vsn: str
    """The release that it is on; "" if not known."""
    since: float = field(default_factory=monotonic)
    steps: dict[int, list[Step]] = field(default_factory=dict)
    """By the id of the unit."""
    confirmed: bool = False
    """False: the upgrade that could not wait for it has not been committed yet."""

    @property
    def behind(self) -> int:
        """How many upgrades it has missed, at least."""
        return max((len(steps) for steps in self.steps.values()), default=0)

    def add(self, unit: Unit, step: Step) -> None:
        steps = self.steps.setdefault(id(unit), [])
        if steps and step.undoes(steps[-1]):
            steps.pop()
        else:
            steps.append(step)

    def settle(self, units: Sequence[Unit], vsn: str) -> None:
        """At the boundary: bring the states of its units to the release that runs, and tell them.

        Raises MigrationFailed: then no state was replaced.
        """
        new: list[tuple[Unit, State]] = []
        for unit in units:
            if steps := self.steps.get(id(unit)):
                new.append((unit, self._caught_up(unit, steps)))
        for unit, state in new:
            unit.replace_state(state)
        for unit in units:
            if steps := self.steps.get(id(unit)):
                unit.old_vsn = steps[0].old_vsn if steps[0].direction == "up" else steps[0].new_vsn
            unit.resumed(vsn, bool(steps))

    def _caught_up(self, unit: Unit, steps: list[Step]) -> State:
        state = unit.get_state()
        for step in steps:
            if step.change is not None:
                state = self._one(unit, step, state)
        return state

    def _one(self, unit: Unit, step: Step, state: State) -> State:
        change = step.change
        assert change is not None
        try:
            new = within(CATCH_UP_SECONDS, lambda: change(unit.instance, step.old_vsn, state, dict(step.extra)))
        except Overrun as exc:
            raise MigrationFailed(f"{unit.label}: its code_change took longer than {CATCH_UP_SECONDS:g} s") from exc
        except Exception as exc:
            raise MigrationFailed(f"{unit.label}: its code_change raised {type(exc).__name__}: {exc}") from exc
        if inspect.iscoroutine(new):
            new.close()
        if not isinstance(new, dict):
            raise MigrationFailed(f"{unit.label}: its code_change returned {type(new).__qualname__}, not a dict")
        return new
