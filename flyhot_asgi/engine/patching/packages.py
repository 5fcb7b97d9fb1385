"""A module that became a package, or the other way round: the living module object takes its new place.

What imports ask of a module is changed, as a cold import sets it (PEP 366, PEP 451): `__path__`, `__package__`,
`__spec__`, `__file__`. Its code was compiled for the new file, and its functions are swapped as in any module.
"""

from __future__ import annotations

import importlib
import sys
import types

from ...errors import UpgradeError
from ..source.module import SourceModule
from ..source.plan import Plan
from .finder import ReleaseFinder
from .journal import Journal

_MISSING = object()


def settle_places(plan: Plan, finder: ReleaseFinder, journal: Journal) -> None:
    """`finder` knows the new release already."""
    for name in plan.changed:
        if plan.old[name].is_package != plan.new[name].is_package:
            _settle(plan.new[name], plan.live[name], finder, journal)


def import_found(plan: Plan, journal: Journal) -> None:
    """New modules that the release's own loops find on disk: imported as these do. The loops stay as they ran."""
    for name in plan.found:
        if name in sys.modules:
            continue
        parent, _, own = name.rpartition(".")
        if parent in plan.live:
            journal.touch_namespace(vars(plan.live[parent]), f"the new module {own}")
        importlib.import_module(name)


def settle_submodules(plan: Plan, journal: Journal) -> None:
    """Submodules that take the place of what their package bound by their name, as their first import made them do."""
    for package, name in plan.submodules:
        submodule = sys.modules.get(f"{package}.{name}")
        if submodule is not None and vars(plan.live[package]).get(name) is not submodule:
            journal.set_attribute(plan.live[package], name, submodule)


def _settle(new: SourceModule, module: types.ModuleType, finder: ReleaseFinder, journal: Journal) -> None:
    spec = finder.find_spec(new.name)
    assert spec is not None
    facts = {"__spec__": spec, "__loader__": spec.loader, "__file__": new.path, "__package__": spec.parent}
    for name, value in facts.items():
        journal.set_attribute(module, name, value)
    if vars(module).get("__cached__", _MISSING) is not _MISSING:
        journal.set_attribute(module, "__cached__", spec.cached)
    if new.is_package:
        journal.set_attribute(module, "__path__", list(spec.submodule_search_locations or ()))
    elif "__path__" in vars(module):
        journal.delete_attribute(module, "__path__")


def touch_modules(journal: Journal) -> None:
    """`sys.modules`, and the packages that new submodules will be attributes of."""
    before = dict(sys.modules)

    def undo() -> None:
        for name in [name for name in sys.modules if name not in before]:
            _unbind(name, sys.modules.pop(name), before)
        for name, module in before.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module

    journal.note("sys.modules", undo)


def _unbind(name: str, module: types.ModuleType, before: dict[str, types.ModuleType]) -> None:
    """Out of its package, too: a package without a file is no module of the plan, and keeps what imports set in it."""
    parent, _, own = name.rpartition(".")
    package = before.get(parent)
    if isinstance(package, types.ModuleType) and vars(package).get(own) is module:
        delattr(package, own)


def import_ahead(name: str) -> None:
    """A library that the release imports and this process has not. Raises UpgradeError."""
    try:
        importlib.import_module(name)
    except Exception as exc:
        raise UpgradeError(
            f"the release imports `{name}`, which can't be imported here: {exc}",
            do="install it where the app runs, or deploy cold with the new dependency",
        ) from exc
