"""`app = FastAPI(…)`, `router = APIRouter(…)` with other arguments: the constructor runs again on the living object.

So the object's references to itself (bound methods, closures that a constructor made) are right by construction. What
is state stays: `app.state`, dependency overrides, the lifespan if it has run, middleware and exception handlers
(`stack` looks after them), the lists of routes and an app's router as objects. Everything that the source registers
with the object is registered anew (`routes`).
"""

from __future__ import annotations

import ast
import types
from typing import Any

from ..patching.execute import compile_nodes
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import Context
from ..source.diff import Change
from ..source.module import Statement, dotted_name
from ..source.nodes import nodes_of
from .lifespans import made_again
from .whole import set_again

INIT = "__flyhot_init__"
_KEPT = ("state", "dependency_overrides", "user_middleware", "exception_handlers", "middleware_stack")
_HANDLERS = ("on_startup", "on_shutdown")
"""Statements added them, which don't run again."""
_START = frozenset("lifespan on_startup on_shutdown".split())
"""Arguments that take effect when the app is started."""
_COUNTED_ON = frozenset("middleware exception_handlers debug".split())
"""Arguments that other adapters count on."""
_LAYERS = frozenset({"middleware", "exception_handlers"})
_MISSING: Any = object()


def why_not_constructed(old: ast.Call, new: ast.Call, rebound: set[str], started: bool) -> str | None:
    """Why the constructor can't run again; None if it can. `started`: the app was."""
    fixed = _COUNTED_ON | _START if started else _COUNTED_ON
    if differing := sorted(_differing(old, new, fixed)):
        return f"its argument `{differing[0]}` changed, which took effect when the app was started"
    if others := sorted(_reading(new, rebound) & fixed):
        return f"its argument `{others[0]}` is another object now, and took effect when the app was started"
    if any(keyword.arg is None for keyword in [*old.keywords, *new.keywords]):
        return "its arguments are unpacked from a mapping, so that what changed can't be told"
    return None


def layered_otherwise(old: ast.Call, new: ast.Call, rebound: set[str]) -> bool:
    """It is given other middleware or handlers of errors, of which the stack is built: by an app made again whole."""
    return bool((_differing(old, new, _COUNTED_ON) | (_reading(new, rebound) & _COUNTED_ON)) & _LAYERS)


def _differing(old: ast.Call, new: ast.Call, among: frozenset[str]) -> set[str]:
    sides = [{str(k.arg): ast.dump(k.value) for k in call.keywords if k.arg in among} for call in (old, new)]
    return {name for name in {**sides[0], **sides[1]} if sides[0].get(name) != sides[1].get(name)}


def _reading(call: ast.Call, rebound: set[str]) -> set[str]:
    """Arguments that read one of these names."""
    return {
        str(keyword.arg)
        for keyword in call.keywords
        if any(isinstance(node, ast.Name) and node.id in rebound for node in nodes_of(keyword.value))
    }


def plan_construction(context: Context, module: str, change: Change, living: Any) -> None:
    """Write the construction of a living app or router into the plan."""
    new = change.new
    assert new is not None
    call = getattr(new.node, "value", None)
    assert isinstance(call, ast.Call)
    expression = ast.copy_location(
        ast.Call(
            func=ast.copy_location(ast.Name(id=INIT, ctx=ast.Load()), call), args=call.args, keywords=call.keywords
        ),
        call,
    )
    code = compile_nodes(context.new[module], [ast.copy_location(ast.Expr(value=expression), call)])
    context.execute(module, new)
    context.constructed[id(getattr(living, "router", living))] = ((module, new.binds[0]), new)
    context.plan.registrations.insert(0, Construction(new, new.binds[0], context.namespace(module), living, code))
    made_again(context, living)
    set_again(context, living)


class Construction(Registration):
    """Runs the constructor on the living object as soon as its statement was executed."""

    def __init__(
        self,
        statement: Statement,
        name: str,
        namespace: dict[str, Any],
        living: Any,
        code: types.CodeType,
    ) -> None:
        self._statement, self._name, self._namespace = statement, name, namespace
        self._living, self._code = living, code

    def collect(self, statement: Statement, journal: Journal) -> None:
        if statement is not self._statement:
            return
        living = self._living
        router = vars(living).get("router")
        before = dict(vars(living))
        journal.touch_namespace(vars(living), f"`{self._name}`")
        self._namespace[INIT] = self._construct
        try:
            exec(self._code, self._namespace)
        finally:
            self._namespace.pop(INIT, None)
            self._namespace[self._name] = living
        _keep(living, before, _KEPT if router is not None else _HANDLERS)
        _keep(living, before, tuple(n for n in before if n not in vars(living)))  # from outside: `app.openapi = …`
        if router is None:
            _keep_routes(living, before)
        else:
            journal.touch_namespace(vars(router), f"the router of `{self._name}`")
            former, made = dict(vars(router)), vars(living)["router"]
            _pour(router, made)
            _keep(router, former, (*_HANDLERS, *(n for n in former if n not in vars(router))))
            _keep_routes(router, former)
            vars(living)["router"] = router

    def _construct(self, *arguments: Any, **keywords: Any) -> None:
        vars(self._living).clear()
        self._living.__init__(*arguments, **keywords)


def _keep(owner: Any, before: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in before:
            vars(owner)[name] = before[name]


def _keep_routes(router: Any, before: dict[str, Any]) -> None:
    """The list stays the same object; who collects routes finds in it what the constructor put there."""
    routes = before.get("routes")
    if isinstance(routes, list):
        routes[:] = vars(router)["routes"]
        vars(router)["routes"] = routes
    version = before.get("_routes_version")
    if version is not None:
        vars(router)["_routes_version"] = version + 1


def _pour(router: Any, made: Any) -> None:
    fresh = dict(vars(made))
    vars(router).clear()
    for name, value in fresh.items():
        if isinstance(value, types.MethodType) and value.__self__ is made:
            value = types.MethodType(value.__func__, router)
        vars(router)[name] = value


def same_callee(old: ast.Call, new: ast.Call) -> bool:
    name = dotted_name(old.func)
    return name is not None and name == dotted_name(new.func)
