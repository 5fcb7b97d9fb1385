"""From two releases and a living process to a plan. Reads the process, changes nothing.

Each changed statement is judged by its kind; then everything that was built from a name that will be bound anew is
judged as its dependent, until nothing new turns up; then what can be seen only from above: deletions, frames that run
old code, instances, registrars.
"""

from __future__ import annotations

import ast
import types
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence

from ..living.codes import containers_of_codes
from ..living.inventory import classes_of, survey
from ..source.active import active
from ..source.defuse import Home, imported_from
from ..source.diff import Change, NamespaceDiff, Verdict, diff
from ..source.drift import Drift
from ..source.module import SourceModule, Statement
from ..source.nodes import nodes_of
from ..source.plan import Action, Execute, Graft, Plan, Refusal, Twin
from .class_kinds import why_not_made
from .context import Adapter, Context
from .dependents import judge_dependents, judge_import_time_calls, judge_values_made_other
from .documenting import documents
from .entries import Entries
from .forgotten import bring_back
from .judge_attributes import keep_attributes
from .judge_caches import judge_caches
from .judge_cells import keep_cells
from .judge_classes import judge_class
from .judge_effects import judge_block, judge_call
from .judge_frames import judge_frames
from .judge_functions import FUNCTIONS, judge_function, refuse_if_held
from .judge_hashes import judge_hashes
from .judge_instances import instance_gap
from .judge_living import judge_living
from .judge_made import judge_made_instances
from .judge_memos import judge_memos
from .judge_moves import find_moves, judge_moved_state, judge_moves, moved_inside, state_left_behind, value_came_from
from .judge_named import judge_named
from .judge_noted import judge_noted
from .judge_outsiders import judge_outsiders
from .judge_stars import brought, judge_stars
from .judge_values import bind, judge_assignment, judge_dependent, judge_import
from .preimports import plan_preimports
from .refilled import judge_refilled
from .slices import Slices
from .submodules import found_by_loops, settled_submodules
from .touched import count_living

_HELD = "it means something else now; the old one is held by {}"
_SUPPORTED_OTHER = (ast.Assert, ast.Global)


def make_plan(
    old: Mapping[str, SourceModule],
    new: Mapping[str, SourceModule],
    live: Mapping[str, types.ModuleType],
    *,
    adapters: Sequence[Adapter] = (),
    units: Callable[[type], Collection[int]] = lambda cls: (),
    downgrade: bool = False,
    also: Collection[Home] = (),
    drift: Drift | None = None,
    started: bool = False,
) -> Plan:
    """Plan the way from `old` to `new` in this process. `live` are the first-party modules in import order.

    Raises SourceError if a file of the new release can't be compiled. Everything else that can't be done is in
    `plan.refusals`. `units(cls)`: the ids of the instances of a class that get its `code_change`, as of now, asked for
    in this thread; that of the newer release, which is the running one on a `downgrade`. `also`: names whose statements
    are executed as if they had changed, because a rehearsal found that what they made is not what the new release
    makes. `drift`: what the program changed since the import; without it, values that it may have changed are taken for
    changed. `started`: the plan is for a process whose app was started, if this one's was not. Reads the process only,
    so it may be called in a thread while the app serves. An app of 350 modules takes 2-5 s of processor time the first
    time, less when most texts were seen before (`SourceModule.once`); some 50 ms for one of a few modules.
    """
    for source in new.values():
        if source.name not in old or old[source.name].text != source.text:
            _ = source.code
    files = [source.path for source in old.values()]
    alive = survey(files, classes_of(live.keys()))
    context = Context(old, new, live, alive, tuple(adapters), units, downgrade, Slices, Entries)
    context.also, context.taken_for_started = frozenset(also), started
    context.drift = context.plan.drift = drift
    diffs = _changes(context)
    _consequences(context, diffs)
    if not context.plan.refusals:
        for judge in (judge_living, judge_outsiders, judge_hashes, judge_noted):
            judge(context)
    _finish(context, diffs)
    return context.plan


def _changes(context: Context) -> dict[str, NamespaceDiff]:
    """What changed, module by module, and what each change by itself asks for."""
    _modules(context)
    find_moves(context)
    looked_at = [*context.plan.changed, *_also_in(context)]
    context.slices.look([*looked_at, *context.plan.added, *context.plan.deleted], context.also)
    diffs = {name: _diff_module(context, name) for name in looked_at}
    for name, changes in diffs.items():
        for change in changes.changes:
            _judge(context, name, change)
        _deletions(context, name, changes)
    _star_deletions(context)
    judge_stars(context)
    return diffs


def _consequences(context: Context, diffs: dict[str, NamespaceDiff]) -> None:
    """What follows for statements that did not change, and for those who hold what did."""
    context.slices.plan()
    context.entries.reorder()
    judge_refilled(context, judge_dependent)
    judge_dependents(context)
    judge_import_time_calls(context)
    judge_values_made_other(context)
    judge_made_instances(context)
    judge_named(context)
    judge_moves(context)
    judge_moved_state(context)
    judge_refilled(context, judge_dependent, then=judge_dependents)
    for adapter in context.adapters:
        adapter.plan(context, diffs)
    bring_back(context)
    _gone_but_imported(context)
    for judgement in context.deferred:
        judgement()


def _finish(context: Context, diffs: dict[str, NamespaceDiff]) -> None:
    """What the execution needs to know, and the order of the work."""
    keep_attributes(context)
    keep_cells(context)
    context.plan.seen = [weakref.ref(function) for function in context.survey.functions]
    judge_caches(context)
    judge_memos(context)
    context.plan.code_holders = containers_of_codes(list(context.live.values()))
    context.entries.plan()
    plan_preimports(context)
    context.plan.submodules = settled_submodules(context)
    _moved(context, diffs)
    count_living(context)
    judge_frames(context)
    order = {statement: index for index, (_, statement) in enumerate(context.order)}
    context.plan.work.sort(key=lambda item: _position(context, item, order))


def _position(context: Context, item: object, order: Mapping[Statement, int]) -> int:
    if isinstance(item, Execute | Twin):
        return order.get(item.statement, len(order))
    assert isinstance(item, Graft)
    binder = context.new_names.binders(item.module).get(item.node_path[0])
    return order.get(binder, len(order)) if binder is not None else len(order)


def _modules(context: Context) -> None:
    plan = context.plan
    reached = {name for name, _ in context.order}
    plan.changed = [n for n in context.live if n in context.new and _differs(context.old[n], context.new[n])]
    fresh = [n for n in context.new if n not in context.live and n not in context.old]
    found_by_loops(context, fresh, reached)
    plan.deleted = [n for n in context.live if n not in context.new and n in context.old]
    for name in plan.deleted:
        if name == "__main__":
            plan.refusals.append(
                Refusal(name, context.old[name].shown, 1, name, "the main module is gone", "restart the app")
            )


def _differs(old: SourceModule, new: SourceModule) -> bool:
    return old.text != new.text or old.is_package != new.is_package


def _diff_module(context: Context, name: str) -> NamespaceDiff:
    old, new = context.old[name], context.new[name]
    found = diff(active(old.statements, name), active(new.statements, name))
    if not any(module == name for module, _ in context.also):
        return found
    return NamespaceDiff(tuple(_again(context, name, change) for change in found.changes), found.deleted_names)


def _again(context: Context, module: str, change: Change) -> Change:
    """The change of a statement that is to be executed again whether its text differs or not."""
    asked = any((module, name) in context.also for name in change.statement.binds)
    if not asked or change.new is None or change.verdict in (Verdict.ADDED, Verdict.RERUN):
        return change
    if change.verdict is Verdict.CHANGED and change.new.kind != "class":
        return change  # it is executed as it is
    return Change(Verdict.RERUN, change.old, change.new)


def _also_in(context: Context) -> list[str]:
    """Modules whose text is the same, with names that are asked for."""
    plan = context.plan
    return [
        name
        for name in context.live
        if name in {m for m, _ in context.also} and name in context.new and name not in plan.changed
    ]


def _judge(context: Context, module: str, change: Change) -> None:
    if change.verdict is Verdict.SAME or moved_inside(context, module, change):
        return
    if change.verdict is not Verdict.BODY:
        context.judged.add(change.statement)
    if change.verdict is Verdict.BODY and change.statement.kind != "class" and context.consumed(module, change):
        change = Change(Verdict.CHANGED, change.old, change.new)
        context.judged.add(change.statement)
    if change.verdict is Verdict.BODY and change.statement.kind not in ("def", "class"):
        _judge_inside(context, module, change)
        return
    kind = change.statement.kind
    if kind == "block" and all(one is not None and documents(context, one.node) for one in (change.old, change.new)):
        context.step(module, change.statement, Action.KEEP, "it hands docstrings on; what they are now is compared")
        return
    if not _registering(context, module, change) and context.slices.takes(module, change):
        return
    moved = bool(change.statement.binds) and (module, change.statement.binds[0]) in context.moved_to
    other = change.verdict is Verdict.CHANGED and change.old is not None and change.old.kind != kind
    if other and kind != "def" and not moved:
        _judge_kind_changed(context, module, change)
    elif kind == "def":
        judge_function(context, module, change)
    elif kind == "class":
        judge_class(context, module, change)
    elif kind == "import":
        judge_import(context, module, change)
    elif kind == "assign":
        again = change.verdict in (Verdict.CHANGED, Verdict.RERUN)
        if not again or not context.taken(module, change, set()):
            judge_assignment(context, module, change)
    elif kind == "block":
        if not _registering(context, module, change):
            judge_block(context, module, change)
    elif kind == "expr":
        if not _registering(context, module, change):
            judge_call(context, module, change)
    elif kind == "other" and context.filled(module, change.statement):
        return
    elif kind == "other" and not isinstance(change.statement.node, _SUPPORTED_OTHER):
        why = context.slices.why(module, change)
        context.refuse(module, change.statement, why or "a statement with effects at module level changed")


def _judge_inside(context: Context, module: str, change: Change) -> None:
    """Only functions in an assignment or a block differ: swapped, unless the block itself runs them."""
    assert change.old is not None
    context.step(module, change.statement, Action.SWAP, "the code of functions in it changed")
    before = {
        node.name: node
        for node in nodes_of(change.old.node)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for node in nodes_of(change.statement.node):
        old = before.get(getattr(node, "name", ""))
        live = context.value(module, getattr(node, "name", ""))
        if isinstance(node, ast.ClassDef) and isinstance(old, ast.ClassDef) and isinstance(live, type):
            if gap := instance_gap(context, module, old, node, live):
                context.refuse(module, change.statement, gap[0], do=gap[1], name=node.name)
        elif isinstance(node, FUNCTIONS) and old is not None and ast.dump(old) != ast.dump(node):
            context.changed_bodies.add((module, node.name))
            if node.name in change.statement.calls and not context.slices.again(module, change.statement):
                context.refuse(module, change.statement, f"the block ran `{node.name}` at import, whose code changed")


def _registering(context: Context, module: str, change: Change) -> bool:
    return any(s is not None and context.registers(module, s) for s in (change.old, change.new))


def _judge_kind_changed(context: Context, module: str, change: Change) -> None:
    """A name that meant one thing and now means another: a function became a class, a class an import, …"""
    statement = change.statement
    if statement.kind in ("assign", "block"):
        if holder := _held_definition(context, module, statement):
            context.refuse(module, statement, _HELD.format(holder))
        elif statement.kind == "block":
            judge_block(context, module, change)
        elif (home := value_came_from(context, module, change)) is not None:
            context.step(module, statement, Action.KEEP, f"it was imported from {home[0]}, which made the same")
        else:
            bind(context, module, statement, "the name means something else now", changed=True)
        return
    for name in statement.binds:
        live = context.value(module, name)
        own = getattr(live, "__module__", None) == module
        definition = own and isinstance(live, types.FunctionType | type)
        gone = statement.kind == "class" and isinstance(live, types.FunctionType)  # for good, as if it were deleted
        plain = definition and isinstance(live, types.FunctionType)
        held = context.held_elsewhere(live, by_anybody=True) if definition and not plain else []
        if plain:
            gone = gone or _is_value(context, module, name)
            refuse_if_held(context, module, statement, name, _HELD, by_anybody=not gone)
        if isinstance(live, type) and own and context.instances(live):
            held = held or ["its instances"]
        if held:
            context.refuse(module, statement, _HELD.format(held[0]))
            return
        if not own and type(live).__module__ in context.live:
            context.refuse(module, statement, f"`{name}` is a living {type(live).__qualname__} with state")
            return
        if statement.kind == "import" and (state := state_left_behind(context, module, change, name)) is not None:
            context.refuse(module, statement, state)
            return
    if statement.kind == "class" and (reason := why_not_made(context, module, statement)) is not None:
        context.refuse(module, statement, reason)
        return
    context.execute(module, statement)
    context.rebind(module, statement.binds)
    context.step(module, statement, Action.EXECUTE, "the name means something else now")


def _is_value(context: Context, module: str, name: str) -> bool:
    """What a name of the new release brings is an object of the app's or a class: nobody calls it in the old one's
    place."""
    home = context.new_names.home(module, name)
    definition = context.new_names.definition(home) if home is not None else None
    return definition is not None and definition.kind in ("assign", "class") and home != (module, name)


def _held_definition(context: Context, module: str, statement: Statement) -> str | None:
    """Who holds a function or class that a name means no more."""
    for name in statement.binds:
        live = context.value(module, name)
        if isinstance(live, types.FunctionType | type) and live.__module__ == module:
            if isinstance(live, types.FunctionType):
                refuse_if_held(context, module, statement, name, _HELD, by_anybody=True)
            elif held := context.held_elsewhere(live, by_anybody=True):
                return held[0]
            elif context.instances(live):
                return "its instances"
    return None


def _deletions(context: Context, module: str, changes: NamespaceDiff) -> None:
    names = set(changes.deleted_names)
    if context.new_names.stars(module):
        names -= {name for star in context.new_names.stars(module) for name in context.new_names.star_names(star)}
        names -= set(brought(context, module))
    for name in sorted(names):
        if f"{module}.{name}" in context.live and f"{module}.{name}" in context.new:
            continue  # a submodule: whoever imports it makes it an attribute of its package
        binder = context.old_names.binders(module)[name]
        context.plan.deleted_names.append((module, name))
        context.step(module, binder, Action.DELETE, "it is gone from the source", name)


def _star_deletions(context: Context) -> None:
    """Names that a star import brought and brings no more."""
    for module, source in context.new.items():
        if module not in context.live or module not in context.old or not context.old_names.stars(module):
            continue
        bound = {name for statement in source.statements for name in statement.binds}
        before = {n for star in context.old_names.stars(module) for n in context.old_names.star_names(star)}
        after = {n for star in context.new_names.stars(module) for n in context.new_names.star_names(star)}
        for name in sorted(before - after - bound):
            context.plan.deleted_names.append((module, name))
        context.rebind(module, tuple(sorted(before - after)))


def _gone_but_imported(context: Context) -> None:
    """An import of the new release that would not find what it names."""
    for module, source in context.new.items():
        if module not in context.live:
            continue
        for statement in active(source.statements, module):
            node = statement.node
            if isinstance(node, ast.ImportFrom) and (reason := _not_there(context, module, node)):
                context.refuse(module, statement, reason)
            elif isinstance(node, ast.Import) and node.names[0].name in context.plan.deleted:
                context.refuse(module, statement, f"it imports `{node.names[0].name}`, which is gone from the source")


def _not_there(context: Context, module: str, node: ast.ImportFrom) -> str | None:
    origin, name = imported_from(context.new[module], node), node.names[0].name
    if origin in context.plan.deleted or f"{origin}.{name}" in context.plan.deleted:
        return f"it imports from `{origin}` what is gone from the source"
    if (origin, name) in context.plan.deleted_names and f"{origin}.{name}" not in context.new:
        return f"it imports `{name}` from `{origin}`, which is gone from there"
    return None


def _moved(context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
    for module, changes in diffs.items():
        same = [c for c in changes.of(Verdict.SAME) if c.old and c.new]
        sides = [side[module].text.splitlines() for side in (context.old, context.new)]
        definitions = [c for c in same if c.statement.kind in ("def", "class")]
        listed = {step.name.partition(".")[0] for step in context.plan.steps if step.module == module}
        for old, new in [(c.old, c.new) for c in definitions if c.old and c.new]:
            if new.name in listed:
                continue
            if (old.line, old.end) != (new.line, new.end):
                context.step(module, new, Action.MOVE, "the same code on other lines")
            elif sides[0][old.line - 1 : old.end] != sides[1][new.line - 1 : new.end]:
                context.step(module, new, Action.MOVE, "the same code, written otherwise")
