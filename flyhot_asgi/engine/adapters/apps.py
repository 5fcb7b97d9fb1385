"""An app or a router that is made otherwise.

Title, version and the like of a FastAPI app are attributes, set on the living app. Anything else that a constructor
gets went into what it built: it runs again on the living object (`construct`).
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
from ..source.diff import Change, NamespaceDiff, Verdict
from ..source.module import NamesRead, Statement, dotted_name
from ..source.plan import Action
from .construct import layered_otherwise, plan_construction, same_callee, why_not_constructed
from .whole import filled_by, plan_whole, set_on, told_to_classes

_DESCRIBING = frozenset(
    "title summary description version terms_of_service contact license_info openapi_tags servers".split()
)
_MADE = (
    ("starlette.applications", "Starlette"),
    ("starlette.routing", "Router"),
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
    """Claims assignments that make an app or a router: where only an app's description changes it is set, else the
    constructor runs again."""

    def owns(self, value: object) -> bool:
        found = [getattr(sys.modules.get(module), name, None) for module, name in _MADE]
        kinds = tuple(kind for kind in found if isinstance(kind, type))
        return bool(kinds) and isinstance(value, kinds)

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
        if not self.owns(app) or new.kind != "assign":
            return False
        if id(app) in context.whole:
            return True
        before, after = getattr(change.old.node, "value", None), getattr(new.node, "value", None)
        if not self._direct(context, module, app, before, after) or (change.verdict is Verdict.RERUN and not rebound):
            plan_whole(context, module, new, app, "how it is made changed")
            return True
        assert isinstance(before, ast.Call) and isinstance(after, ast.Call)
        if hasattr(app, "openapi_schema") and _names_differ_only(before, after, rebound):
            if self._describes(context, module, app, before, after):
                context.step(
                    module, new, Action.REBUILD, "the app's description changed; the app stays the same object"
                )
                return True
        if told_to_classes(context, app, self.owns) or layered_otherwise(before, after, rebound):
            plan_whole(context, module, new, app, "how it is made changed")
            return True
        if (reason := why_not_constructed(before, after, rebound, context.started)) is not None:
            context.refuse(module, new, reason)
            return True
        plan_construction(context, module, change, app)
        context.step(module, new, Action.REBUILD, "its constructor runs again on the living object")
        return True

    def _direct(self, context: Context, module: str, app: Any, before: object, after: object) -> bool:
        """Its class is called, with arguments that are all written out."""
        if not isinstance(before, ast.Call) or not isinstance(after, ast.Call) or not same_callee(before, after):
            return False
        if any(keyword.arg is None for keyword in [*before.keywords, *after.keywords]):
            return False
        return context.resolve(module, dotted_name(after.func) or "") is type(app)

    def fills(self, context: Context, module: str, statement: Statement) -> bool:
        """What a function of the app's registers can't be told from what others do: the app is made again whole."""
        found = False
        which = set_on if statement.kind == "assign" else filled_by
        for home in which(context, module, statement, self.owns):
            maker = context.new_names.binders(home[0]).get(home[1])
            if maker is None or maker.kind != "assign" or len(maker.binds) != 1:
                return False
            living = context.value(*home)
            if id(living) not in context.whole:
                plan_whole(context, home[0], maker, living, "what a statement does with it changed")
            found = True
        return found

    def _describes(self, context: Context, module: str, app: Any, before: ast.Call, after: ast.Call) -> bool:
        values = {k.arg: _value(context, module, k.value) for k in after.keywords if k.arg in _DESCRIBING}
        if any(k.arg not in values for k in before.keywords if k.arg in _DESCRIBING):
            return False  # what it falls back to, only the constructor knows
        context.plan.registrations.append(Description(app, context.namespace(module), values))
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
