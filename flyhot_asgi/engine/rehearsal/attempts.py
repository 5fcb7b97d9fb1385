"""The loop: plan, apply, compare; undo, enlarge the plan by what differed or raised, try again.

Each attempt is made in this process, under a journal, and undone unless it arrives. A process that serves must be held
for it; a scratch process has nobody to hold.
"""

from __future__ import annotations

import ast
import time
import types
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import FlyhotError, UndoFailed
from ..adapters import default_adapters
from ..outcome import Refused, Timings, reason_of_raised, reason_of_refusal, reasons_of_differences
from ..patching.collector import StillCollector
from ..patching.finder import ReleaseFinder
from ..patching.journal import Journal
from ..patching.patch import Patch
from ..planning.context import COLD
from ..planning.judge_classes import all_classes
from ..planning.planner import make_plan
from ..reason import Reason
from ..source.defuse import Home
from ..source.drift import Drift
from ..source.module import SourceModule
from ..source.nodes import nodes_of
from ..source.plan import Execute, Plan, Refusal
from ..verification.recorded import Recorded
from ..verification.verify import Difference, verify
from .repair import homes_of, homes_of_failure

MOST_PASSES = 5


@dataclass
class Ground:
    """A process, the release that it runs and the one that it shall run, and what a cold import says of that."""

    root: Path
    old: Mapping[str, SourceModule]
    new: Mapping[str, SourceModule]
    live: Mapping[str, types.ModuleType]
    finder: ReleaseFinder
    recorded: Recorded | None = None
    """None: nothing but the source to compare with."""
    drift: Drift | None = None
    """What the program changed since the import, if that is known."""
    units: Callable[[type], Collection[int]] = lambda cls: ()
    orphans: weakref.WeakSet[types.FunctionType] = field(default_factory=weakref.WeakSet)
    downgrade: bool = False
    started: bool = False
    """The upgrade is for processes whose app was started, whether this one's was or not."""
    refused: tuple[Refusal, ...] = ()
    """What can't be done whatever the plan says."""

    def plan(self, also: Collection[Home] = ()) -> Plan:
        """Raises SourceError."""
        plan = make_plan(
            self.old,
            self.new,
            self.live,
            adapters=default_adapters(),
            units=self.units,
            downgrade=self.downgrade,
            also=also,
            drift=self.drift,
            started=self.started,
        )
        if self.recorded is not None:
            self.recorded.follow((one.old, one.new) for one in plan.moves)
        plan.refusals += self.refused
        plan.refusals += [one.refusal for one in plan.failing]  # nobody is held here, who would end
        if plan.found and self.recorded is not None and self.recorded.old is None:
            plan.refusals += [self._unseen(name) for name in plan.found]
        return plan

    def _unseen(self, name: str) -> Refusal:
        why = "a loop looks for it among the files, and the running release can't be imported to compare what it enters"
        return Refusal(name, self.new[name].shown, 1, name, why, f"import it by its name, or {COLD}")

    def look(self, recorded: Recorded) -> Drift | None:
        """Take what cold imports said, and note in what the process is not its own release, before it is touched; None
        if nothing is known of that. What a `code_change` makes of its unit's state is not compared: that runs later."""
        self.recorded = recorded
        drift = self.drift = recorded.look(self.live, self.root)
        migrated = self._migrated()
        for path, (_, text) in recorded.new.items():
            if text.startswith("a ") and text.removeprefix("a ") in migrated:
                recorded.masked.add(path)
        return drift

    def _migrated(self) -> set[str]:
        """Classes, as `module:qualname`, whose instances get a `code_change` by either release."""
        found = set()
        for name, module in self.live.items():
            for cls in all_classes(vars(module), name):
                if self.units(cls) and (
                    hasattr(cls, "code_change") or any(self._gains(b.__module__, b.__qualname__) for b in cls.__mro__)
                ):
                    found.add(f"{name}:{cls.__qualname__}")
        return found

    def _gains(self, module: str, qualname: str) -> bool:
        """The new release's class of that name has one of its own."""
        if module not in self.new or self.new[module].text == self.old[module].text:
            return False
        classes = {c.name: c for c in nodes_of(self.new[module].tree) if isinstance(c, ast.ClassDef)}
        cls = classes.get(qualname.rpartition(".")[2])
        return cls is not None and any(getattr(member, "name", None) == "code_change" for member in cls.body)

    def compare(self, patch: Patch) -> list[Difference]:
        """In what the process is not the release, after the patch."""
        if self.recorded is None:
            return verify(patch)
        made = [
            (item.module, name)
            for item in patch.plan.work
            if isinstance(item, Execute)
            for name in item.statement.binds
        ]
        return [
            *verify(patch, self.recorded.names),
            *self.recorded.compare(self.root, self.new, still=True),
            *self.recorded.made_otherwise(made, self.root, self.new),
        ]


@dataclass(frozen=True)
class Arrival:
    """An attempt that arrived: the process is the new release. `journal` undoes it."""

    patch: Patch
    journal: Journal
    also: frozenset[Home]
    passes: int
    timings: Timings

    @property
    def plan(self) -> Plan:
        return self.patch.plan


def attempt(ground: Ground, plan: Plan, also: Iterable[Home] = (), *, most: int = MOST_PASSES) -> Arrival:
    """Bring the process to the release, beginning with `plan` (made with `also`), in at most `most` attempts.

    Raises Refused with the reasons, and everything is as it was; UndoFailed if that could not be reached; whatever else
    is no Exception, after the undo.
    """
    asked = frozenset(also)
    why: list[Reason] = []
    for number in range(1, most + 1):
        if plan.refusals:
            refusals = [reason_of_refusal(one) for one in plan.refusals]
            raise Refused([*refusals, *why], plan=plan.document(), passes=number - 1)
        tried = _try(ground, plan)
        if isinstance(tried.arrived, tuple):
            journal, patch = tried.arrived
            return Arrival(patch, journal, asked, number, tried.timings)
        why, needed = tried.why, tried.needed - asked
        if not needed or number == most:
            raise Refused(why, plan=plan.document(), passes=number) from tried.cause
        asked |= needed
        plan = ground.plan(asked)
    raise AssertionError("unreachable: the last attempt arrives or raises")


@dataclass
class _Tried:
    arrived: tuple[Journal, Patch] | None = None
    timings: Timings = field(default_factory=Timings)
    why: list[Reason] = field(default_factory=list)
    needed: frozenset[Home] = frozenset()
    cause: Exception | None = None


def _try(ground: Ground, plan: Plan) -> _Tried:
    """One attempt; undone if it did not arrive."""
    patch = Patch(plan, ground.finder)
    patch.orphans |= ground.orphans
    try:
        patch.stage()
    except FlyhotError as exc:
        return _Tried(why=[reason_of_raised(exc, ground.new)], cause=exc)
    journal, collector = Journal(), StillCollector()
    if ground.recorded is not None:
        ground.recorded.prepare(plan.new[name] for name in [*plan.changed, *plan.added])
    patch.look_ahead()
    collector.hide()
    began = time.perf_counter()
    try:
        collector.begin()
        patch.apply(journal)
        applied = time.perf_counter()
        found = ground.compare(patch)
        verified = time.perf_counter()
        if found:
            return _undone(
                journal, _Tried(why=reasons_of_differences(found), needed=frozenset(homes_of(found, ground.new)))
            )
    except UndoFailed:
        raise
    except Exception as exc:
        needed = frozenset(homes_of_failure(exc, ground.new, ground.live))
        tried = _Tried(why=[reason_of_raised(exc, ground.new)], needed=needed, cause=exc)
        _forget_frames(exc)
        return _undone(journal, tried)
    except BaseException:
        journal.rollback()
        raise
    finally:
        patch.functions = []
        collector.end()
    timings = Timings(commit=(applied - began) * 1000, verify=(verified - applied) * 1000)
    return _Tried(arrived=(journal, patch), timings=timings)


def _forget_frames(exc: BaseException) -> None:
    """The reason says file and line. In its frames the exception would keep alive what was made and is taken back."""
    found: BaseException | None = exc
    while found is not None:
        found.__traceback__, found = None, found.__cause__ or found.__context__


def _undone(journal: Journal, tried: _Tried) -> _Tried:
    journal.rollback()
    return tried
