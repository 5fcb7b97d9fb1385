"""What is alive and can't follow: functions and classes that the program made while it ran.

A closure that a function handed out has no statement of its own that could be executed again. New code can be put into
it, but neither new free variables, nor defaults, nor decorators; and if its function is gone from the source, it would
run old code for ever.
"""

from __future__ import annotations

import ast
import gc
import types

from ..living.inventory import is_among, module_of, subclasses
from ..living.overloads import stubs_of
from ..living.wrapped import function_chain
from ..source.codetree import walk
from ..source.nodes import children_of
from ..source.plan import Execute, Refusal
from ..source.shells import shell_of
from .context import COLD, Context
from .doomed import bound_anew, doomed, let_go, registered
from .judge_deleted import judge_deleted, moved_parts
from .judge_executed import judge_executed
from .judge_instances import instance_gap


def judge_living(context: Context) -> None:
    """Refuse what some living function or class could not follow. Last of all: it looks at what the plan will do."""
    for name in context.plan.changed:
        _judge_functions(context, name)
        _judge_local_classes(context, name)
    judge_deleted(context)
    judge_executed(context)


def _judge_functions(context: Context, name: str) -> None:
    stuck_here, old = context.stuck(name), context.old[name]
    pairs = stuck_here.pairs
    planned = [item for item in context.plan.work if isinstance(item, Execute)]
    ours = {code for _, code in walk(old.code)}  # two of one text and line are equal, of whatever file and class
    stubs = stubs_of([name])
    context.plan.orphans.update(f for f in stubs if pairs.get(f.__code__) is None)  # taken out of their register

    def look() -> list[types.FunctionType]:
        alive = [f for f in context.survey.functions if not is_among(f, stubs)] if stubs else context.survey.functions
        here = [f for f in alive if f.__code__.co_filename == old.path and f.__code__ in ours]
        return [f for f in here if stuck_here.problem(f) is not None]

    if not look():
        return
    context.collect(again=True)
    stuck = look()
    moved = moved_parts(context)
    while stuck:
        function = stuck.pop()
        if id(function) in moved:
            continue
        problem = stuck_here.problem(function)
        if _held_by_a_frame(context, function, stuck):
            continue  # gone when sessions are held; if not, the verification sees it
        if problem is not None and _is_made_again(context, function, planned):
            if pairs.get(function.__code__) is None:
                context.plan.orphans.add(function)
        elif problem is not None and _leaves(context, function, stuck):
            context.plan.orphans.add(function)  # with what it is in, which is kept for the way back
        else:
            _refuse_function(context, name, function.__code__, problem or ("", 1))


def _is_made_again(context: Context, function: types.FunctionType, planned: list[Execute]) -> bool:
    """The plan takes care of it: its statement is executed again, or it is judged elsewhere as one that goes."""
    top = function.__code__.co_qualname.partition(".")[0]
    if (function.__module__, top) in context.plan.deleted_names and "." not in function.__code__.co_qualname:
        return True  # judged as a deletion
    for item in planned:
        if item.recast and item.module == function.__module__ and top in item.statement.binds:
            return True  # its class is made again, and with it all that was made of its members
        for bound in item.statement.binds:
            if is_among(function, function_chain(context.value(item.module, bound))):
                return True
    return False


def _leaves(context: Context, function: types.FunctionType, stuck: list[types.FunctionType]) -> bool:
    """Nobody will have it but what leaves itself; or it is garbage."""
    top = function.__code__.co_qualname.partition(".")[0]
    deleted = (function.__module__, top) in context.plan.deleted_names or _is_gone_method(context, function)
    leaving, going = [stuck, *doomed(context)], let_go(context)
    going += registered(context) if "<locals>" in function.__code__.co_qualname else []
    renamed = bound_anew(context)
    return not context.held_elsewhere(function, leaving, by_anybody=not deleted, going=going, renamed=renamed)


def _is_gone_method(context: Context, function: types.FunctionType) -> bool:
    """A method that its class has no more, in the new source."""
    name = function.__code__.co_qualname
    if "." not in name or "<" in name or function.__module__ not in context.new:
        return False
    node: ast.AST | None = context.new[function.__module__].tree
    for part in name.split("."):
        node = next((c for c in getattr(node, "body", []) if getattr(c, "name", None) == part), None)
    return node is None


def _held_by_a_frame(context: Context, function: types.FunctionType, stuck: list[types.FunctionType]) -> bool:
    """It is alive, and no object holds it: then a frame that runs does, in some thread."""
    ours = [id(stuck), *(id(one) for one in context.survey.lists)]
    seen = gc.get_referrers(function)
    return all(id(holder) in ours or type(holder) is types.FrameType for holder in seen)


def _refuse_function(context: Context, module: str, code: types.CodeType, problem: tuple[str, int]) -> None:
    reason, line = problem
    refusal = Refusal(
        module,
        context.file(module),
        line,
        code.co_qualname.replace(".<locals>", ""),
        f"a living function of this code can't follow: {reason}",
        COLD,
    )
    if refusal not in context.plan.refusals:
        context.plan.refusals.append(refusal)


def _judge_local_classes(context: Context, name: str) -> None:
    """Classes that functions made: their methods' code is swapped, anything else of them can't be reached."""
    before, after = _local_classes(context.old[name].tree), _local_classes(context.new[name].tree)
    changed = {path for path, node in before.items() if path not in after or ast.dump(node) != ast.dump(after[path])}
    if not changed:
        return
    for cls in subclasses(object):
        path = cls.__qualname__
        if module_of(cls) != name or path not in changed:
            continue
        context.collect()
        node, twin = before[path], after.get(path)
        reason = None
        if twin is None or shell_of(node) != shell_of(twin):
            reason = "a class that a function made is alive; its members changed"
        elif gap := instance_gap(context, name, node, twin, cls):
            reason = gap[0]
        if reason is not None:
            line = (twin or node).lineno
            context.plan.refusals.append(Refusal(name, context.file(name), line, path, reason, COLD))


def _local_classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    """Qualified name → class statement, of classes inside of functions."""
    found: dict[str, ast.ClassDef] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in children_of(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                visit(child, f"{prefix}{child.name}.<locals>.")
            elif isinstance(child, ast.ClassDef):
                if "<locals>" in prefix:
                    found[prefix + child.name] = child
                visit(child, f"{prefix}{child.name}.")
            else:
                visit(child, prefix)

    visit(tree, "")
    return found
