"""dependency_injector: functions under `@inject` stay wired to their containers.

The library keeps, by identity, what is to be injected into each function, and fills that in when a container is wired.
A function that is executed again is entered there under its twin, unwired, while the living one is what routes hold.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ...errors import UpgradeError
from ..living.inventory import subclasses
from ..living.places import found_at
from ..living.wrapped import function_chain
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import COLD, Adapter, Context
from ..source.diff import NamespaceDiff
from ..source.module import Statement
from ..source.plan import Graft
from .schemas import added, instances_of

_WIRING = "dependency_injector.wiring"
_NEEDED = ("_patched_registry", "_bind_injections", "ProvidersMap")


class InjectionAdapter(Adapter):
    """Claims nothing; looks after the library's register when statements are executed."""

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        wiring: Any = sys.modules.get(_WIRING)
        if wiring is None or not (context.plan.work or context.plan.added):
            return
        if all(hasattr(wiring, name) for name in _NEEDED):
            context.plan.registrations.append(Injections(wiring))
            return
        for item in context.plan.work:
            if isinstance(item, Graft):
                continue
            if any(value is wiring.inject for value in list(context.namespace(item.module).values())):
                reason = "it may be injected into, and this release of dependency_injector keeps that elsewhere"
                context.refuse(item.module, item.statement, reason, do=COLD)


@dataclass
class Injections(Registration):
    """Functions that are injected into anew are entered as the living ones, and wired as their modules are."""

    wiring: Any
    _seen: set[int] = field(default_factory=set)
    _fresh: list[Any] = field(default_factory=list)
    _containers: list[Any] = field(default_factory=list)

    @property
    def _callables(self) -> dict[Any, Any]:
        found: dict[Any, Any] = self.wiring._patched_registry._callables
        return found

    def look(self) -> None:
        kind = getattr(sys.modules.get("dependency_injector.containers"), "DynamicContainer", None)
        if kind is not None:
            self._containers = added(self._containers, instances_of([kind, *subclasses(kind)]))

    def begin(self, journal: Journal) -> None:
        journal.touch_container(self._callables, "what dependency_injector injects into")
        journal.touch_container(self.wiring._patched_registry._attributes, "what dependency_injector injects into")
        before = [(one, one.injections, one.closing) for one in self._callables.values()]
        self._seen = {id(one) for one, _, _ in before}
        for one, injections, closing in before:
            journal.touch_container(injections, "what is injected")
            journal.touch_container(closing, "what is injected")
            journal.note("what is injected", partial(setattr, one, "injections", injections))
            journal.note("what is injected", partial(setattr, one, "closing", closing))
        journal.note("what dependency_injector knows of parameters", self._forget)
        self._forget()

    def show(self, statement: Statement, journal: Journal) -> None:
        self._settle()

    def finish(self, journal: Journal) -> None:
        self._settle()
        for function, entry in list(self._callables.items()):
            if isinstance(function, types.FunctionType) and not _carries(function, entry):
                del self._callables[function]  # it is under `@inject` no more
        for entry in self._fresh:
            self._wire(entry)
        self._forget()

    def _forget(self) -> None:
        """Before 4.42 nothing was remembered of parameters."""
        if (clear := getattr(self.wiring, "clear_cache", None)) is not None:
            clear()

    def _settle(self) -> None:
        """Enter what came since under the function that lives on, if its twin was poured into one."""
        callables = self._callables
        for twin, entry in list(callables.items()):
            if id(entry) in self._seen:
                continue
            self._seen.add(id(entry))
            self._fresh.append(entry)
            living = _living(twin, entry)
            if living is not None and living is not twin:
                del callables[twin]
                entry.patched, entry.original = living, living.__wrapped__
                callables[living] = entry

    def _wire(self, entry: Any) -> None:
        """Fill in what a container gives that its module is wired to, unless one did when it was made."""
        for name, marker in entry.reference_injections.items():
            if name in entry.injections:
                continue
            found = [(c, m) for c, m in self._wired_to(entry.patched.__module__) if _gives(m, marker)]
            if len(found) > 1:
                found = [(c, m) for c, m in found if self._in_use(c)]
            if len(found) > 1:
                where = f"{entry.patched.__module__}.{entry.patched.__qualname__}"
                what = f"`{where}` is injected into by more than one container, and which is the last can't be told"
                raise UpgradeError(what, do=COLD)
            for _, providers in found:
                self.wiring._bind_injections(entry.patched, providers)

    def _wired_to(self, module: str) -> list[tuple[Any, Any]]:
        self.look()  # those that the release made come last
        return [(one, self.wiring.ProvidersMap(one)) for one in self._containers if _covers(one, module)]

    def _in_use(self, container: Any) -> bool:
        used = {id(given) for entry in self._callables.values() for given in entry.injections.values()}
        return any(id(provider) in used for provider in container.providers.values())


def _gives(providers: Any, marker: Any) -> bool:
    return providers.resolve_provider(marker.provider, marker.modifier) is not None


def _covers(container: Any, module: str) -> bool:
    modules = {_name(one) for one in container.wired_to_modules}
    packages = [_name(one) for one in container.wired_to_packages]
    return module in modules or any(module == one or module.startswith(f"{one}.") for one in packages)


def _name(module: Any) -> str:
    return module if isinstance(module, str) else module.__name__


def _carries(function: types.FunctionType, entry: Any) -> bool:
    """The function is the one that injects what the entry says: a closure, made with it."""
    for cell in function.__closure__ or ():
        try:
            if cell.cell_contents is entry:
                return True
        except ValueError:
            continue
    return False


def _living(twin: Any, entry: Any) -> Any:
    """The function at the twin's place that carries the entry now; None if there is none."""
    found = found_at(twin.__module__, twin.__qualname__)
    return next((one for one in function_chain(found) if _carries(one, entry)), None)
