"""Middleware and exception handlers of a Starlette or FastAPI app: what the source's statements registered, in order.

The living lists keep the entries of statements that did not change; the others are executed again. The built
middleware stack, if there is one, is built anew around the middleware objects that stay: they hold state, and requests
are in them.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..living.attributes import fields_of
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import Context
from ..source.module import Statement, dotted_name
from ..source.values import alike

LISTED = frozenset({"add_middleware", "middleware"})
ROUTE_CALLS = frozenset(
    "include_router mount host add_route add_api_route add_websocket_route add_api_websocket_route".split()
)
HANDLERS = frozenset({"add_exception_handler", "exception_handler"})
_BUILT_IN = frozenset(
    "ServerErrorMiddleware ExceptionMiddleware AsyncExitStackMiddleware ExceptionTelemetryMiddleware "
    "AppBodyLimitMiddleware RequestBodyLimitMiddleware".split()
)


def is_router(value: object) -> bool:
    kind = getattr(sys.modules.get("starlette.routing"), "Router", None)
    return is_app(value) or (kind is not None and isinstance(value, kind))


def is_app(value: object) -> bool:
    kind = getattr(sys.modules.get("starlette.applications"), "Starlette", None)
    return kind is not None and isinstance(value, kind)


@dataclass(frozen=True)
class Call:
    """One registering call in a statement's text: `app.add_middleware(...)`, `@app.exception_handler(...)`."""

    app: Any
    method: str
    node: ast.Call
    certain: bool
    """It is executed once when the statement is: it does not stand in a block."""


def calls_in(context: Context, module: str, statement: Statement) -> list[Call]:
    """The registering calls of a statement that does nothing else; empty if it does more, or none of it."""
    node = statement.node
    if statement.kind == "def":
        found = [_call(context, module, d, True) for d in statement.decorators]
        return [call for call in found if call is not None]
    if isinstance(node, ast.Expr):
        call = _call(context, module, node.value, True)
        return [call] if call is not None else []
    if isinstance(node, ast.If):
        leaves = list(_leaves(node))
        inside = [_call(context, module, leaf.value, False) for leaf in leaves if isinstance(leaf, ast.Expr)]
        if all(_registers(context, module, leaf) for leaf in leaves):
            return [call for call in inside if call is not None]
    return []


def route_calls_in(context: Context, module: str, node: ast.If) -> list[ast.Call]:
    """The calls of an `if` that register routes, if it does nothing else than to register things."""
    leaves = list(_leaves(node))
    if not all(_registers(context, module, leaf) for leaf in leaves):
        return []
    values = [leaf.value for leaf in leaves if isinstance(leaf, ast.Expr)]
    return [v for v in values if isinstance(v, ast.Call) and _method(v)[1] in ROUTE_CALLS]


def _leaves(node: ast.If) -> Iterator[ast.stmt]:
    for child in [*node.body, *node.orelse]:
        if isinstance(child, ast.If):
            yield from _leaves(child)
        else:
            yield child


def _registers(context: Context, module: str, leaf: ast.stmt) -> bool:
    if isinstance(leaf, ast.Import | ast.ImportFrom | ast.Pass):
        return True
    if not isinstance(leaf, ast.Expr) or not isinstance(leaf.value, ast.Call):
        return False
    if _call(context, module, leaf.value, False) is not None:
        return True
    owner, method = _method(leaf.value)
    return method in ROUTE_CALLS and is_router(context.resolve(module, owner)) if owner else False


def _method(call: ast.Call) -> tuple[str, str]:
    owner, _, method = (dotted_name(call.func) or "").rpartition(".")
    return owner, method


def _call(context: Context, module: str, node: ast.expr, certain: bool) -> Call | None:
    if not isinstance(node, ast.Call):
        return None
    owner, _, method = (dotted_name(node.func) or "").rpartition(".")
    if method not in LISTED | HANDLERS or not owner:
        return None
    app = context.resolve(module, owner)
    return Call(app, method, node, certain) if is_app(app) else None


@dataclass
class StackRebuild(Registration):
    """The new list of middleware, the new handlers, and the stack made of them, of one app.

    `order`: the new release's statements; `reused`: their entries that stay (outermost first, as the list has them);
    `before` and `after`: entries that no statement of the source made, and where they stand; `gone`: handlers' keys.
    """

    app: Any
    order: list[Statement]
    reused: dict[Statement, list[Any]]
    before: list[Any]
    after: list[Any]
    gone: list[Any]
    maker: Statement | None = None
    """What makes the app, if it is made again whole: entries that ask for the same as living ones are these."""
    _fresh: dict[Statement, list[Any]] = field(default_factory=dict)
    _old: list[Any] = field(default_factory=list)
    _stack: Any = None

    def begin(self, journal: Journal) -> None:
        self._old, self._stack = list(self.app.user_middleware), self.app.middleware_stack
        journal.touch_container(self.app.user_middleware, "an app's middleware")
        journal.touch_container(self.app.exception_handlers, "an app's exception handlers")
        journal.set_attribute(self.app, "middleware_stack", None)
        self.app.user_middleware.clear()
        for key in self.gone:
            self.app.exception_handlers.pop(key, None)

    def collect(self, statement: Statement, journal: Journal) -> None:
        if self.app.user_middleware:
            self._fresh[statement] = [*self.app.user_middleware, *self._fresh.get(statement, [])]
            self.app.user_middleware.clear()

    def finish(self, journal: Journal) -> None:
        made: list[Any] = []
        for statement in self.order:
            made = [*self._fresh.get(statement, self.reused.get(statement, [])), *made]
        if self.maker is not None:
            made = list(_same_entries(made, self._old))
        self.app.user_middleware[:] = [*self.before, *made, *self.after]
        if self._stack is not None:
            self.app.middleware_stack = self._rebuilt(journal)

    def _rebuilt(self, journal: Journal) -> Any:
        """A new stack in which the layers of entries that stay are the old objects."""
        stack = self.app.build_middleware_stack()
        old, new = list(_layers(self._stack, self.app.router)), list(_layers(stack, self.app.router))
        entries = list(self.app.user_middleware)
        mine, theirs = _user_part(old), _user_part(new)
        if len(mine) != len(self._old) or len(theirs) != len(entries):
            return stack
        kept = {id(entry): layer for entry, layer in zip(self._old, mine, strict=True)}
        by_layer = {id(layer): kept[id(e)] for e, layer in zip(entries, theirs, strict=True) if id(e) in kept}
        chain = [by_layer.get(id(layer), layer) for layer in new]
        for layer, inner in zip(chain, [*chain[1:], self.app.router], strict=True):
            if vars(layer).get("app") is not inner:
                journal.set_attribute(layer, "app", inner)
        return chain[0]


def _same_entries(made: list[Any], old: list[Any]) -> Iterator[Any]:
    """Where middleware is asked for as before, the living entry, whose layer holds state and has requests in it."""
    left = list(old)
    for entry in made:
        found = next((one for one in left if _asks_alike(one, entry)), entry)
        left = [one for one in left if one is not found]
        yield found


def _asks_alike(one: Any, other: Any) -> bool:
    a, b = vars(one), vars(other)
    if a.get("cls") is not b.get("cls"):
        return False
    if (getattr(a.get("cls"), "__module__", None) or "").partition(".")[0] == "flyhot_asgi":
        return True  # through it the process was upgraded: it stays
    return a.keys() == b.keys() and all(alike(value, b[name]) for name, value in a.items())


def _layers(stack: Any, router: Any) -> Iterator[Any]:
    for _ in range(200):
        if stack is router or fields_of(stack) is None or "app" not in vars(stack):
            return
        yield stack
        stack = vars(stack)["app"]


def _user_part(layers: list[Any]) -> list[Any]:
    return [layer for layer in layers if type(layer).__name__ not in _BUILT_IN]


def layers_of_entries(app: Any) -> dict[int, Any]:
    """Id of an entry → the layer that was made of it; empty if that can't be told, or nothing was made yet."""
    layers, entries = _user_part(list(_layers(app.middleware_stack, app.router))), list(app.user_middleware)
    if len(layers) != len(entries):
        return {}
    return {id(entry): layer for entry, layer in zip(entries, layers, strict=True)}


def tell_middleware_apart(
    context: Context, app: Any, old: list[tuple[str, Statement]]
) -> tuple[dict[Statement, list[Any]], list[Any], list[Any]] | str:
    """Which living entries came from which statement of the old release; those before and after all of them.

    An entry is known by the class that a call in the statement's text names. `old` is in the order of execution; the
    list is in the other one, the last added first.
    """
    found: dict[Statement, list[Any]] = {}
    living = list(app.user_middleware)
    position = len(living)
    first_position = None
    after: list[Any] = []
    for module, statement in old:
        calls = [c for c in calls_in(context, module, statement) if c.app is app and c.method in LISTED]
        entries: list[Any] = []
        for call in calls:
            wanted = _wanted(context, module, statement, call)
            index = next((i for i in range(position - 1, -1, -1) if _is_made_by(living[i], wanted)), None)
            if index is None:
                if call.certain:
                    return f"the middleware of `{statement.name}` is not where the source puts it"
                continue
            skipped = living[index + 1 : position]
            if skipped and first_position is not None:
                return "something else than the source's statements added middleware in between"
            if first_position is None:
                after, first_position = skipped, index
            entries.insert(0, living[index])
            position = index
        found[statement] = entries
    if first_position is None:
        return found, living, []
    return found, living[:position], after


def _wanted(context: Context, module: str, statement: Statement, call: Call) -> Any:
    if call.method == "middleware":
        return context.value(module, statement.binds[0])
    name = call.node.args[0] if call.node.args else next((k.value for k in call.node.keywords), None)
    return context.resolve(module, dotted_name(name) or "") if name is not None else None


def _is_made_by(entry: Any, wanted: Any) -> bool:
    fields = vars(entry)
    return wanted is not None and (fields.get("cls") is wanted or fields.get("kwargs", {}).get("dispatch") is wanted)


def handler_key(context: Context, module: str, call: Call) -> Any:
    """The exception or status that a call registers a handler for; None if its text does not say it plainly."""
    if not call.node.args:
        return None
    first = call.node.args[0]
    if isinstance(first, ast.Constant):
        return first.value
    return context.resolve(module, dotted_name(first) or "")
