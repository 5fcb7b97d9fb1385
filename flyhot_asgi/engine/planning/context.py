"""What the judges of a plan share: both releases, the living modules, and where they write their findings; and what
they ask of those that know a framework."""

from __future__ import annotations

import gc
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from ..living.attributes import fields_of
from ..living.commands import insides_of
from ..living.holders import Scan, look_twice
from ..living.inventory import Survey, is_among
from ..living.registries import implementations_of, remembered_by
from ..living.started import serving
from ..living.territory import territory_of
from ..source.active import active
from ..source.codetree import changed_lambdas
from ..source.defuse import Home, Names, execution_order, imported_in
from ..source.diff import Change, NamespaceDiff
from ..source.drift import Drift
from ..source.kinds import Origins, origins
from ..source.module import SourceModule, Statement, statements_of
from ..source.plan import COLD as COLD
from ..source.plan import Action, Execute, Plan, Refusal, Step
from ..source.schema import class_in
from ..source.values import nested
from .findings import Findings
from .roles import Entering, Remaking
from .stuck import Stuck

_MISSING: Any = object()
_FEW = 20


class Context(Findings):
    """One planning run. `units(cls)`: the ids of the living instances that get a `code_change` if their
    class has one, as of now. `slices`, `entries`: who decides what is made again, and what is entered again; they ask
    the judges, so that who makes the plan names them."""

    def __init__(
        self,
        old: Mapping[str, SourceModule],
        new: Mapping[str, SourceModule],
        live: Mapping[str, types.ModuleType],
        survey: Survey,
        adapters: tuple[Adapter, ...],
        units: Callable[[type], Collection[int]],
        downgrade: bool,
        slices: Callable[[Context], Remaking],
        entries: Callable[[Context], Entering],
        embedding: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.plan = Plan(old=old, new=new, live=live)
        self.old_names, self.new_names = Names(old), Names(new)
        self.old, self.new, self.live = old, new, live
        self.survey = survey
        self.territory = territory_of({**old, **new}, embedding)
        self.adapters = adapters
        self.units = units
        self.downgrade = downgrade
        self.drift: Drift | None = None
        """What the program changed since the import; None if nobody looked."""
        self.also: frozenset[Home] = frozenset()
        """Names whose statements are executed whether they changed or not: what a rehearsal found to be needed."""
        self.taken_for_started = False
        """Its app was started in the processes that the plan is for, whatever this one says."""
        self._collected = False
        self._active: dict[str, list[Statement]] = {}
        self._stuck: dict[str, Stuck] = {}
        self.order = execution_order(new, [name for name in live if name in new])
        self.slices = slices(self)
        self.entries = entries(self)

    @cached_property
    def old_order(self) -> list[tuple[str, Statement]]:
        """As `order`, in the old release."""
        return execution_order(self.old, [name for name in self.live if name in self.old])

    @cached_property
    def started(self) -> bool:
        """What runs when an app is started has run, and won't run again."""
        return self.taken_for_started or serving()

    def namespace(self, module: str) -> dict[str, Any]:
        return vars(self.live[module])

    def value(self, module: str, name: str, default: Any = _MISSING) -> Any:
        """The living value of a module's name, KeyError-free."""
        return self.namespace(module).get(name, None if default is _MISSING else default)

    def resolve(self, module: str, dotted: str) -> Any:
        """The living object behind `a.b.c`, None if there is none. Walks modules and plain attributes only."""
        if module not in self.live:
            return None
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

    def has_code_change(self, live: type) -> bool:
        """Has the class, or one that it derives from, a `code_change` in the newer release, whose that one runs?"""
        newer = self.old if self.downgrade else self.new
        for base in live.__mro__:
            source = newer.get(base.__module__)
            node = class_in(source.tree, base.__qualname__.split(".")) if source is not None else None
            if node is None:
                if "code_change" in vars(base):
                    return True
            elif any("code_change" in statement.binds for statement in statements_of(node.body, docstring=False)):
                return True
        return False

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

    def execute(
        self,
        module: str,
        statement: Statement,
        *,
        keep: bool = False,
        annotate_only: bool = False,
        rewrap: bool = False,
        same: bool = False,
        recast: bool = False,
        kept: tuple[tuple[str, frozenset[str]], ...] = (),
        cold: tuple[tuple[str, Any], ...] = (),
        but: frozenset[str] | None = None,
        adopt: bool = True,
        lasting: tuple[tuple[str, Any], ...] = (),
        unentered: bool = False,
    ) -> None:
        if statement not in self.planned:
            self.planned.add(statement)
            binders = self.new_names.binders(module)
            last = all(binders.get(name) is statement for name in statement.binds)
            layer = self.rewrapped.get(statement, 0)
            rewrap = rewrap or statement in self.rewrapped
            item = Execute(
                module,
                statement,
                keep,
                annotate_only,
                rewrap,
                same and last,
                adopt and last,
                recast,
                kept,
                cold,
                but,
                layer,
                lasting,
                self._unseen(module, statement),
                unentered,
            )
            self.plan.work.append(item)

    def _unseen(self, module: str, statement: Statement) -> frozenset[str]:
        if statement.kind in ("import", "def", "class") or not self.slices.touch(module, statement).own_names:
            return frozenset()
        found = self.new[module].statements
        before, after = (
            {n for s in found if late == (s.line > statement.line) for n in s.binds} for late in (False, True)
        )
        return frozenset((after | {"__dir__", "__getattr__"}) - before)

    def active_old(self, module: str) -> list[Statement]:
        """The old release's statements that this process executed, in order."""
        if module not in self._active:
            self._active[module] = active(self.old[module].statements, module)
        return self._active[module]

    def stuck(self, module: str) -> Stuck:
        """What of a changed module's code the functions that run it now can't take."""
        if module not in self._stuck:
            self._stuck[module] = Stuck(self.old[module], self.new[module], self.origins(module))
        return self._stuck[module]

    def rebind(self, module: str, names: tuple[str, ...]) -> None:
        homes = {(module, name) for name in names}
        self.rebound |= homes - self.moved_to - self.moves.keys()

    def origins(self, module: str) -> tuple[Origins, Origins]:
        """What the imports of a module bring from elsewhere, in the old and the new release."""
        own = {name.partition(".")[0] for name in (*self.old, *self.new)}
        a, b = (origins(side[module].tree, own) if module in side else {} for side in (self.old, self.new))
        return a, b

    def rebind_what_differs(self, module: str, statement: Statement) -> None:
        """As `rebind`, of a block: but for names that it imports from where they came before."""
        old = self.old_names.binders(module) if module in self.old else {}
        before: dict[str, tuple[str, str]] = {}
        for binder in {old[name] for name in statement.binds if name in old}:
            before |= imported_in(self.old[module], binder.node)
        now = imported_in(self.new[module], statement.node)
        same = {name for name in now if before.get(name) == now[name] and name in self.namespace(module)}
        self.rebind(module, tuple(name for name in statement.binds if name not in same))

    def instances(self, cls: type) -> int:
        """How many instances of a class (and of classes derived from it) are alive; garbage is not."""
        if not self.survey.count(cls):
            return 0
        self.collect()
        return self.survey.count(cls)

    def instances_held(
        self, cls: type, but: Sequence[object] = (), stays: Callable[[type], bool] = lambda kind: True
    ) -> int:
        """How many instances of a class that is gone the app or a library holds; those that only the embedding program
        has are noted in the plan. Where there are many, all count. `stays`: does a class derive from it afterwards?"""
        objects = [one for one in self.survey.objects(cls) if stays(type(one))] if self.instances(cls) else []
        if not 0 < len(objects) <= _FEW or not all(gc.is_tracked(one) for one in objects):
            return len(objects)
        return len([one for one in objects if self.held_elsewhere(one, [objects, *but])])

    def collect(self, *, again: bool = False) -> None:
        """Look again without garbage; once in a plan, as it is slow, unless told to."""
        if again or not self._collected:
            self._collected = True
            self.survey.clear()
            gc.collect()
            self.survey.look()

    def registers(self, module: str, statement: Statement) -> bool:
        return any(adapter.registers(self, module, statement) for adapter in self.adapters)

    def recast(self, module: str, change: Change, living: type, of: str | None = None) -> bool:
        return any(adapter.recasts(self, module, change, living, of) for adapter in self.adapters)

    def filled(self, module: str, statement: Statement) -> bool:
        return any(adapter.fills(self, module, statement) for adapter in self.adapters)

    def knows(self, cls: type) -> bool:
        return any(adapter.knows(cls) for adapter in self.adapters)

    def taken(self, module: str, change: Change, rebound: set[str]) -> bool:
        return any(adapter.takes(self, module, change, rebound) for adapter in self.adapters)

    def made_whole(self) -> list[tuple[Any, Any]]:
        """Apps and routers that are made again whole, each with its router (a router is its own)."""
        made = [self.value(*home) for home, _ in self.constructed.values()]
        return [(one, getattr(one, "router", one)) for one in made if id(one) in self.whole]

    def owned(self, value: object) -> bool:
        return any(adapter.owns(value) for adapter in self.adapters)

    def held_elsewhere(
        self,
        value: object,
        but: Sequence[object] = (),
        *,
        by_anybody: bool = False,
        going: Sequence[object] = (),
        renamed: Sequence[object] = (),
    ) -> list[str]:
        """Who of the app or of a library holds a living object besides the namespaces of first-party modules (and
        `but`), in words. What only the embedding program holds is noted in the plan, or counts too: `by_anybody`.
        `going`, `renamed`: as a `Scan` takes them."""
        found = self.scan([value], but, going, renamed)
        if (found.counting() or (by_anybody and found.outside())) and not self._collected:
            del found
            self.collect()  # garbage holds nothing
            found = look_twice(lambda: self.scan([value], but, going, renamed))
        held, outside = found.counting(), found.outside()
        if by_anybody:
            return held or outside
        if not held and outside:
            self.plan.note_orphan(value, outside)
        return held

    def scan(
        self, values: Sequence[object], but: Sequence[object], going: Sequence[object], renamed: Sequence[object] = ()
    ) -> Scan:
        """Who holds them, before garbage was looked after. What the engine itself has of them does not count."""
        passing = [*but, but, *self.poured(), *self.survey.lists]
        return Scan(values, self.territory, passing, kinds=self.passing_kinds, going=going, renamed=renamed)

    def commands_reading(self, home: Home) -> Iterator[object]:
        """What commands of click hold whose statements read a name: they are made again with it."""
        for module in self.live.keys() & self.new.keys():
            for statement in self.new[module].statements:
                if statement.kind == "def" and home in self.new_names.reads(module, statement):
                    yield from insides_of(self.value(module, statement.binds[0]))

    def listed(self, value: object) -> str | None:
        """Which container that is module-level state, and stays, holds a living object; None if none does."""
        poured = {id(one) for one in self.poured()}
        for name in [one for one in self.live if one in self.new]:
            for key, found in list(vars(self.live[name]).items()):
                for one in nested(found):
                    held: Any = [*one.keys(), *one.values()] if isinstance(one, dict) else one
                    if id(one) not in poured and not key.startswith("__") and is_among(value, held):
                        return f"`{key}` of {name}"
        return None

    def consumed(self, module: str, change: Change) -> bool:
        """The statement differs in a lambda that nobody holds: it was called when the statement was executed."""
        if change.old is None or change.new is None:
            return False
        alive = {function.__code__ for function in self.survey.functions}
        return any(code not in alive for code in changed_lambdas(change, self.old[module].code))

    def poured(self) -> Iterator[object]:
        """Containers whose contents the plan replaces, with those that they hold by key, and classes that are made
        again, with what a framework built for them."""
        for item in self.plan.work:
            if isinstance(item, Execute) and item.keep:
                for name in item.statement.binds:
                    yield from nested(self.value(item.module, name))
            elif isinstance(item, Execute) and item.recast:
                made = self.value(item.module, item.statement.binds[0])
                yield made
                for value in list(vars(made).values()) if isinstance(made, type) else ():
                    if type(value).__module__.partition(".")[0] in _BUILDERS:
                        yield value
                    yield from nested(value)
        for home in self.slices.remade:
            if home[0] in self.live:
                value = self.value(*home)
                yield from nested(value)
                if (found := implementations_of(value)) is not None:
                    yield from (found, remembered_by(value))
                fields = fields_of(value) if type(value).__module__ in self.live else None
                if fields is not None:
                    yield from (value, *nested(fields))


class Adapter:
    """Knowledge of one framework, which it never imports. What it does not know it leaves to the others, by default."""

    def registers(self, context: Context, module: str, statement: Statement) -> bool:
        """Executing `statement` adds to a living registrar that this adapter can rebuild."""
        return False

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        """Write the rebuilds (or refusals) that these diffs need into the plan. Called when all judges are done."""

    def outdated(self, context: Context) -> Iterable[tuple[str, Statement, Home]]:
        """Assignments whose values the framework made with what functions gave that change now, each with one of
        those."""
        return ()

    def takes(self, context: Context, module: str, change: Change, rebound: set[str]) -> bool:
        """Plan the change of a statement that makes a registrar (`rebound`: names it reads that are bound anew), or
        leave it."""
        return False

    def recasts(self, context: Context, module: str, change: Change, living: type, of: str | None) -> bool:
        """Plan the change of a class statement, or leave it. `of`: nothing but what it was built from is another."""
        return False

    def fills(self, context: Context, module: str, statement: Statement) -> bool:
        """Plan that a living registrar is made again whole, as `statement`, which came, changed, went, or ran other
        code, works on it in ways that can't be told; or leave it."""
        return False

    def knows(self, cls: type) -> bool:
        """`cls` is made by this framework: to make one more has no effect that could not be undone."""
        return False

    def owns(self, value: object) -> bool:
        """`value` is a registrar of this framework, or something made by registering."""
        return False

    def makes_anew(self, context: Context, objects: Collection[Any]) -> list[Any]:
        """Plan that others take the place of some of these objects; those which it is."""
        return []

    def built_of(self, cls: type) -> Iterable[object]:
        """What the framework built of a class, and builds anew when that is executed whole."""
        return ()

    def says_all(self, context: Context, value: object) -> bool:
        """`value` is an entry for such a registrar, and nothing but what the text that made it says."""
        return False


_BUILDERS = frozenset({"pydantic", "pydantic_core", "sqlalchemy", "sqlmodel"})
