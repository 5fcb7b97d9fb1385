"""All units of a process at one moment: those of its sessions, the registered objects, module-level objects whose class
has a `code_change`, and what lives on of sessions that are over."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import ConfigError
from ..session import MigrationReport, Session
from ..session.actor import Actor
from ..session.registered import Registered
from ..session.registry import Registry
from ..session.unit import InstanceUnit, ObjectUnit, Unit, has_upgraded

logger = logging.getLogger("flyhot.upgrade")


def all_units(registry: Registry, registered: Registered, live: Mapping[str, object]) -> list[Unit]:
    """Every unit once, in a stable order."""
    for name, obj in registered.items():
        _register(registry, obj, name)
    units = registry.units()
    bound, ended = list(_module_objects(live)), registry.ended.units()
    known = {id(unit.instance) for unit in units} if bound or ended else set()
    for module, name, value in bound:
        if id(value) not in known:
            known.add(id(value))
            units.append(ObjectUnit(value, f"{module}.{name}", registry))
    return units + [unit for unit in ended if id(unit.instance) not in known]


def _register(registry: Registry, obj: Any, name: str) -> None:
    try:
        registry.register(obj, name)
    except ConfigError:  # another object had the name before
        registry.unregister(name)
        registry.register(obj, name)


def _module_objects(live: Mapping[str, object]) -> Iterable[tuple[str, str, Any]]:
    """Objects bound in a module whose first-party class defines `code_change`."""
    for module, name, value in _instances(live):
        if any("code_change" in vars(base) for base in type(value).__mro__):
            yield module, name, value


def _instances(live: Mapping[str, object]) -> Iterable[tuple[str, str, Any]]:
    """Objects bound in a module that are instances of a first-party class, and can be units."""
    for module, obj in live.items():
        for name, value in list(vars(obj).items()):
            cls = type(value)
            if type(cls.__module__) is str and cls.__module__ in live and cls.__dictoffset__ and cls.__weakrefoffset__:
                yield module, name, value


def unit_classes(units: Sequence[Unit], live: Mapping[str, object]) -> dict[int, type]:
    """The class of each object, by its id, that would be a unit if its class had a `code_change`, as a release may give
    it one; and of the dict that is a unit's state."""
    classes = {id(unit.instance): unit.cls for unit in units}
    for unit in units:
        if not isinstance(unit, InstanceUnit) and type(state := getattr(unit.instance, "state", None)) is dict:
            classes[id(state)] = unit.cls
    return classes | {id(value): type(value) for _, _, value in _instances(live)}


def attached(registry: Registry) -> list[Unit]:
    """The units of those who are here in this moment, and of those who were and live on. From any thread."""
    everybody: tuple[Session | Actor, ...] = (*registry.sessions, *registry.actors)
    return [*(unit for each in everybody for unit in each.units), *registry.ended.units()]


def ids_by_class(classes: Mapping[int, type], cls: type) -> set[int]:
    return {one for one, each in classes.items() if issubclass(each, cls)}


def tell_resumed(units: Iterable[Unit], vsn: str, migration: MigrationReport | None, *, render: bool = True) -> None:
    """Tell each unit that it runs release `vsn`, before anything flows again. What one of them raises is logged.

    Without `render`, those that would only render again are not told.
    """
    told: dict[int, bool] = {}
    for unit in units:
        if not render and getattr(unit, "renders", False) and not _changed(unit, migration):
            continue
        if isinstance(unit, InstanceUnit):  # there may be thousands, nearly all of which have nothing to do
            cls = unit.cls
            wants = told.get(id(cls))
            if wants is None:
                wants = told[id(cls)] = has_upgraded(cls)
            if not wants:
                continue
        try:
            unit.resumed(vsn, _changed(unit, migration))
        except Exception:
            logger.exception("%s could not be told that it runs new code; it does", unit.label)


def _changed(unit: Unit, migration: MigrationReport | None) -> bool:
    return migration is not None and migration.changed(unit)
