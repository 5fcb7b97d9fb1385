"""What is alive of the definitions that a plan changes: frames that run their old code, instances of their classes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..living.inventory import is_suspended, running_code
from ..source.plan import Action, StaleFrame, Step
from .context import Context

_CHANGES = (Action.SWAP, Action.EXECUTE, Action.GRAFT, Action.REBUILD)


def count_living(context: Context) -> None:
    """Write into the plan which frames end on the old code, and into each step what is alive of its definition."""
    frames = _running_frames(context)
    context.plan.stale_frames = [
        StaleFrame(name, _shown(context, file), line, count) for (name, file, line), count in sorted(frames.items())
    ]
    context.plan.steps = [_with_living(context, step, frames) for step in context.plan.steps]


def _running_frames(context: Context) -> Counter[tuple[str, str, int]]:
    """Frames under way whose function's code changes, by qualified name, file and line."""
    changed = {
        (context.old[step.module].path, step.name)
        for step in context.plan.steps
        if step.module in context.old and step.action in _CHANGES
    }
    counts: Counter[tuple[str, str, int]] = Counter()
    for obj in context.survey.running:
        code = running_code(obj)
        if is_suspended(obj) and any((code.co_filename, name) in changed for name in _around(code.co_qualname)):
            counts[(code.co_qualname, code.co_filename, code.co_firstlineno)] += 1
    return counts


def _around(qualname: str) -> list[str]:
    """The definitions that a function lies in, itself included: `C`, `C.f`."""
    parts = qualname.replace(".<locals>", "").split(".")
    return [".".join(parts[: index + 1]) for index in range(len(parts))]


def _with_living(context: Context, step: Step, counts: Counter[tuple[str, str, int]]) -> Step:
    if step.action not in (*_CHANGES, Action.DELETE) or step.module not in context.old:
        return step
    path = context.old[step.module].path
    frames = sum(n for (name, file, _), n in counts.items() if file == path and step.name in _around(name))
    return replace(step, instances=_instances(context, step), frames=frames)


def _instances(context: Context, step: Step) -> int:
    """Of the class that the step is about, or of the one whose member it is about."""
    found = context.resolve(step.module, step.name)
    if not isinstance(found, type) and "." in step.name:
        found = context.resolve(step.module, step.name.rpartition(".")[0])
    own = isinstance(found, type) and found.__module__ in context.live
    return context.survey.count(found) if own else 0


def _shown(context: Context, path: str) -> str:
    return next((source.shown for source in context.old.values() if source.path == path), path)
