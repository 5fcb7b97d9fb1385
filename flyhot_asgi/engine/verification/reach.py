"""Which modules an upgrade can have made other ones: those are compared while sessions are held, the rest afterwards.

Swapped code changes the modules whose code it is. A statement that is executed changes its own module, what its module
works with, and what was made of it elsewhere.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping

from ..source.plan import Plan


def could_change(plan: Plan) -> frozenset[str]:
    """Names of living modules, and of those that the plan adds."""
    changed = {*plan.changed, *plan.added}
    if not plan.executes:
        return frozenset(changed)
    touched = {*changed, *plan.deleted, *(item.module for item in plan.work)}
    touched |= {module for module, _ in plan.deleted_names}
    refers = {name: references(module, plan.live) for name, module in plan.live.items()}
    worked_with = {other for name in touched for other in refers.get(name, ())}
    return frozenset(touched | worked_with | _reached_by(touched, refers))


def references(module: types.ModuleType, live: Mapping[str, types.ModuleType]) -> set[str]:
    """The living modules that a module has in its namespace, or something that they define."""
    found = set()
    for value in list(vars(module).values()):
        name = _home(value)
        if name in live:
            found.add(name)
    found.discard(module.__name__)
    return found


def _home(value: object) -> str:
    kind = type(value)
    if kind is types.ModuleType:
        return str(vars(value).get("__name__"))
    of = value if kind is types.FunctionType or issubclass(kind, type) else kind
    name = vars(of).get("__module__") if issubclass(type(of), type) else getattr(of, "__module__", None)
    return name if type(name) is str else ""


def _reached_by(touched: Iterable[str], refers: Mapping[str, set[str]]) -> set[str]:
    """Those that refer to a touched module, or to one that does."""
    users: dict[str, list[str]] = {}
    for name, others in refers.items():
        for other in others:
            users.setdefault(other, []).append(name)
    found: set[str] = set()
    queue = list(touched)
    while queue:
        for user in users.get(queue.pop(), ()):
            if user not in found:
                found.add(user)
                queue.append(user)
    return found
