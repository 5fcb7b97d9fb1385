"""dependency_injector's declarative containers: providers come, go and change; containers that live follow.

A container class keeps its providers in registers of its own, what `Provide[Container.users]` says refers to a provider
itself, and each `Container()` holds copies of them all. So the class's members are replaced one by one, a changed
provider takes the new one's recipe in place, and the copies in living containers do the same. A provider that keeps
what it made (a singleton that was asked for, a resource) is refused when its recipe changes. What providers hold no
comparison sees: this rests on its tests.
"""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ...errors import UpgradeError
from ..living.inventory import subclasses
from ..patching.journal import Journal, restore_dict
from ..patching.registration import Registration
from ..planning.class_kinds import is_text
from ..planning.context import COLD, Adapter, Context
from ..source.diff import Change, NamespaceDiff, Verdict, diff
from ..source.module import Statement, statements_of
from ..source.plan import Action, Graft
from .schemas import added, instances_of

_MADE = frozenset({"containers", "inherited_providers", "cls_providers", "providers", "wiring_config", "__self__"})
"""What the metaclass puts into a container class."""
_SETTERS = {"provides": "set_provides", "args": "set_args", "kwargs": "set_kwargs", "attributes": "set_attributes"}


class ContainersAdapter(Adapter):
    """Claims changes of declarative containers."""

    def recasts(self, context: Context, module: str, change: Change, living: type, of: str | None) -> bool:
        old, new = (side.node if side is not None else None for side in (change.old, change.new))
        if not _is_container(living) or not isinstance(old, ast.ClassDef) or not isinstance(new, ast.ClassDef):
            return False
        assert change.new is not None
        members = diff(statements_of(old.body, docstring=True), statements_of(new.body, docstring=True))
        if (reason := _problem(old, new, living, members)) is not None:
            context.refuse(module, change.new, reason, do=COLD)
        else:
            known = context.containers.get(change.new)
            context.containers[change.new] = (module, living, known[2] if known is not None else members)
        return True

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        for statement, (module, living, members) in context.containers.items():
            changes = list(_again(context, module, statement, members))
            changed = [c for c in changes if c.statement.kind == "assign"]
            for change in changed:
                if (reason := _keeps(vars(living).get(change.statement.binds[0]))) is not None:
                    context.refuse(module, change.statement, reason, do=COLD)
            path, undocumented = (living.__name__,), any(c.statement.kind == "doc" for c in members.of(Verdict.DELETED))
            order = [n for s in statements_of(_body(statement), docstring=False) for n in s.binds]
            unseen = _MADE.difference(order)
            graft = Graft(module, living, path, tuple(changes), members.deleted_names, undocumented, unseen)
            context.plan.work.append(graft)
            context.step(module, statement, Action.GRAFT, "its providers changed; living containers follow")
            names = [name for change in changed for name in change.statement.binds]
            context.plan.registrations.insert(0, Containers(graft, order, names))


def _is_container(value: object) -> bool:
    kind = getattr(sys.modules.get("dependency_injector.containers"), "DeclarativeContainerMetaClass", None)
    return kind is not None and isinstance(value, kind)


def _body(statement: Statement) -> list[ast.stmt]:
    assert isinstance(statement.node, ast.ClassDef)
    return statement.node.body


def _problem(old: ast.ClassDef, new: ast.ClassDef, living: type, members: NamespaceDiff) -> str | None:
    parts = [[ast.dump(p) for p in [*n.bases, *n.keywords, *n.decorator_list]] for n in (old, new)]
    if parts[0] != parts[1]:
        return "its bases or decorators changed; containers that live were made of the old ones"
    if subclasses(living):
        return "another container derives from it, and has its providers from when it was made"
    for change in members.of(Verdict.CHANGED, Verdict.ADDED, Verdict.DELETED, Verdict.RERUN):
        member = change.statement
        if is_text(member):
            continue
        if member.kind not in ("assign", "doc") or (member.kind == "assign" and len(member.binds) != 1):
            return "more than its providers changed; containers that live were made of the old ones"
        if "wiring_config" in member.binds:
            return "its `wiring_config` changed, which took effect when its containers were made"
    return None


def _again(context: Context, module: str, statement: Statement, members: NamespaceDiff) -> list[Change]:
    """Members that changed, or read something that is bound anew or such a member, in the class's order."""
    by_dump = {change.new.dump: change for change in members.changes if change.new is not None}
    rebound = {n for n in statement.reads if context.rebound.intersection(context.new_names.trail(module, n))}
    found: list[Change] = []
    for member in statements_of(_body(statement), docstring=True):
        change = by_dump[member.dump]
        if change.verdict in (Verdict.SAME, Verdict.BODY) and member.kind == "assign" and member.reads & rebound:
            change = Change(Verdict.RERUN, change.old, change.new)
        if change.verdict not in (Verdict.SAME, Verdict.BODY):
            rebound.update(member.binds)
            found.append(change)
    return found


def _keeps(provider: Any) -> str | None:
    """Why another recipe can't be given to a living provider, as it keeps what it made; None if it may."""
    providers = sys.modules["dependency_injector.providers"]
    if provider is None or isinstance(provider, (providers.Factory, providers.Callable, providers.Object)):
        return None
    kind = type(provider).__qualname__
    if isinstance(provider, providers.Singleton) and not _was_asked(provider):
        return None
    return f"it is a {kind}, which keeps what it made, and how it is made changed"


def _was_asked(singleton: Any) -> bool:
    made = singleton.provides
    return not isinstance(made, type) or any(isinstance(one, made) for one in gc.get_referents(singleton))


@dataclass
class Containers(Registration):
    """Brings the registers of one container class, and the containers that were made of it, to its new members.
    `order`: names of the new class body; `changed`: those that are bound anew."""

    graft: Graft
    order: list[str]
    changed: list[str]
    _living: list[Any] = field(default_factory=list)
    _before: dict[str, Any] = field(default_factory=dict)

    def look(self) -> None:
        kind = sys.modules["dependency_injector.containers"].DynamicContainer
        found = instances_of([kind, *subclasses(kind)])
        self._living = added(self._living, [c for c in found if c.declarative_parent is self.graft.cls])

    def begin(self, journal: Journal) -> None:
        cls: Any = self.graft.cls
        self._before = dict(cls.providers)
        for owner in [cls, *self._living]:
            for name in ("providers", "cls_providers"):
                if type(register := vars(owner).get(name)) is dict:
                    journal.touch_container(register, "providers of a container")
        for container in self._living:
            fields = dict(vars(container))
            journal.note("a container", partial(restore_dict, vars(container), fields))

    def grafted(self, graft: Graft, journal: Journal) -> None:
        if graft is not self.graft:
            return
        cls: Any = graft.cls
        for container in self._living:
            for name in [*self.changed, *graft.deleted]:
                _check(cls, name, self._before.get(name), container.providers.get(name))
        memo = {id(one): one for one in self._before.values()}
        for name in self.changed:
            made, old = vars(cls)[name], self._before.get(name)
            if old is None or made is old or not _is_provider(made):
                continue
            memo[id(made)] = old
            _pour(
                old, made, {key: one for key, one in memo.items() if key != id(made)}, f"{cls.__name__}.{name}", journal
            )
            setattr(cls, name, old)
        for container in self._living:
            self._bring(container, cls, journal)
        for owner in (cls.providers, cls.cls_providers, *(one.providers for one in self._living)):
            _in_order(owner, [*(n for n in cls.inherited_providers if n not in self.order), *self.order])
        self._living, self._before = [], {}

    def _bring(self, container: Any, cls: Any, journal: Journal) -> None:
        copied = sys.modules["dependency_injector.providers"].deepcopy
        memo = {
            id(one): container.providers[name] for name, one in cls.providers.items() if name in container.providers
        }
        memo[id(cls.__self__)] = container.__self__
        for name in self.changed:
            made = vars(cls)[name]
            if not _is_provider(made):
                continue
            old = memo.pop(id(made), None)
            if old is None:
                container.set_provider(name, copied(made, dict(memo)))
            else:
                _pour(old, made, memo, f"{cls.__name__}.{name}", journal)
            memo[id(made)] = container.providers[name]
        for name in self.graft.deleted:
            if name in container.providers:
                delattr(container, name)


def _is_provider(value: object) -> bool:
    return isinstance(value, sys.modules["dependency_injector.providers"].Provider)


def _check(cls: type, name: str, old: Any, copy: Any) -> None:
    """The container's own provider must be a copy of the class's that made nothing to keep."""
    if (old is None) != (copy is None) or (copy is not None and type(copy) is not type(old)):
        raise UpgradeError(f"the program gave a container of `{cls.__name__}` another `{name}`", do=COLD)
    if copy is not None and (reason := _keeps(copy)) is not None:
        raise UpgradeError(f"`{cls.__name__}.{name}`: {reason}", do=COLD)


def _pour(old: Any, made: Any, memo: dict[int, Any], what: str, journal: Journal) -> None:
    """Give a living provider the recipe of another of its type; `memo`: what stands for the providers in it."""
    if type(old) is not type(made):
        kinds = f"a {type(old).__qualname__} and is a {type(made).__qualname__} now"
        raise UpgradeError(f"`{what}` was {kinds}; who injects it holds the old one", do=COLD)
    fresh = sys.modules["dependency_injector.providers"].deepcopy(made, memo)
    for name, setter in _SETTERS.items():
        if hasattr(old, setter):
            journal.note(f"how {what} is made", partial(_give, old, setter, getattr(old, name)))
            _give(old, setter, getattr(fresh, name))


def _give(provider: Any, setter: str, value: Any) -> None:
    if setter == "set_args":
        provider.set_args(*value)
    elif setter == "set_provides":
        provider.set_provides(value)
    else:
        getattr(provider, setter)(**value)


def _in_order(register: dict[str, Any], order: list[str]) -> None:
    """As a cold import has them: those of its bases, those of the class body, what the metaclass adds."""
    place = {name: index for index, name in enumerate(order)}
    items = sorted(register.items(), key=lambda item: place.get(item[0], len(place)))
    register.clear()
    register.update(items)
