"""An app or a router that is made again whole: by the function that makes it (`app = create_app()`), or because
statements work on it in ways that can't be told apart (`setup_routes(app)`).

All statements that have to do with it are executed again, in the new release's order. The one that makes it makes a
second one; its contents are poured into the living one, which takes its place with everybody who was told of it
(closures, bound methods, routers that it includes). What is state stays: `app.state`, dependency overrides, the
lifespan, if that has run, and middleware that is asked for as before (`stack`).
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import fields_of
from ..living.wrapped import function_chain
from ..patching.journal import Journal, refill
from ..patching.registration import Registration
from ..patching.substitute import Substitution
from ..planning.context import Context
from ..planning.decorators import handed_registrars
from ..planning.judge_classes import judge_filling_class
from ..planning.judge_values import judge_dependent
from ..planning.repeats import repeat
from ..source.calls import calls_made
from ..source.defuse import Home
from ..source.diff import Change, Verdict
from ..source.module import Statement, dotted_name
from ..source.nodes import nodes_of
from ..source.plan import Action
from ..source.states import states_as_before
from ..source.values import alike, is_plain
from .lifespans import made_again

_DO = "deploy this change cold (restart the app)"
_KEPT = ("dependency_overrides", "middleware_stack")
_MISSING: Any = object()


def plan_whole(context: Context, module: str, statement: Statement, living: Any, why: str) -> None:
    """Write into the plan that what this assignment makes is made again whole."""
    if (reason := why_not_again(context, module, statement)) is not None:
        context.refuse(module, statement, f"{why}, and {reason}", do=_DO)
        return
    home = (module, statement.binds[0])
    context.judged.add(statement)
    context.execute(module, statement)
    context.step(module, statement, Action.REBUILD, f"{why}; what it makes is poured into the living object")
    context.constructed[id(getattr(living, "router", living))] = (home, statement)
    context.whole.add(id(living))
    made = Whole(
        statement,
        statement.binds[0],
        context.namespace(module),
        living,
        _beside(context),
        states_as_before(context.old, context.new),
    )
    context.plan.registrations.insert(0, made)
    made_again(context, living)
    set_again(context, living)


def set_again(context: Context, living: Any) -> None:
    """What statements set on an app, or on its router, when it was made (`app.openapi_version = …`): the constructor
    that runs once more has its own. What it does not know of lives on anyway."""
    for module, statement in context.order:
        if module not in context.live or statement in context.planned or not _sets(context, module, statement, living):
            continue
        context.judged.add(statement)
        if (reason := why_not_again(context, module, statement)) is not None:
            context.refuse(module, statement, f"what it is set on is made again, and {reason}", do=_DO)
        else:
            context.execute(module, statement)
            context.step(module, statement, Action.REBUILD, "what it is set on is made again")


def _sets(context: Context, module: str, statement: Statement, living: Any) -> bool:
    new = module in context.new and statement in context.new[module].statements
    for target in _targets(statement):
        for one in (living, getattr(living, "router", living)):
            if context.resolve(module, dotted_name(target.value) or "") is one:
                if _constructs(type(one), target.attr) or (
                    new and isinstance(one, type(living)) and _is_method(one, target)
                ):
                    return True
    return False


def _constructs(kind: type, attribute: str) -> bool:
    """Its constructor sets that attribute, or asks for it."""
    inits = [function for base in kind.__mro__ for function in function_chain(vars(base).get("__init__"))]
    return any(attribute in function.__code__.co_names for function in inits)


def _is_method(one: Any, target: ast.Attribute) -> bool:
    """`app.openapi = …`: the app's own, instead of its class's."""
    found = next((vars(base)[target.attr] for base in type(one).__mro__ if target.attr in vars(base)), None)
    return isinstance(found, types.FunctionType)


def set_on(context: Context, module: str, statement: Statement, owns: Callable[[object], bool]) -> list[Home]:
    """The registrars of which a statement sets what their constructor sets (`app.version = "9"`)."""
    found = []
    for name in {(dotted_name(one.value) or "").partition(".")[0] for one in _targets(statement)}:
        living = context.resolve(module, name)
        if living is not None and owns(living) and _sets(context, module, statement, living):
            homes = [names.home(module, name) for names in (context.new_names, context.old_names)]
            found += [h for h in homes if h is not None and h[0] in context.live and context.value(*h) is living][:1]
    return found


def _targets(statement: Statement) -> list[ast.Attribute]:
    """The attributes that a statement sets."""
    node = statement.node
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [one for one in targets if isinstance(one, ast.Attribute)]


def _beside(context: Context) -> list[Any]:
    """The app's other registrars: what makes one again may set attributes of these (`router.container = …`)."""
    found = {id(one): one for module in context.live.values() for one in list(vars(module).values())}
    return [one for one in found.values() if fields_of(one) is not None and context.owned(one)]


def why_not_again(context: Context, module: str, statement: Statement) -> str | None:
    """Why a statement that has to do with a registrar can't be executed once more; None if it can."""
    return repeat(context, module, statement)


def handed(context: Context, module: str, statement: Statement, owns: Callable[[object], bool]) -> dict[int, Home]:
    """Registrars (by id) that calls of a statement are made on, or are handed, or whose routes it goes through; in
    functions' bodies those that are changed there."""
    found = {id(context.value(*home)): home for home in worked_on_by_calls(context, module, statement, owns)}
    worked_on: list[list[ast.expr | None]] = [[_gone_through(node)] for node in nodes_of(statement.node)]
    worked_on += [[*_owners(c), *c.args, *(k.value for k in c.keywords)] for c in calls_made(statement.node)]
    for nodes in worked_on:
        for node in nodes:
            dotted = dotted_name(node) if node is not None else None
            value = context.resolve(module, dotted) if dotted else None
            if value is None or not owns(value):
                continue
            for names in (context.new_names, context.old_names):
                home = names.home(module, dotted or "") if module in names.modules else None
                if home is not None and home[0] in context.live and context.value(*home) is value:
                    found[id(value)] = home
    return found


def told_to_classes(context: Context, living: Any, owns: Callable[[object], bool]) -> bool:
    """Decorators of classes are told of a registrar, and may do anything with it."""
    classes = [(m, s) for m, s in context.order if s.kind == "class" and s.decorators and m in context.live]
    return any(
        id(living) in handed(context, module, statement, owns)
        for module, statement in classes
        if handed_registrars(context, module, statement)
    )


def _owners(call: ast.Call) -> list[ast.expr]:
    """Whose method is called; of `app.router.routes.append(…)`, `app.router` and `app` as well."""
    found: list[ast.expr] = []
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    while owner is not None:
        found.append(owner)
        owner = owner.value if isinstance(owner, ast.Attribute) and owner.attr in ("routes", "router") else None
    return found


def _gone_through(node: ast.AST) -> ast.expr | None:
    """`app` of `for route in app.routes`."""
    iterated = node.iter if isinstance(node, ast.For) else None
    return iterated.value if isinstance(iterated, ast.Attribute) and iterated.attr == "routes" else None


def filled_by(context: Context, module: str, statement: Statement, owns: Callable[[object], bool]) -> list[Home]:
    """The registrars that a statement works on: an app rather than the routers that it is given with it."""
    if is_script(statement):
        return []
    found = handed(context, module, statement, owns)
    apps = [home for home in found.values() if hasattr(context.value(*home), "router")]
    return apps or list(found.values())


def is_script(statement: Statement) -> bool:
    """`if __name__ == "__main__"`: what it does, it does once."""
    node = statement.node
    return isinstance(node, ast.If) and "__name__" in {n.id for n in nodes_of(node.test) if isinstance(n, ast.Name)}


def execute_again(context: Context, module: str, statement: Statement) -> None:
    """A statement that has to do with a registrar which is made again whole."""
    if statement in context.planned or is_script(statement):
        return
    context.judged.add(statement)
    reason = why_not_again(context, module, statement) if statement.kind not in ("def", "class") else None
    if reason is not None:
        context.refuse(module, statement, f"what it registers with is made again, and {reason}", do=_DO)
    elif statement.kind == "class" and handed_registrars(context, module, statement):
        judge_filling_class(context, module, Change(Verdict.RERUN, _before(context, module, statement), statement))
    elif statement.kind == "class":
        context.refuse(module, statement, "what its decorator registers it with is made again", do=_DO)
    elif statement.kind == "assign":
        judge_dependent(context, module, statement, "an app that is made again")
    else:
        context.entries.beside(module, statement)
        context.execute(module, statement)
        context.step(module, statement, Action.REBUILD, "what it registers with is made again")


def worked_on_by_calls(
    context: Context, module: str, statement: Statement, owns: Callable[[object], bool]
) -> list[Home]:
    """Living registrars that functions of the app's work on, which a statement calls (`include_routers()`)."""
    if statement.kind != "expr" or not statement.calls:
        return []
    new = module in context.new and statement in context.new[module].statements
    touched = (context.slices.touch if new else context.slices.touch_old)(module, statement).homes
    return [home for home in sorted(touched) if home[0] in context.live and owns(context.value(*home))]


def _before(context: Context, module: str, statement: Statement) -> Statement | None:
    return context.old_names.binders(module).get(statement.binds[0]) if module in context.old else None


def program_added(context: Context, home: Home) -> str | None:
    """Why what the program registered with it, or set on it, while it ran would be lost; None if there is nothing."""
    if context.drift is None or not context.drift.known(home):
        return "what the program registered with it while it ran is not known"
    if context.drift.by_program(home, ".routes") and not context.drift.arrived(home, ".routes"):
        return "the program registered routes with it while it ran, which would be lost"
    for part, what in _SET_SINCE.items():
        if context.drift.by_program(home, part) and not context.drift.arrived(home, part):
            return f"the program set {what} while it ran, which would be lost"
    return None


_SET_SINCE = {".facts": "its title, description or the like", ".exception_handlers": "a handler of its exceptions"}


class Whole(Registration):
    """Pours the fresh app (or router) into the living one as soon as its statement was executed."""

    def __init__(
        self,
        statement: Statement,
        name: str,
        namespace: dict[str, Any],
        living: Any,
        beside: list[Any],
        lasting: Mapping[str, object],
    ) -> None:
        self._statement, self._name, self._namespace, self._living = statement, name, namespace, living
        self._beside, self._lasting = beside, lasting

    def begin(self, journal: Journal) -> None:
        for one in self._beside:
            journal.touch_namespace(vars(one), f"a {type(one).__qualname__}")

    def collect(self, statement: Statement, journal: Journal) -> None:
        if statement is not self._statement or self._namespace.get(self._name) is self._living:
            return
        made, living = self._namespace.get(self._name), self._living
        if type(made) is not type(living):
            kinds = f"{type(living).__qualname__} to {type(made).__qualname__}"
            raise UpgradeError(f"`{self._name}` changes its kind, from {kinds}", do=_DO)
        pairs = list(_poured(made, living, self._lasting, journal))
        self._namespace[self._name] = living
        substitution = Substitution(pairs, spared=pairs)
        substitution.run([self._namespace, vars(living), vars(getattr(living, "router", living))])
        del pairs
        if left := substitution.holders(made):
            raise UpgradeError(f"what `{self._name}` makes is also held by {left[0]}", do=_DO)


def _poured(made: Any, living: Any, lasting: Mapping[str, object], journal: Journal) -> Iterator[tuple[Any, Any]]:
    """Pour, and give who stands in for whom."""
    fresh, before = dict(vars(made)), dict(vars(living))
    router, other = before.get("router"), fresh.get("router")
    if router is None or other is None:
        yield from _fill(living, made, journal, ("routes",), ())
        return
    yield from _fill(router, other, journal, ("routes",), ())
    yield from _fill(living, made, journal, ("user_middleware", "exception_handlers"), (*_KEPT, "state"))
    vars(living)["router"] = router
    state, new_state = _state(before.get("state")), _state(fresh.get("state"))
    if state is not None and new_state is not None:
        _merge(state, new_state, lasting, journal)
        yield fresh["state"], before["state"]


def _fill(
    living: Any, made: Any, journal: Journal, containers: tuple[str, ...], kept: tuple[str, ...]
) -> Iterator[tuple[Any, Any]]:
    before, fresh = dict(vars(living)), dict(vars(made))
    journal.touch_namespace(vars(living), f"a {type(living).__qualname__}")
    vars(living).update(fresh)
    for name in kept:
        if name in before:
            vars(living)[name] = before[name]
    for name in containers:
        container, contents = before.get(name), fresh.get(name)
        if type(container) in (list, dict) and type(contents) is type(container):
            journal.touch_container(container, f"`{name}` of a {type(living).__qualname__}")
            refill(container, contents)
            vars(living)[name] = container
            yield contents, container
    if (version := before.get("_routes_version")) is not None:
        vars(living)["_routes_version"] = version + 1
    yield made, living


def _state(value: Any) -> Any:
    found = (fields_of(value) or {}).get("_state")
    return found if type(found) is dict else None


def _merge(state: dict[str, Any], fresh: dict[str, Any], lasting: Mapping[str, object], journal: Journal) -> None:
    """What the app's state gains; what it has lives on, and so does what the program made of a value that the release
    sets as before (`lasting`)."""
    journal.touch_container(state, "an app's state")
    for name, value in fresh.items():
        here = state.get(name, _MISSING)
        if here is _MISSING:
            state[name] = value
        elif type(here) is type(value) and isinstance(value, list | dict | set) and not value:
            continue  # the program filled it since
        elif name in lasting and alike(value, lasting[name]):
            continue  # the program set it since
        elif not alike(here, value) and is_plain(here) and is_plain(value):
            raise UpgradeError(
                f"`state.{name}` is set where the app is made, and has another value in the running program", do=_DO
            )


def routers_made_whole(context: Context) -> set[int]:
    """Ids of the routers of apps that are made again whole, and of such routers."""
    return {id(router) for _, router in context.made_whole()}
