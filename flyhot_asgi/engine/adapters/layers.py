"""Layers of an app's middleware stack that the release makes anew: what the statement that asks for them says is
another, or they keep nothing but what they were given. So their class may count on attributes that they lack.

Attempted where no request and no websocket is under way in such a layer, which is looked at again when everybody is
held: whoever is in it goes on in the old object.
"""

from __future__ import annotations

import ast
import gc
import types
from collections.abc import Collection, Iterator
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import fields_of
from ..living.inventory import is_among
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import COLD, Context
from ..source.module import Statement
from ..source.nodes import nodes_of
from ..source.values import ATOMS
from .same_text import SameText
from .stack import layers_of_entries, tell_middleware_apart

_UNDER_WAY = (types.CoroutineType, types.GeneratorType, types.AsyncGeneratorType)


def made_anew(context: Context, app: Any, before: list[tuple[str, Statement]], objects: Collection[Any]) -> list[Any]:
    """Those of `objects` that are layers of the app which the release makes anew. `before`: the old release's
    statements that add middleware to it. Notes in the plan which statements have to be executed for that."""
    layers = layers_of_entries(app)
    if not any(is_among(layer, list(objects)) for layer in layers.values()):
        return []
    parts = tell_middleware_apart(context, app, before)
    shares: dict[Statement, list[Any]] = {} if isinstance(parts, str) else parts[0]
    same_text = SameText(context)
    found = []
    for module, statement in before:
        now = same_text.of(module, statement)
        entries = [one for one in shares.get(statement, []) if is_among(layers.get(id(one)), list(objects))]
        if not entries or not (now is None or all(_only_as_given(context, layers[id(e)], e) for e in entries)):
            continue
        mine = [layers[id(one)] for one in entries]
        if not any(map(under_way, mine)):
            if now is not None:
                context.touched.add(now)
            context.plan.registrations.append(NobodyIn(mine))
            found += mine
    return found


class NobodyIn(Registration):
    """Nobody may be in a layer when another takes its place."""

    executes = False

    def __init__(self, layers: list[Any]) -> None:
        self._layers = layers

    def begin(self, journal: Journal) -> None:
        for layer in self._layers:
            if under_way(layer):
                kind = type(layer)
                raise UpgradeError(
                    f"`{kind.__qualname__}` of {kind.__module__} is made anew as middleware, and somebody is under way "
                    "in the old one",
                    do=f"let them end, or {COLD}",
                )


def under_way(layer: Any) -> bool:
    """Somebody is in it who comes back to it. Middleware of Starlette's kind hands websockets on, and that is all."""
    return any(type(one) in _UNDER_WAY and not _hands_on(one) for one in gc.get_referrers(layer))


def _hands_on(running: Any) -> bool:
    frame = getattr(running, "cr_frame", None)
    if frame is None or not str(frame.f_globals.get("__name__")).startswith("starlette.middleware."):
        return False
    scope = frame.f_locals.get("scope")
    return type(scope) is dict and scope.get("type") == "websocket"


def _only_as_given(context: Context, layer: Any, entry: Any) -> bool:
    """It has nothing but what making it gave it: another one is as good."""
    given = [*vars(entry).get("args", ()), *vars(entry).get("kwargs", {}).values()]
    plain = []
    for name, value in (fields_of(layer) or {}).items():
        own = isinstance(value, types.MethodType) and value.__self__ is layer
        if name == "app" or own or is_among(value, given):
            continue
        if type(value) not in ATOMS:
            return False
        plain.append(name)
    return not set(plain) & set(_set_later(context)) if plain else True


def _set_later(context: Context) -> Iterator[str]:
    """Attributes that code of the running release sets, of whatever object, beside what `__init__` methods set."""
    for source in context.old.values():
        queue: list[ast.AST] = [source.tree]
        while queue:
            node = queue.pop()
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                yield node.attr
            if not isinstance(node, ast.FunctionDef) or node.name != "__init__":
                queue += list(ast.iter_child_nodes(node))
        nodes = list(nodes_of(source.tree))
        if any(isinstance(one, ast.Name) and one.id == "setattr" for one in nodes):
            yield from (one.value for one in nodes if isinstance(one, ast.Constant) and isinstance(one.value, str))
