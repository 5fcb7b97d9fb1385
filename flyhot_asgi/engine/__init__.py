"""The code engine: brings a running process from one release of its source to another.

Knows modules, functions and classes; nothing of ASGI, asyncio, sessions or stores. Used alone through `Engine`; its
drivers' order of use is

    plan = make_plan(old, new, live)      reads only; refusals are in the plan
    patch = Patch(plan, finder); patch.stage()
    journal = Journal(); patch.apply(journal)      one synchronous call
    differences = verify(patch)           then journal.discard() or journal.rollback()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Engine
    from .outcome import Outcome, Refused, Timings
    from .patching.collector import StillCollector
    from .patching.finder import ReleaseFinder
    from .patching.journal import Journal
    from .patching.patch import Patch
    from .planning.planner import make_plan
    from .reason import Reason
    from .source.module import SourceModule
    from .source.plan import Action, Plan, Refusal, StaleFrame, Step
    from .verification.verify import Difference, verify

__all__ = [
    "Action",
    "Difference",
    "Engine",
    "Journal",
    "Outcome",
    "Patch",
    "Plan",
    "Reason",
    "Refusal",
    "Refused",
    "ReleaseFinder",
    "SourceModule",
    "StaleFrame",
    "Step",
    "StillCollector",
    "Timings",
    "make_plan",
    "verify",
]

_HOMES = {
    "Action": ".source.plan",
    "Difference": ".verification.verify",
    "Engine": ".api",
    "Journal": ".patching.journal",
    "Outcome": ".outcome",
    "Patch": ".patching.patch",
    "Plan": ".source.plan",
    "Reason": ".reason",
    "Refusal": ".source.plan",
    "Refused": ".outcome",
    "ReleaseFinder": ".patching.finder",
    "SourceModule": ".source.module",
    "StaleFrame": ".source.plan",
    "Step": ".source.plan",
    "StillCollector": ".patching.collector",
    "Timings": ".outcome",
    "make_plan": ".planning.planner",
    "verify": ".verification.verify",
}
"""Imported when they are asked for (PEP 562): a process that only serves needs few of them (docs/decisions/0019)."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return value
