"""Objects at module level that statements fill: made again, by all the statements that make and fill them.

`REG.append(f)` comes, goes, changes or changes places: the object behind `REG` is then what the new release's
statements, executed in their order, make of it, and nothing else. So all of them are executed, from the one that
creates it on: its **slice**. What else they change is made again with it. The object stays the same, and what the
program changed in it stays where the release did not (`patching.remake`).

Covered by the comparison with a cold import, and in a rehearsal by more: there nothing may differ, state included.
What no comparison sees, an effect on objects of nobody's in the release, is refused.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterable

from ..source.calls import Summary
from ..source.defuse import Home
from ..source.diff import Change, Verdict
from ..source.effects import effects_of
from ..source.filled import Filled, defined_in, text_of
from ..source.module import Statement, decorator_name
from ..source.nodes import nodes_of
from ..source.plan import Action, Remade
from ..source.touches import Touch
from ..source.values import EXACT_CONTAINERS, is_atomic
from .answered import Answered
from .constants import Constants
from .context import Context
from .documenting import documents
from .doomed import doomed
from .judge_classes import judge_filling_class
from .judge_effects import only_defines
from .judge_functions import judge_filling
from .judge_rebuild import built_from
from .remaking import is_free, why_not_remade
from .submodules import beyond

_DO = "keep what makes it for one release more, or deploy this change cold (restart the app)"
_CLAIMED = ("expr", "block", "assign", "other")


class Slices:
    """What of one plan is made again by slices."""

    def __init__(self, context: Context) -> None:
        self._context = context
        known = Constants(context), Answered(context)
        self._sides = [
            Filled(context.old_names, [name for name in context.live], *known),
            Filled(context.new_names, [name for name in context.live if name in context.new], *known),
        ]
        self.remade: set[Home] = set()
        self.renamed: set[str] = set()
        """Modules whose statements that work on whatever their names mean are executed again."""
        self._planned: set[Statement] = set()
        self._wanted: set[Statement] = set()
        self._why_not: dict[Home, str | None] = {}

    def look(self, modules: Iterable[str], asked: Iterable[Home] = ()) -> None:
        """Find what has to be made again because statements of these modules came, went, changed or moved."""
        old, new = self._sides
        homes = {home for home in asked if any(home[1] not in s.binds or m != home[0] for m, s in new.fillers(home))}
        for module in modules:
            before, after = old.effective(module), new.effective(module)
            if [text for text, _ in before] != [text for text, _ in after]:
                homes |= {home for _, touched in (*before, *after) for home in touched}
        for home in sorted(homes):
            if home in asked or self._differs(home):
                if self._reason(home) is None:
                    self.remade.add(home)

    def _differs(self, home: Home) -> bool:
        old, new = self._sides
        if not (old.fillers(home) or new.fillers(home)):
            return False
        if old.texts(home) == new.texts(home):
            return False
        sides = [side.slice_of(home) for side in (old, new)]
        others = [[one for one in side if not documents(self._context, one[1].node)] for side in sides]
        kept = [len(side) - len(left) for side, left in zip(sides, others, strict=True)]
        texts = [[(module, text_of(statement)) for module, statement in left] for left in others]
        return kept[0] != kept[1] or texts[0] != texts[1]

    def touch(self, module: str, statement: Statement) -> Touch:
        """What executing a statement of the new release changes."""
        return self._sides[1].touches.of(module, statement)

    def touched_before(self, module: str, statement: Statement) -> Touch | None:
        """What executing the old release's statement of the same name, or text, changed; None if it has none."""
        if module not in self._context.old:
            return None
        same = self._before(module, statement)
        if same is None:
            texts = [s for s in self._context.old[module].statements if not s.binds]
            same = next((s for s in texts if s.shell == statement.shell), None)
        return self._sides[0].touches.of(module, same) if same is not None else None

    def running(self, module: str, qualname: str) -> list[Summary | None]:
        """What a method changes, by the old release's code and by the new one's; None where it isn't found."""
        found: list[Summary | None] = []
        for side in self._sides:
            top, *path = qualname.split(".")
            definition = side.names.definition((module, top))
            node: ast.AST | None = getattr(definition, "node", None)
            for part in path:
                node = next((one for one in getattr(node, "body", ()) if getattr(one, "name", None) == part), None)
            method = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
            found.append(side.touches.summary(module, method) if method is not None else None)
        return found

    def touch_old(self, module: str, statement: Statement) -> Touch:
        """What executing a statement of the old release changed."""
        return self._sides[0].touches.of(module, statement)

    def takes(self, module: str, change: Change) -> bool:
        """The change is of what fills objects that are made again, or has no effect: nobody else has to judge it."""
        if change.statement.kind not in _CLAIMED or self._only_defines(module, change):
            return False
        sides = [(side, s) for side, s in zip(self._sides, (change.old, change.new), strict=True) if s is not None]
        if (
            change.statement.kind == "assign"
            and not any(
                (module, name) in self.remade or side.touches.of(module, s).homes
                for side, s in sides
                for name in s.binds
            )
            and not any(side.touches.of(module, s).homes for side, s in sides)
        ):
            return False
        if not all(self._follows(side, module, statement) for side, statement in sides):
            return False
        unseen = change.new is not None and change.new.kind == "expr" and self.touch(module, change.new).own_names
        if change.new is not None and (change.statement.kind == "block" or unseen):
            self._wanted.add(change.new)
        return True

    def _follows(self, side: Filled, module: str, statement: Statement) -> bool:
        touch = side.touches.of(module, statement)
        if touch.foreign:
            return False
        if statement.kind == "expr" and not touch.homes and not touch.own_names:
            return True  # it has no effect
        if side is self._sides[1] and touch.own_names and beyond(self._context, module, statement):
            return False
        homes = side.homes_of(module, statement)
        if any(self._reason(home) is not None for home in homes):
            return False
        if not homes and not touch.own_names and not defined_in(statement.node):
            return False
        if touch.own_names:
            self.renamed.add(module)
        self.remade |= {home for home in homes if not is_free(self._context, home)}
        return True

    def _only_defines(self, module: str, change: Change) -> bool:
        """Blocks of imports, definitions and plain values are judged by what they bind."""
        nodes = [one.node for one in (change.old, change.new) if one is not None and one.kind == "block"]
        alone = all(only_defines(self._context, module, node) for node in nodes)
        return change.statement.kind == "block" and alone

    def why(self, module: str, change: Change) -> str | None:
        """What stands against it, for a refusal."""
        for side, statement in zip(self._sides, (change.old, change.new), strict=True):
            if statement is None:
                continue
            touch = side.touches.of(module, statement)
            if touch.own_names and (more := beyond(self._context, module, statement)):
                return f"it gets hold of all names of its module, which are more by now (`{more[0]}`)"
            if touch.foreign:
                return f"it runs `{touch.foreign[0]}`, which changes something outside of the app's own objects"
            for home in sorted(side.homes_of(module, statement)):
                if (reason := self._reason(home)) is not None:
                    return f"it changes `{home[1]}`, and {reason}"
        return None

    def again(self, module: str, statement: Statement) -> bool:
        """Make again what an unchanged statement fills, as what it read or called is another."""
        new = self._sides[1]
        homes = new.homes_of(module, statement)
        touch = new.touches.of(module, statement)
        if touch.foreign or not (homes or touch.own_names or defined_in(statement.node)):
            return False
        if touch.own_names and beyond(self._context, module, statement):
            return False
        if any(self._reason(home) is not None for home in homes):
            return False
        if touch.own_names:
            self.renamed.add(module)
        self.remade |= homes
        self._wanted.add(statement)
        self.plan()
        return True

    def fills(self, module: str, statement: Statement) -> bool:
        """A definition whose decorators enter it in objects that can be made again: they are."""
        new = self._sides[1] if module in self._context.new else self._sides[0]
        return new.touches.of(module, statement).homes != set() and self._follows_definition(module, statement)

    def quiet(self, module: str, statement: Statement, decorator: ast.expr) -> bool:
        """The decorator of a definition is a function of the app's, and changes nothing but what it is handed: the
        app's own code was followed, and what it keeps of the app's is compared with a cold import."""
        for side in self._sides:
            if module in side.names.modules and statement in side.names.modules[module].statements:
                touch = side.touches.of(module, statement)
                if touch.homes or touch.foreign or touch.own_names:
                    return False
                return self._is_followed(side, module, decorator)
        return False

    def _is_followed(self, side: Filled, module: str, decorator: ast.expr) -> bool:
        called = isinstance(decorator, ast.Call)
        dotted = decorator_name(decorator)
        home = side.names.home(module, dotted) if dotted else None
        definition = side.names.definition(home) if home is not None else None
        if (
            home is None
            or definition is None
            or definition.kind != "def"
            or home[1] != (dotted or "").rpartition(".")[2]
        ):
            return False
        return not effects_of(side.names, home, called=called).foreign

    def _follows_definition(self, module: str, statement: Statement) -> bool:
        for side in self._sides:
            if module not in side.names.modules or statement not in side.names.modules[module].statements:
                continue
            touch = side.touches.of(module, statement)
            homes = {home for home in touch.homes if not is_free(self._context, home)}
            stuck = {home for home in homes if self._reason(home) is not None}
            if touch.foreign or any(not self._own_class(home) for home in stuck):
                return False
            self.remade |= homes - stuck
        return True

    def _own_class(self, home: Home) -> bool:
        """A class of the app's that keeps a registry: entering something again is attempted, and compared."""
        live = self._context.value(*home)
        return isinstance(live, type) and live.__module__ == home[0]

    # -- planning ----------------------------------------------------------------------------

    def plan(self) -> None:
        """Write everything into the plan that was found until now."""
        context, new = self._context, self._sides[1]
        while True:
            statements = self._closure()
            todo = [
                (m, s) for m, s in context.order if s in statements and s not in self._planned and m in context.live
            ]
            if not todo:
                break
            for module, statement in todo:
                self._planned.add(statement)
                self._execute(module, statement)
        self._drop_names()
        done = {(item.module, item.name) for item in context.plan.remade}
        for home in sorted(self.remade - done):
            if not is_free(self._context, home):
                self._remake(home, tuple(s for _, s in new.slice_of(home)))

    def _drop_names(self) -> None:
        """Names that statements bound by other means than by their text, and the new release's do not."""
        context = self._context
        context.plan.renamed = sorted(self.renamed & context.new.keys() & context.live.keys())
        blocks = {m for m, s in context.order if s.kind == "block" and s in context.planned}
        bound = {*context.plan.renamed, *(blocks & context.new.keys() & context.live.keys())}
        for module in sorted(bound) if context.drift is not None else ():
            assert context.drift is not None
            for name in sorted(context.drift.names("old", module) - context.drift.names("new", module)):
                if name in context.namespace(module) and (module, name) not in context.plan.deleted_names:
                    context.plan.deleted_names.append((module, name))

    def _closure(self) -> set[Statement]:
        new = self._sides[1]
        found: set[Statement] = set(self._wanted)
        for module in self.renamed & self._context.new.keys():
            found |= {s for m, s in new.order if m == module and new.touches.of(m, s).own_names}
        queue = sorted(self.remade)
        seen: set[Home] = set()
        while queue:
            home = queue.pop()
            if home in seen:
                continue
            seen.add(home)
            for module, statement in new.slice_of(home):
                if statement in found or self._context.registers(module, statement):
                    continue
                found.add(statement)
                if new.touches.of(module, statement).foreign:
                    self._refuse_foreign(home, module, statement)
                for other in new.homes_of(module, statement) - seen:
                    if is_free(self._context, other):
                        continue
                    if (reason := self._reason(other)) is not None:
                        self._refuse(home, module, statement, f"changes `{other[1]}`, too, and {reason}")
                    else:
                        self.remade.add(other)
                        queue.append(other)
        return found

    def _refuse_foreign(self, home: Home, module: str, statement: Statement) -> None:
        text = self._sides[1].touches.of(module, statement).foreign[0]
        self._refuse(
            home, module, statement, f"runs `{text}`, which changes something outside of the app's own objects"
        )

    def _refuse(self, home: Home, module: str, statement: Statement, what: str) -> None:
        reason = f"`{home[1]}` of {home[0]} would have to be made again by all that fills it; this statement {what}"
        self._context.refuse(module, statement, reason, do=_DO)

    def _execute(self, module: str, statement: Statement) -> None:
        context = self._context
        change = Change(Verdict.RERUN, self._before(module, statement), statement)
        if statement.kind == "class":
            if statement not in context.planned:
                context.judged.add(statement)
                judge_filling_class(context, module, change)
            return
        context.judged.add(statement)
        if statement.kind == "def":
            judge_filling(context, module, change)
            return
        if statement in context.planned:
            return
        if (name := self._living_class_in(module, statement)) is not None:
            context.refuse(module, statement, f"a block at module level makes the living class `{name}`")
        context.execute(module, statement)
        context.rebind_what_differs(module, statement)
        homes = sorted(self._sides[1].homes_of(module, statement))
        shown = ", ".join(f"`{name}`" for _, name in homes) or "it"
        context.step(module, statement, Action.EXECUTE, f"{shown} is made again by the statements that fill it")

    def _before(self, module: str, statement: Statement) -> Statement | None:
        if module not in self._context.old:
            return None
        binders = self._context.old_names.binders(module)
        return binders.get(statement.binds[0]) if statement.binds else None

    def _living_class_in(self, module: str, statement: Statement) -> str | None:
        if statement.kind != "block":
            return None
        made = {node.name for node in nodes_of(statement.node) if isinstance(node, ast.ClassDef)}
        living = (name for name in statement.binds if name in made)
        return next((n for n in living if isinstance(self._context.value(module, n), type)), None)

    def _remake(self, home: Home, statements: tuple[Statement, ...]) -> None:
        context = self._context
        module, name = home
        live = context.value(module, name)
        definition = isinstance(live, type | types.FunctionType)
        held = ""
        if not definition and not is_atomic(live) and not isinstance(live, tuple(EXACT_CONTAINERS)):
            going = [*doomed(context), *built_from(context, home)]
            held = ", ".join(context.held_elsewhere(live, going)[:2])
        given_up = context.drift is None or not context.drift.known(home)
        context.plan.remade.append(Remade(module, name, statements, definition, held, given_up))
        if not definition:
            context.rebind(module, (name,))

    def _reason(self, home: Home) -> str | None:
        if home not in self._why_not:
            self._why_not[home] = why_not_remade(self._context, self._sides, home)
        return self._why_not[home]
