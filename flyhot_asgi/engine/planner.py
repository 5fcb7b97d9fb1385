"""From two releases and a living process to a plan. Reads the process, changes nothing.

Each changed statement is judged by its kind; then everything that was built from a name that will be bound anew is
judged as its dependent, until nothing new turns up; then what can be seen only from above: deletions, frames that run
old code, instances, registrars.
"""

from __future__ import annotations

import ast
import types
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from .context import Adapter, Context
from .diff import Change, NamespaceDiff, Verdict, diff
from .inventory import is_suspended, running_code, survey
from .judge_classes import all_classes, judge_class, judge_dependent_class
from .judge_functions import judge_dependent_function, judge_function
from .judge_values import judge_assignment, judge_block, judge_call, judge_dependent, judge_import
from .plan import Action, Plan, Refusal, StaleFrame
from .source import SourceModule, Statement

_SUPPORTED_OTHER = (ast.Assert, ast.Global)


def make_plan(
    old: Mapping[str, SourceModule],
    new: Mapping[str, SourceModule],
    live: Mapping[str, types.ModuleType],
    *,
    adapters: Sequence[Adapter] = (),
    units: Callable[[type], int] = lambda cls: 0,
    downgrade: bool = False,
) -> Plan:
    """Plan the way from `old` to `new` in this process. `live` are the first-party modules in import order.

    Raises SourceError if a file of the new release can't be compiled. Everything else that can't be done is in
    `plan.refusals`. `units(cls)`: how many instances of a class will get its `code_change`; that of the
    newer release, which is the running one on a `downgrade`. Reads the process only, so it may be called in a thread while the app serves. Up to some 100 ms for a large app (passes over the heap,
    referrers of replaced objects).
    """
    for source in new.values():
        if source.name not in old or old[source.name].text != source.text:
            _ = source.code
    files = [source.path for source in old.values()]
    classes = [cls for name, module in live.items() for cls in all_classes(vars(module), name)]
    context = Context(old, new, live, survey(files, classes), tuple(adapters), units, downgrade)
    _modules(context)
    context.plan.caches = context.survey.caches
    diffs = {name: _diff_module(context, name) for name in context.plan.changed}
    for name, changes in diffs.items():
        for change in changes.changes:
            _judge(context, name, change)
        _deletions(context, name, changes)
    _dependents(context)
    _import_time_calls(context)
    for adapter in adapters:
        adapter.plan(context, diffs)
    _moved(context, diffs)
    _running_frames(context)
    order = {statement: index for index, (_, statement) in enumerate(context.order)}
    context.plan.work.sort(key=lambda item: _position(context, item, order))
    return context.plan


def _position(context: Context, item: object, order: Mapping[Statement, int]) -> int:
    from .plan import Execute, Graft

    if isinstance(item, Execute):
        return order.get(item.statement, len(order))
    assert isinstance(item, Graft)
    binder = context.new_names.binders(item.module).get(item.node_path[0])
    return order.get(binder, len(order)) if binder is not None else len(order)


def _modules(context: Context) -> None:
    plan = context.plan
    reached = {name for name, _ in context.order}
    plan.changed = [n for n in context.live if n in context.new and context.new[n].text != context.old[n].text]
    plan.added = [n for n in context.new if n not in context.live and n not in context.old and n in reached]
    plan.deleted = [n for n in context.live if n not in context.new]
    for name in plan.deleted:
        if name == "__main__":
            plan.refusals.append(
                Refusal(name, context.old[name].shown, 1, name, "the main module is gone", "restart the app")
            )


def active(statements: Sequence[Statement], module: str) -> list[Statement]:
    """Statements that a process executes: without `if TYPE_CHECKING`, and without the main guard."""
    return [s for s in statements if not _guarded(s.node, module)]


def _guarded(node: ast.stmt, module: str) -> bool:
    if not isinstance(node, ast.If):
        return False
    test = ast.unparse(node.test)
    if test in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        return not node.orelse
    return test in ("__name__ == '__main__'", "'__main__' == __name__")


def _diff_module(context: Context, name: str) -> NamespaceDiff:
    old, new = context.old[name], context.new[name]
    return diff(active(old.statements, name), active(new.statements, name))


def _judge(context: Context, module: str, change: Change) -> None:
    if change.verdict is Verdict.SAME:
        return
    if change.verdict is not Verdict.BODY:
        context.judged.add(change.statement)
    if change.verdict is Verdict.BODY and change.statement.kind not in ("def", "class"):
        context.step(module, change.statement, Action.SWAP, "the code of functions in it changed")
        return
    kind = change.statement.kind
    if change.verdict is Verdict.CHANGED and change.old is not None and change.old.kind != kind and kind != "def":
        _judge_kind_changed(context, module, change)
    elif kind == "def":
        judge_function(context, module, change)
    elif kind == "class":
        judge_class(context, module, change)
    elif kind == "import":
        judge_import(context, module, change)
    elif kind == "assign":
        judge_assignment(context, module, change)
    elif kind == "block":
        judge_block(context, module, change)
    elif kind == "expr":
        if not _registering(context, module, change):
            judge_call(context, module, change)
    elif kind == "other" and not isinstance(change.statement.node, _SUPPORTED_OTHER):
        context.refuse(module, change.statement, "a statement with effects at module level changed")


def _registering(context: Context, module: str, change: Change) -> bool:
    return any(s is not None and context.registers(module, s) for s in (change.old, change.new))


def _judge_kind_changed(context: Context, module: str, change: Change) -> None:
    """A name that meant one thing and now means another: a function became a class, a class an import, …"""
    live = context.value(module, change.statement.binds[0]) if change.statement.binds else None
    own = isinstance(live, types.FunctionType | type) and getattr(live, "__module__", None) in context.live
    held = context.held_elsewhere(live) if own else []
    if held:
        context.refuse(module, change.statement, f"it means something else now; the old one is held by {held[0]}")
        return
    context.execute(module, change.statement)
    context.rebind(module, change.statement.binds)
    context.step(module, change.statement, Action.EXECUTE, "the name means something else now")


def _deletions(context: Context, module: str, changes: NamespaceDiff) -> None:
    for name in sorted(changes.deleted_names):
        binder = context.old_names.binders(module)[name]
        context.plan.deleted_names.append((module, name))
        context.step(module, binder, Action.DELETE, "it is gone from the source", name)


def _dependents(context: Context) -> None:
    """Judge everything that read a name which is bound anew, until nothing more is bound anew."""
    while True:
        found = [
            (module, statement, hit)
            for module, source in context.new.items()
            if module in context.live
            for statement in active(source.statements, module)
            if statement not in context.judged
            and statement not in context.planned
            and (hit := context.new_names.reads(module, statement) & context.rebound)
        ]
        if not found:
            return
        for module, statement, homes in found:
            context.judged.add(statement)
            _judge_dependent(context, module, statement, f"`{min(homes)[1]}`", homes)


def _judge_dependent(context: Context, module: str, statement: Statement, of: str, hit: set[tuple[str, str]]) -> None:
    if context.registers(module, statement):
        context.reshaped.update((module, name) for name in statement.binds)
        return
    kind = statement.kind
    if kind == "import":
        context.execute(module, statement)
        context.rebind(module, statement.binds or tuple(name for _, name in hit))
        context.step(module, statement, Action.IMPORT, f"{of} is bound anew where it comes from")
    elif kind == "assign":
        judge_dependent(context, module, statement, of)
    elif kind == "def":
        judge_dependent_function(context, module, statement, of)
    elif kind == "class":
        names = {name for name in statement.reads if context.new_names.home(module, name) in hit}
        judge_dependent_class(context, module, statement, names, of)
    elif kind == "block":
        judge_block(context, module, Change(Verdict.RERUN, statement, statement))
    elif kind == "expr" and not isinstance(getattr(statement.node, "value", None), ast.Constant):
        context.refuse(module, statement, f"a call at module level used {of}, which is bound anew")


def _import_time_calls(context: Context) -> None:
    """What import-time calls made with functions whose own code has changed since."""
    if not context.changed_bodies:
        return
    for module in context.live:
        if module not in context.new:
            continue
        for statement in active(context.new[module].statements, module):
            if statement in context.planned or not statement.calls or statement.kind == "import":
                continue
            calls = context.new_names.homes(module, statement.calls)
            hit = context.new_names.reached(calls) & context.changed_bodies - {(module, n) for n in statement.binds}
            if hit and not context.registers(module, statement):
                _judge_called(context, module, statement, sorted(hit)[0][1])


def _judge_called(context: Context, module: str, statement: Statement, name: str) -> None:
    live = [context.value(module, bound) for bound in statement.binds]
    first_party = all(type(value).__module__ in context.live for value in live)
    if statement.kind == "assign" and live and first_party:
        context.plan.notes.append(
            f"{context.file(module)}:{statement.line}: `{statement.name}` keeps the state that the old code of "
            f"`{name}` gave it"
        )
    elif statement.kind == "assign":
        judge_dependent(context, module, statement, f"`{name}()`, whose code changed")
    elif statement.kind == "def":
        judge_dependent_function(context, module, statement, f"`{name}`, whose code changed")
    elif statement.kind in ("expr", "class", "block"):
        context.refuse(module, statement, f"it ran `{name}` at import, whose code changed")
    _dependents(context)


def _moved(context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
    for module, changes in diffs.items():
        moved = [c for c in changes.of(Verdict.SAME) if c.old and c.new and c.old.line != c.new.line]
        definitions = [c for c in moved if c.statement.kind in ("def", "class")]
        listed = {step.name.partition(".")[0] for step in context.plan.steps if step.module == module}
        for change in definitions:
            if change.statement.name not in listed:
                context.step(module, change.statement, Action.MOVE, "the same code on other lines")


def _running_frames(context: Context) -> None:
    """Count frames under way whose function's code changes: they end on the old code."""
    changed = {
        (context.old[step.module].path, step.name)
        for step in context.plan.steps
        if step.module in context.old and step.action in (Action.SWAP, Action.EXECUTE, Action.GRAFT, Action.REGISTER)
    }
    counts: Counter[tuple[str, str, int]] = Counter()
    for obj in context.survey.running:
        code = running_code(obj)
        top = code.co_qualname.replace(".<locals>", "").split(".")
        names = {".".join(top[: i + 1]) for i in range(len(top))}
        if is_suspended(obj) and any((code.co_filename, name) in changed for name in names):
            counts[(code.co_qualname, code.co_filename, code.co_firstlineno)] += 1
    shown = {source.path: source.shown for source in context.old.values()}
    context.plan.stale_frames = [
        StaleFrame(name, shown.get(file, file), line, count) for (name, file, line), count in sorted(counts.items())
    ]
