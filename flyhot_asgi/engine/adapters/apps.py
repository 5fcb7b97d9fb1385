"""A FastAPI app that is described otherwise: title, version and the like are attributes, set on the living app.

Anything else that the constructor gets (dependencies, middleware, lifespan, …) went into what it built; changing that
is no business of this adapter: it is refused elsewhere.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..patching.execute import compile_nodes
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import Adapter, Context
from ..source.diff import Change, NamespaceDiff
from ..source.module import NamesRead, Statement, dotted_name
from ..source.plan import Action

_DESCRIBING = frozenset(
    "title summary description version terms_of_service contact license_info openapi_tags servers".split()
)


@dataclass
class Description(Registration):
    """Sets an app's describing attributes to what the new source says, when all statements have been executed."""

    app: Any
    namespace: dict[str, Any]
    values: Mapping[str, types.CodeType]

    def begin(self, journal: Journal) -> None:
        journal.set_attribute(self.app, "openapi_schema", None)

    def finish(self, journal: Journal) -> None:
        for name, code in self.values.items():
            result: dict[str, Any] = {}
            exec(code, self.namespace, result)
            journal.set_attribute(self.app, name, result["value"])


class AppsAdapter(Adapter):
    """Claims assignments that make a FastAPI app, where only its description changes."""

    def owns(self, value: object) -> bool:
        kind = getattr(sys.modules.get("fastapi"), "FastAPI", None)
        return kind is not None and isinstance(value, kind)

    def registers(self, context: Context, module: str, statement: Statement) -> bool:
        return False

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        """FastAPI notes by identity whether a function is a coroutine or a generator: it must look again."""
        models = sys.modules.get("fastapi.dependencies.models")
        if models is None:
            return
        context.passing_kinds.update({kind for kind in [getattr(models, "_CallIdentity", None)] if kind is not None})
        for cache in context.survey.caches:
            if (getattr(cache, "__module__", None) or "").partition(".")[0] == "fastapi":
                context.plan.caches.append(cache)

    def takes(self, context: Context, module: str, change: Change, rebound: set[str]) -> bool:
        """Plan a changed assignment, or one that reads names which are bound anew (`rebound`), if it may be done so."""
        new = change.new
        if new is None or change.old is None or len(new.binds) != 1:
            return False
        app = context.value(module, new.binds[0])
        before, after = getattr(change.old.node, "value", None), getattr(new.node, "value", None)
        if not self.owns(app) or not isinstance(before, ast.Call) or not isinstance(after, ast.Call):
            return False
        if dotted_name(before.func) != dotted_name(after.func) or not _names_differ_only(before, after, rebound):
            return False
        values = {k.arg: _value(context, module, k.value) for k in after.keywords if k.arg in _DESCRIBING}
        if any(k.arg not in values for k in before.keywords if k.arg in _DESCRIBING):
            return False  # what it falls back to, only the constructor knows
        context.plan.registrations.append(Description(app, context.namespace(module), values))
        context.step(module, new, Action.REGISTER, "the app's description changed; the app stays the same object")
        return True


def _names_differ_only(before: ast.Call, after: ast.Call, rebound: set[str]) -> bool:
    """The calls are equal but for describing keywords, and nothing else reads a rebound name."""
    rest = [_other_arguments(call) for call in (before, after)]
    if [ast.dump(part) for part in rest[0]] != [ast.dump(part) for part in rest[1]]:
        return False
    reads = NamesRead()
    for part in rest[1]:
        reads.visit(part)
    return not (reads.reads & rebound)


def _other_arguments(call: ast.Call) -> list[ast.AST]:
    return [*call.args, *(keyword for keyword in call.keywords if keyword.arg not in _DESCRIBING)]


def _value(context: Context, module: str, expression: ast.expr) -> types.CodeType:
    statement = ast.Assign(targets=[ast.Name(id="value", ctx=ast.Store())], value=expression)
    return compile_nodes(context.new[module], [ast.copy_location(statement, expression)])
