"""Tasks of Celery come, go and change: `@celery.task(max_retries=3)`, `@shared_task`.

What the decorator makes is an object of a class made for it, known to apps by its name, and mostly hidden behind a
proxy, which modules import from each other. A task that is made again has its name taken out first, as Celery gives
whoever enters a name twice the first one. Then the living task, and the proxy before it, become what the new one is.
A request that is under way keeps its context. What tasks hold no comparison sees: this rests on its tests.
"""

from __future__ import annotations

import ast
import sys
import types
from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ..living.tasks import function_of, is_task, kinds, made
from ..living.wrapped import closed_over
from ..patching.journal import Journal, restore_dict
from ..patching.registration import Registration
from ..planning.context import Adapter, Context
from ..planning.decorators import look_up
from ..planning.judge_functions import refuse_if_held
from ..source.defuse import Home
from ..source.diff import NamespaceDiff
from ..source.module import Statement
from ..source.plan import Action
from .same_text import SameText
from .stale import stale_statements

_PROMISE = ("_Proxy__local", "_Proxy__args", "_Proxy__kwargs")
"""Of what a proxy makes its object, as long as nobody asked for it."""


class CeleryAdapter(Adapter):
    """Claims functions of which a decorator makes a task."""

    def owns(self, value: object) -> bool:
        app = getattr(sys.modules.get("celery.app.base"), "Celery", None)
        return app is not None and (issubclass(type(value), app) or _is_shared(value))

    def registers(self, context: Context, module: str, statement: Statement) -> bool:
        return module in context.live and _makes_task(context, module, statement)

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        if "celery" not in sys.modules:
            return
        old, new = (dict(_tasks(context, order)) for order in (context.old_order, context.order))
        changes = [(module, one) for module, found in diffs.items() for one in found.changes]
        partner = {one.old: one.new for _, one in changes if one.old is not None}
        same_text, stale = SameText(context), stale_statements(context, diffs)
        kept = {one: partner.get(one) or same_text.of(home[0], one) for home, one in old.items()}
        stays = {now for now in kept.values() if now in new.values() and now not in stale}
        gone = {home: one for home, one in old.items() if kept[one] not in stays}
        come = {home: one for home, one in new.items() if one not in stays}
        for home, one in gone.items():
            if home not in come:
                refuse_if_held(context, home[0], one, home[1], "it is no task any more, but still held by {}")
            if (now := kept[one]) is not None and now not in new.values() and home[1] in now.binds:
                context.execute(home[0], now)
                context.step(home[0], now, Action.EXECUTE, "it is no task of Celery's any more")
        for (module, name), one in come.items():
            if one not in context.planned:
                context.execute(module, one)
                context.step(module, one, Action.REBUILD, "it is a task of Celery's as the release has it")
            if (module, name) not in old and name in context.namespace(module):
                refuse_if_held(context, module, one, name, "it is a task now; what it was is still held by {}")
        if gone or come:
            spaces = {one: (context.namespace(home[0]), home[1]) for home, one in come.items()}
            left = [(context.namespace(module), name) for module, name in gone]
            context.dropped += [held for app in _apps() for held in (app._tasks, app._pending)]
            context.plan.registrations.insert(0, Tasks(left, spaces))


class Tasks(Registration):
    """Takes tasks out of Celery's apps, and lets the living ones become what the release's statements make."""

    def __init__(self, gone: list[tuple[dict[str, Any], str]], come: Mapping[Statement, tuple[Any, str]]) -> None:
        self._gone, self._come = gone, come
        self._before: dict[tuple[int, str], Any] = {}
        self._others: list[Any] = []
        self._known: set[Any] = set()

    def begin(self, journal: Journal) -> None:
        journal.touch_container(_finalizers(), "what Celery's apps are told when they are complete")
        for app in _apps():
            journal.touch_container(app._tasks, "tasks of an app of Celery's")
            journal.touch_container(app._pending, "tasks that an app of Celery's is to make yet")
        for namespace, name in self._gone:
            value = self._before[id(namespace), name] = namespace.get(name)
            function = function_of(value)
            for app in _apps():
                for known in [key for key, task in app._tasks.items() if function_of(task) is function]:
                    del app._tasks[known]
                    self._others.append(app)
                _drop(app._pending, value)
            for told in [one for one in _finalizers() if any(held is function for held in closed_over(one))]:
                _finalizers().discard(told)

    def show(self, statement: Statement, journal: Journal) -> None:
        self._known = set(_finalizers())

    def collect(self, statement: Statement, journal: Journal) -> None:
        if statement not in self._come:
            return
        namespace, name = self._come[statement]
        fresh = _finalizers() - self._known
        for app in self._others:
            if app.finalized:
                for told in fresh:
                    told(app)
        old, new = self._before.get((id(namespace), name)), namespace.get(name)
        if old is None:
            namespace[name] = _behind_proxy(new)
        elif is_task(old) and old is not new:
            namespace[name] = _become(old, new, journal)


def _behind_proxy(task: Any) -> Any:
    """As a cold import has it, which does not make tasks before somebody asks for them."""
    proxy, promise = kinds()
    if type(task) in (proxy, promise) or not is_task(task):
        return task
    one = promise(lambda: task, __doc__=task.__doc__)
    one.__evaluate__()
    return one


def _become(old: Any, new: Any, journal: Journal) -> Any:
    """The living task or proxy, which is what the new one is from now on; the new one, if it can't be."""
    proxy, promise = kinds()
    if type(old) is proxy or (type(old) is promise and made(old) is None):
        if type(new) is not type(old):
            return new
        journal.note("a proxy of Celery's", partial(_promise, old, _promised(old)))
        _promise(old, _promised(new))
        for app in _apps():
            for place, one in enumerate(app._pending):
                if one is new:
                    app._pending[place] = old
        return old
    living, fresh = made(old), new._get_current_object() if type(new) in (proxy, promise) else new
    for app in _apps():
        _drop(app._pending, new)
        for known in [key for key, task in app._tasks.items() if task is fresh]:
            app._tasks[known] = living
    fields, kind = dict(vars(living)), type(living)
    journal.note("a task of Celery's", partial(_be, living, kind, fields))
    if (under_way := vars(kind).get("request_stack")) is not None:
        type(fresh).request_stack = under_way
    _be(living, type(fresh), {key: _of(one, fresh, living) for key, one in vars(fresh).items()})
    return old


def _drop(pending: deque[Any], value: Any) -> None:
    """Proxies are not asked whether they are equal: that makes their tasks."""
    left = [one for one in pending if one is not value]
    pending.clear()
    pending.extend(left)


def _be(task: Any, kind: type, fields: dict[str, Any]) -> None:
    task.__class__ = kind
    restore_dict(vars(task), fields)


def _of(value: Any, fresh: Any, living: Any) -> Any:
    """What a task keeps of itself: its own `run`, and what stands before that to try again."""
    if isinstance(value, types.MethodType) and value.__self__ is fresh:
        return types.MethodType(value.__func__, living)
    if isinstance(value, types.FunctionType):
        for cell in value.__closure__ or ():
            if cell.cell_contents is fresh:
                cell.cell_contents = living
    return value


def _tasks(context: Context, order: list[tuple[str, Statement]]) -> Iterator[tuple[Home, Statement]]:
    for module, statement in order:
        if module in context.live and _makes_task(context, module, statement):
            yield (module, statement.binds[0]), statement


def _makes_task(context: Context, module: str, statement: Statement) -> bool:
    """Its outermost decorator makes a task, and the others are nobody's who would have to be told."""
    if statement.kind != "def" or not statement.decorators or "celery" not in sys.modules:
        return False
    first = statement.decorators[0]
    found = look_up(context, module, first.func if isinstance(first, ast.Call) else first)
    if isinstance(found, types.MethodType):
        return found.__name__ == "task" and found.__func__.__module__ == "celery.app.base"
    return _is_shared(found)


def _is_shared(found: object) -> bool:
    return type(found) is types.FunctionType and (found.__module__, found.__name__) == ("celery.app", "shared_task")


def _apps() -> list[Any]:
    return list(sys.modules["celery._state"]._get_active_apps())


def _finalizers() -> set[Any]:
    found: set[Any] = sys.modules["celery._state"]._on_app_finalizers
    return found


def _promised(proxy: Any) -> dict[str, Any]:
    found = {}
    for name in _PROMISE:
        try:
            found[name] = object.__getattribute__(proxy, name)
        except AttributeError:
            continue
    return found


def _promise(proxy: Any, parts: Mapping[str, Any]) -> None:
    for name, value in parts.items():
        object.__setattr__(proxy, name, value)
