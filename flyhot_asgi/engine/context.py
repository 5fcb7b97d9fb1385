"""What the judges of a plan share: both releases, the living modules, and where they write their findings."""

from __future__ import annotations

import gc
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from .defuse import Home, Names, execution_order
from .diff import NamespaceDiff
from .inventory import Survey, describe, holders, survey
from .plan import Action, Execute, Plan, Refusal, Step
from .source import SourceModule, Statement

COLD = "deploy this change cold (restart the app)"
_MISSING: Any = object()


class Adapter(Protocol):
    """Knowledge of one framework's registrars. Imports the framework only if the app did."""

    def registers(self, context: Context, module: str, statement: Statement) -> bool:
        """Executing `statement` adds to a living registrar that this adapter can rebuild."""

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        """Write the rebuilds (or refusals) that these diffs need into the plan."""

    def owns(self, value: object) -> bool:
        """`value` is a registrar of this framework, or something made by registering."""


class Context:
    """One planning run. `units(cls)` says how many living instances of a class get a `code_change` if it has one."""

    def __init__(
        self,
        old: Mapping[str, SourceModule],
        new: Mapping[str, SourceModule],
        live: Mapping[str, types.ModuleType],
        survey: Survey,
        adapters: tuple[Adapter, ...],
        units: Callable[[type], int],
        downgrade: bool,
    ) -> None:
        self.plan = Plan(old=old, new=new, live=live)
        self.old_names, self.new_names = Names(old), Names(new)
        self.old, self.new, self.live = old, new, live
        self.survey = survey
        self.adapters = adapters
        self.units = units
        self.downgrade = downgrade
        self._collected = False
        self.order = execution_order(new, [name for name in live if name in new])
        self.rebound: set[Home] = set()
        """Homes whose object is another one after the upgrade: what read them must read again."""
        self.reshaped: set[Home] = set()
        """Functions that stay the same object with another signature: registrars must look again."""
        self.changed_bodies: set[Home] = set()
        """Functions whose own code differs: what called them at import time may have made something else."""
        self.planned: set[Statement] = set()
        """Statements that will be executed."""
        self.judged: set[Statement] = set()
        """Statements that changed by themselves, or were already looked at as dependents."""

    def namespace(self, module: str) -> dict[str, Any]:
        return vars(self.live[module])

    def value(self, module: str, name: str, default: Any = _MISSING) -> Any:
        """The living value of a module's name, KeyError-free."""
        return self.namespace(module).get(name, None if default is _MISSING else default)

    def resolve(self, module: str, dotted: str) -> Any:
        """The living object behind `a.b.c`, None if there is none. Walks modules and plain attributes only."""
        first, *rest = dotted.split(".")
        builtins = self.namespace(module).get("__builtins__", {})
        builtins = builtins if isinstance(builtins, dict) else vars(builtins)
        found = self.namespace(module).get(first, builtins.get(first))
        for part in rest:
            if found is None:
                return None
            try:
                found = object.__getattribute__(found, part) if not isinstance(found, type) else getattr(found, part)
            except AttributeError:
                return None
        return found

    def file(self, module: str) -> str:
        return (self.new.get(module) or self.old[module]).shown

    def step(self, module: str, statement: Statement, action: Action, why: str, name: str | None = None) -> None:
        self.plan.steps.append(Step(module, name or statement.name, self.file(module), statement.line, action, why))

    def refuse(
        self, module: str, statement: Statement, reason: str, *, do: str = COLD, name: str | None = None
    ) -> None:
        refusal = Refusal(module, self.file(module), statement.line, name or statement.name, reason, do)
        if refusal not in self.plan.refusals:
            self.plan.refusals.append(refusal)

    def execute(self, module: str, statement: Statement, *, keep: bool = False, annotate_only: bool = False) -> None:
        if statement not in self.planned:
            self.planned.add(statement)
            self.plan.work.append(Execute(module, statement, keep=keep, annotate_only=annotate_only))

    def rebind(self, module: str, names: tuple[str, ...]) -> None:
        self.rebound.update((module, name) for name in names)

    def instances(self, cls: type) -> int:
        """How many instances of a class (and of classes derived from it) are alive; garbage is not."""
        if not sum(count for kind, count in self.survey.instances.items() if issubclass(kind, cls)):
            return 0
        gc.collect()
        return sum(survey((), [cls]).instances.values())

    def registers(self, module: str, statement: Statement) -> bool:
        return any(adapter.registers(self, module, statement) for adapter in self.adapters)

    def owned(self, value: object) -> bool:
        return any(adapter.owns(value) for adapter in self.adapters)

    def held_elsewhere(self, value: object, but: Sequence[object] = ()) -> list[str]:
        """Who holds a living object besides the namespaces of first-party modules (and `but`), in words."""
        passing: list[object] = [*(vars(module) for module in self.live.values()), *but]
        passing += [self.survey.functions, self.survey.caches, self.survey.running]
        found = holders(value, passing=passing)
        if found and not self._collected:
            self._collected = True
            del found
            gc.collect()  # garbage holds nothing
            found = holders(value, passing=passing)
        return sorted({describe(holder) for holder in found})
