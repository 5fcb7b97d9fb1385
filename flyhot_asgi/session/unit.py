"""Units: what an upgrade migrates. A unit is a live object of a user's class, with its state as a plain dict.

Source of the idea: OTP's `sys:get_state`, `sys:replace_state` and `code_change` (stdlib, `sys`), with the
difference that here states are computed first and swapped afterwards, so that all of them or none of them
move.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from flyhot_asgi.errors import ConfigError

State = dict[str, Any]

_attribute = object.__getattribute__
PLUMBING = frozenset({"scope", "receive", "send"})


class Unit(Protocol):
    """What the upgrade asks of a live thing. All of it is synchronous, and none of it may fail for ordinary
    states."""

    old_vsn: str | None
    """The vsn that its class had before the upgrade in hand; `migrate` sets it, before any `code_change`
    runs."""

    @property
    def id(self) -> str:
        """Unique in the application, stable for the unit's life: "ws-3/1", "object:clock"."""

    @property
    def label(self) -> str:
        """For people: class and place, such as "Chat /ws/rooms/1"."""

    @property
    def cls(self) -> type:
        """The class as it is now (`type(instance)`: an upgrade may have changed it)."""

    @property
    def instance(self) -> object | None:
        """The live object on which `code_change` is called; None if it has gone."""

    def get_state(self) -> State:
        """The state as a new dict; its values are shared with the live object, not copied."""

    def replace_state(self, state: State) -> None:
        """Make `state` the unit's state. A matter of assignments: runs no user code. The dict may be kept: the
        caller lets go of it."""

    def resumed(self, vsn: str, changed: bool) -> None:
        """Called once after commit, before the valve opens. `vsn`: the release that runs now; `changed`: this
        unit's class is another than before."""


class Owner(Protocol):
    """Who owns the tasks that a unit starts: a session, or the registry."""

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None: ...

    def report(self, what: str) -> None:
        """Something went wrong that nobody waits for."""


class Place(Owner, Protocol):
    """Where an endpoint lives: its session."""

    @property
    def id(self) -> str: ...

    @property
    def path(self) -> str: ...


class InstanceUnit:
    """A unit whose state is the attributes of its `instance`, or some of them, and nothing else. Has nothing to do in
    `resumed()` but to start its instance's `upgraded()`: without one it need not be called."""

    __slots__ = ()


class EndpointUnit(InstanceUnit):
    """A Starlette `WebSocketEndpoint` instance. State: its attributes without `scope`, `receive`, `send`."""

    __slots__ = ("_endpoint", "_session", "id", "old_vsn")

    def __init__(self, endpoint: object, session: Place, *, number: int = 1) -> None:
        self._endpoint = endpoint
        self._session = session
        self.id = f"{session.id}/{number}"
        self.old_vsn: str | None = None

    @property
    def cls(self) -> type:
        return type(self._endpoint)

    @property
    def label(self) -> str:
        return f"{self.cls.__qualname__} {self._session.path}"

    @property
    def instance(self) -> object | None:
        return self._endpoint

    def get_state(self) -> State:
        state: State = _attribute(self._endpoint, "__dict__").copy()
        drop = state.pop
        drop("scope", None)
        drop("receive", None)
        drop("send", None)
        return state

    def replace_state(self, state: State) -> None:
        replace_attributes(self._endpoint, state, keep=PLUMBING)

    def resumed(self, vsn: str, changed: bool) -> None:
        if changed:
            start_upgraded(self, self._session)


class ObjectUnit(InstanceUnit):
    """Any object that the user registered. Held by a weak reference. State: its `__dict__`.

    Raises ConfigError if the object has no `__dict__`, or can't be referred to weakly.
    """

    def __init__(self, obj: object, name: str, owner: Owner) -> None:
        if not isinstance(getattr(obj, "__dict__", None), dict):
            raise ConfigError(
                f"{type(obj).__qualname__} can't be registered as {name!r}: it has no __dict__ to migrate",
                do="register an object of an ordinary class (one without __slots__)",
            )
        try:
            self._ref = weakref.ref(obj)
        except TypeError:
            raise ConfigError(
                f"{type(obj).__qualname__} can't be registered as {name!r}: it allows no weak references",
                do='add "__weakref__" to the class\'s __slots__, or leave __slots__ out',
            ) from None
        self.name = name
        self.id = f"object:{name}"
        self.old_vsn: str | None = None
        self._cls = type(obj)
        self._owner = owner

    @property
    def cls(self) -> type:
        obj = self._ref()
        return self._cls if obj is None else type(obj)

    @property
    def label(self) -> str:
        return f"{self.cls.__qualname__} {self.name!r}"

    @property
    def instance(self) -> object | None:
        return self._ref()

    def get_state(self) -> State:
        obj = self._ref()
        return {} if obj is None else dict(_attributes(obj))

    def replace_state(self, state: State) -> None:
        obj = self._ref()
        if obj is not None:
            replace_attributes(obj, state)

    def resumed(self, vsn: str, changed: bool) -> None:
        if changed:
            start_upgraded(self, self._owner)


def _attributes(obj: object) -> State:
    attributes: State = _attribute(obj, "__dict__")
    return attributes


def replace_attributes(obj: object, state: State, *, keep: frozenset[str] = frozenset()) -> None:
    """Make `state` the contents of `obj.__dict__`, leaving the attributes named in `keep`.

    Works on the dict itself: no `__setattr__`, no descriptor of the user's runs. What stays is not taken out and put
    back: an object's dict shares its keys with those of its class's others, as long as it is only added to.
    """
    attributes: State = _attribute(obj, "__dict__")
    if state is attributes:
        return
    if keep and not state.keys().isdisjoint(keep):
        state = {each: value for each, value in state.items() if each not in keep}
    attributes.update(state)
    if len(attributes) != len(state) + len(keep):
        for name in [name for name in attributes if name not in state and name not in keep]:
            del attributes[name]


def has_upgraded(cls: type) -> bool:
    """Does the class want to be told, by an `upgraded(old_vsn)`, of an upgrade?"""
    return callable(getattr(cls, "upgraded", None))


def start_upgraded(unit: Unit, owner: Owner) -> None:
    """Run `upgraded(old_vsn)` of the unit's instance, if its class has one, in a task of `owner`'s. Its errors are
    logged, and reported."""
    instance = unit.instance
    if instance is None or not has_upgraded(type(instance)):
        return
    old_vsn = unit.old_vsn

    async def work() -> None:
        try:
            outcome = instance.upgraded(old_vsn)  # type: ignore[attr-defined]
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as exc:
            owner.report(f"upgraded() of {unit.label} failed: {type(exc).__name__}: {exc}")
            raise

    owner.spawn(work, name=f"upgraded() of {unit.label}")
