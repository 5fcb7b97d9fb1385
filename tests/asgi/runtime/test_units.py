"""Who is a unit: sessions', registered and module-level objects, each once."""

from __future__ import annotations

from typing import Any

import pytest

from flyhot_asgi.engine import Journal
from flyhot_asgi.errors import ConfigError
from flyhot_asgi.runtime.units import all_units, ids_by_class, unit_classes
from flyhot_asgi.session.registered import Registered
from flyhot_asgi.session.registry import Registry

from .conftest import Importer

SOURCE = """
class Plain:
    pass


class Base:
    def code_change(self, old_vsn, state, extra):
        return state


class Clock(Base):
    pass


class Slots:
    __slots__ = ("x",)

    def code_change(self, old_vsn, state, extra):
        return state


class Odd(Base):
    __module__ = property(lambda self: 1)


clock = Clock()
again = clock
plain = Plain()
slots = Slots()
odd = Odd()
"""


def labels(units: list[Any]) -> list[str]:
    return [unit.label.partition(" ")[2].strip("'").rpartition(".")[2] for unit in units]


def test_module_level_objects_with_a_code_change_are_units_once(imported: Importer) -> None:
    module = imported("TOP_units.py", SOURCE)
    assert labels(all_units(Registry(), Registered(), {module.__name__: module})) == ["clock"]


def test_a_registered_object_is_not_counted_again(imported: Importer) -> None:
    module = imported("TOP_units.py", SOURCE)
    registered = Registered()
    registered.add(module.clock, "the clock")
    registered.add(module.plain, "plain")
    found = all_units(Registry(), registered, {module.__name__: module})
    assert [unit.id for unit in found] == ["object:the clock", "object:plain"]


def test_what_a_release_may_give_a_code_change_counts_before_it_has_one(imported: Importer) -> None:
    module = imported("TOP_units.py", SOURCE)
    live = {module.__name__: module}
    classes = unit_classes(all_units(Registry(), Registered(), live), live)
    assert ids_by_class(classes, module.Plain) == {id(module.plain)}
    assert ids_by_class(classes, module.Base) == {id(module.clock)}
    assert ids_by_class(classes, module.Slots) == set(), "it can't be a unit: the plan must refuse"


def test_a_name_that_goes_over_to_a_new_object(imported: Importer) -> None:
    module = imported("TOP_units.py", SOURCE)
    registry, registered = Registry(), Registered()
    first, second = module.Plain(), module.Plain()
    for obj in (first, second):
        registered.add(obj, "p")
        assert [unit.instance for unit in all_units(registry, registered, {})] == [obj]


def test_what_a_release_registers_is_undone_with_it(imported: Importer) -> None:
    module = imported("TOP_units.py", SOURCE)
    registered, journal = Registered(), Journal()
    registered.add(module.plain, "p")
    registered.keep(journal)
    other = module.Plain()
    registered.add(other, "p")
    registered.add(other, "q")
    journal.rollback()
    assert registered.items() == [("p", module.plain)]


def test_what_can_be_no_unit_is_refused_at_once(imported: Importer) -> None:
    module = imported("TOP_units.py", SOURCE)
    with pytest.raises(ConfigError, match="can't be registered"):
        Registered().add(module.slots, "s")
