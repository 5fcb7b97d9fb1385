"""Definitions whose decorators enter them nobody knows where: attempted, where all that they reach can be looked at.

What a decorator is, and what it does with its argument, is looked at when it is run (`patching.entering`); here it is
only said of which statements, and where their entries stand among those of others. Covered by the trial run of the old
statement and the comparison of everything that the decorators reach, which raise where they can't tell.
"""

from __future__ import annotations

import ast
import types
import weakref
from collections import deque
from collections.abc import Iterator
from typing import Any

from ..living.attributes import fields_of
from ..living.reach import Reach, roots_of
from ..living.wrapped import function_chain
from ..source.defuse import Home
from ..source.module import Statement, decorator_name, dotted_name
from ..source.nodes import all_but
from ..source.plan import Entered
from .context import Context
from .decorators import look_up, registering
from .judge_functions import again, registrars


class Entries:
    """Those of one plan."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._taken: set[Home] = set()
        self._moved: set[Home] = set()
        self._places: dict[Home, list[object]] = {}

    def has(self, module: str, name: str) -> bool:
        return (module, name) in self._taken

    def takes(self, module: str, statement: Statement) -> bool:
        """The definition of that statement is attempted. Not where one name has several, nor where what its decorators
        reach is too much, or the interpreter's own. Threads and sockets that they start stop the trial run."""
        context, name = self._context, statement.binds[0]
        for names in (context.old_names, context.new_names):
            source = names.modules.get(module)
            if source is not None and len([s for s in source.statements if name in s.binds]) > 1:
                return False
        namespace = context.namespace(module) if module in context.live else {}
        if any(self._is_pythons(module, d) for d in self._inner(module, statement)):
            return False
        reach = Reach(*roots_of(statement.node, namespace, self._apart(module, statement)))
        if reach.too_much:
            return False
        self._taken.add((module, name))
        self._places.setdefault((module, name), []).extend(reach.places.values())
        return True

    def beside(self, module: str, statement: Statement) -> None:
        """A definition that an adapter registers by some of its decorators: what the others enter is attempted where
        it can be looked at, and else left to the comparison with a cold import. Not where they are known to enter it
        nowhere, or where an adapter looks after it (`@inject`)."""
        if statement.kind == "def":
            inner = self._inner(module, statement)
            if any(registering(self._context, module, one) is not None for one in inner):
                self.takes(module, statement)

    def _apart(self, module: str, statement: Statement) -> frozenset[int]:
        """Which of its decorators an adapter looks after."""
        context = self._context
        if statement not in context.plan.apart:
            registers = statement.kind == "def" and statement.decorators and context.registers(module, statement)
            context.plan.apart[statement] = registrars(context, module, statement) if registers else frozenset()
        return context.plan.apart[statement]

    def _inner(self, module: str, statement: Statement) -> list[ast.expr]:
        return all_but(statement.decorators, self._apart(module, statement))

    def _differ(self, module: str, old: Statement, new: Statement) -> bool:
        sides = [[ast.dump(one) for one in self._inner(module, side)] for side in (old, new)]
        return old.kind != new.kind or sides[0] != sides[1]

    def places(self, module: str, name: str) -> list[object]:
        """What the decorators of a definition reach: where it stands in these it is taken out or followed."""
        return self._places.get((module, name), [])

    def _is_pythons(self, module: str, decorator: ast.expr) -> bool:
        """A register that C code or the interpreter keeps: nobody sees into it."""
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        found: Any = look_up(self._context, module, called)
        if isinstance(found, types.FunctionType | type) or found is None:
            dispatch = getattr(found, "__qualname__", "").startswith("singledispatch")
            return dispatch or (found is None and dotted_name(called) is None)
        function = getattr(found, "__func__", None)
        return isinstance(found, types.BuiltinFunctionType) or type(function).__name__.startswith("builtin")

    def plan(self) -> None:
        """Write into the plan what was taken, and is executed or gone."""
        context = self._context
        gone = set(context.plan.deleted_names)
        sides = {home: (self._statement("old", home), self._statement("new", home)) for home in sorted(self._taken)}
        exchanged = {
            home for home, (old, new) in sides.items() if old is None or new is None or self._differ(home[0], old, new)
        }
        exchanged |= {home for home, (_, new) in sides.items() if self._told_otherwise(home[0], new)}
        for home, (old, new) in sides.items():
            module, name = home
            if new is not None and new not in context.planned and not self._is_twin(new):
                continue
            if new is None and (home not in gone and module not in context.plan.deleted):
                continue
            made = isinstance(getattr(new, "node", None), ast.ClassDef) and self._living_class(home)
            function = old if old is not None and old.kind == "def" and not made else None
            if function is None and new is None:
                continue
            other = home in exchanged | self._moved
            before, last = self._neighbour(module, new, exchanged) if other and new is not None else ((), True)
            context.plan.entered.append(Entered(module, name, function, new, other, before, last, made))

    def _told_otherwise(self, module: str, new: Statement | None) -> bool:
        """Something that its text names is another now, or runs other code."""
        if new is None or module not in self._context.new:
            return False
        own = {(module, name) for name in new.binds}
        changed = self._context.rebound | self._context.changed_bodies
        return bool(self._context.new_names.reads(module, new) & changed - own)

    def _is_twin(self, statement: Statement) -> bool:
        return any(getattr(item, "statement", None) is statement for item in self._context.plan.work)

    def _living_class(self, home: Home) -> bool:
        return home[0] in self._context.live and isinstance(self._context.value(*home), type)

    def _statement(self, side: str, home: Home) -> Statement | None:
        names = self._context.old_names if side == "old" else self._context.new_names
        found = names.binders(home[0]).get(home[1]) if home[0] in names.modules else None
        return found if found is not None and found.kind in ("def", "class") else None

    # -- order -------------------------------------------------------------------------------

    def reorder(self) -> None:
        """Definitions that change places among those of their kind, and stand somewhere in that order: run again."""
        context = self._context
        for module in context.plan.changed:
            for name in self._out_of_place(module):
                new = self._statement("new", (module, name))
                if new is None or new in context.planned or context.registers(module, new):
                    continue
                if all(registering(context, module, d) is None for d in new.decorators):
                    continue
                if context.slices.fills(module, new) or not self._stands_somewhere(module, new):
                    continue
                why = "its place among those that are entered like it changed"
                if self.takes(module, new):
                    self._moved.add((module, name))
                    again(context, module, new, why, exchanged=False)
                else:
                    context.refuse(module, new, f"{why}, and where they are entered can't be looked at")

    def _out_of_place(self, module: str) -> list[str]:
        """Functions that would have to move, for the others to be in order, for each way to be decorated."""
        context = self._context
        sides = [
            [s for s in source[module].statements if s.kind == "def" and s.decorators]
            for source in (context.old, context.new)
        ]
        names = [[s.binds[0] for s in side] for side in sides]
        common = [name for name in names[1] if names[0].count(name) == 1 and names[1].count(name) == 1]
        if common == [name for name in names[0] if name in common]:
            return []
        groups: dict[Home, list[str]] = {}
        for statement in sides[1]:
            for root in set(self._roots(module, statement)):
                if statement.binds[0] in common:
                    groups.setdefault(root, []).append(statement.binds[0])
        found: set[str] = set()
        for group in groups.values():
            places = [names[0].index(name) for name in group]
            kept = _longest_rising(places)
            found |= {name for name, place in zip(group, places, strict=True) if place not in kept}
        return sorted(found, key=names[1].index)

    def _stands_somewhere(self, module: str, statement: Statement) -> bool:
        """A container, or an object that one holds, has the living function, or one that it wraps."""
        live = self._context.value(module, statement.binds[0])
        ids, names = {id(live), *map(id, function_chain(live))}, (f".{statement.binds[0]}", f":{statement.binds[0]}")
        namespace = self._context.namespace(module)
        for place in Reach(*roots_of(statement.node, namespace, self._apart(module, statement))).places.values():
            if isinstance(place, dict | list | deque) and place is not namespace and place is not vars(live):
                if any(id(one) in ids or _refers(one, ids) for one in _items(place)):
                    return True
                if any(isinstance(one, str) and f".{one}".endswith(names) for one in list(place)):
                    return True
        return False

    def _neighbour(
        self, module: str, statement: Statement, exchanged: set[Home]
    ) -> tuple[tuple[tuple[str, Statement], ...], bool]:
        """The next statement that enters something by the same decorators, with its old text; whether there is none."""
        after, roots = False, set(self._roots(module, statement))
        for owner, other in self._context.order:
            if not after or owner not in self._context.live:
                after = after or other is statement
                continue
            if other.kind == "def":
                if not roots & set(self._roots(owner, other)):
                    continue
                home = (owner, other.binds[0])
                old = self._statement("old", home)
                if old is None or home in exchanged | self._moved or not roots & set(self._roots(owner, old)):
                    continue  # it is put in its place itself, when its turn comes
                return ((owner, old),), False
            if other.calls and roots & self._context.new_names.reads(owner, other):
                return (), False
        return (), True

    def _roots(self, module: str, statement: Statement) -> Iterator[Home]:
        """What a definition's decorators start from."""
        for decorator in self._inner(module, statement):
            dotted = decorator_name(decorator) or ""
            first = dotted.partition(".")[0]
            home = self._context.new_names.home(module, first) or self._context.old_names.home(module, first)
            if home is not None:
                yield home
            elif dotted and (found := self._resolved(module, decorator)):
                yield found

    def _resolved(self, module: str, decorator: ast.expr) -> Home | None:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        owner = called.value if isinstance(called, ast.Attribute) else called
        found: Any = look_up(self._context, module, owner)
        if found is None or isinstance(found, types.ModuleType):
            found = look_up(self._context, module, called)
        return ("", str(id(found))) if found is not None else None


def _items(place: Any) -> list[object]:
    return list(dict.values(place)) if isinstance(place, dict) else list(place)


def _refers(one: object, ids: set[int]) -> bool:
    if isinstance(one, weakref.ref):
        return id(one()) in ids
    held = one if isinstance(one, list | tuple) else list((fields_of(one) or {}).values())
    return any(id(part) in ids for part in held)


def _longest_rising(numbers: list[int]) -> set[int]:
    """One of the longest rising subsequences."""
    best: list[list[int]] = []
    for number in numbers:
        best.append([*_longest([run for run in best if run[-1] < number]), number])
    return set(_longest(best))


def _longest(runs: list[list[int]]) -> list[int]:
    return max(runs, key=lambda run: len(run), default=[])
