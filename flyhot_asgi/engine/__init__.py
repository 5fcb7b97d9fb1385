"""The code engine: brings a running process from one release of its source to another.

Knows modules, functions and classes; nothing of ASGI, asyncio, sessions or stores. Used alone through `Engine`; its
drivers' order of use is

    plan = make_plan(old, new, live)      reads only; refusals are in the plan
    patch = Patch(plan, finder); patch.stage()
    journal = Journal(); patch.apply(journal)      one synchronous call
    differences = verify(patch)           then journal.discard() or journal.rollback()
"""

from __future__ import annotations

from .api import Engine
from .outcome import Outcome, Reason, Refused, Timings
from .patching.collector import StillCollector
from .patching.finder import ReleaseFinder
from .patching.journal import Journal
from .patching.patch import Patch
from .planning.planner import make_plan
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
