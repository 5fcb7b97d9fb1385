"""Which objects executing a module-level statement changes beside the names that it binds, read off the source. Pure.

`REG.append(x)`, `T["a"] = 1`, `register(f)`, `for k in …: T[k] = …`, `@registry.command`: each changes an object that
another statement made. What they change is found by following names to their homes, through loops, arguments and the
bodies of the release's own functions, methods, decorators and class hooks. It is an estimate from above (two names of
one object are two homes; what a call gives may be any of its arguments); what it misses is seen by the comparison
with a cold import. Effects on objects of nobody's in the release (`logging.basicConfig()`) are `foreign`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .calls import OWN, Foreign, Summary
from .defuse import Home, Names
from .module import FunctionNode, Statement, base_name, dotted_name
from .running import Body


@dataclass
class Touch:
    """`homes`: whose objects are changed; `foreign`: what else is changed."""

    homes: set[Home] = field(default_factory=set)
    foreign: list[Foreign] = field(default_factory=list)
    deeply: set[Home] = field(default_factory=set)
    """Those of which more than attributes are set."""
    entered: set[Home] = field(default_factory=set)
    """Those that something is registered with by their `register`."""
    own_names: bool = False
    """It works on whatever the names of its module mean, or binds names that its text does not tell."""


class Touches:
    """What the statements of one release touch. Reads only; remembers. `constant`: what a name means can't be changed,
    whoever is handed it; `answered`: the function of that name gives what it gave before, and its body does not run."""

    def __init__(
        self,
        names: Names,
        constant: Callable[[Home], bool] = lambda home: False,
        answered: Callable[[Home], bool] = lambda home: False,
    ) -> None:
        self.names = names
        self._constant, self._answered = constant, answered
        self._found: dict[Statement, Touch] = {}
        self._summaries: dict[int, Summary] = {}
        self._owners: dict[int, tuple[str, ast.ClassDef]] | None = None

    def owner_of(self, node: FunctionNode | None) -> tuple[str, ast.ClassDef] | None:
        """The class at module level whose method a function is, with its module."""
        if self._owners is None:
            classes = [
                (name, statement.node)
                for name, source in self.names.modules.items()
                for statement in source.statements
                if isinstance(statement.node, ast.ClassDef)
            ]
            self._owners = {id(child): (name, cls) for name, cls in classes for child in cls.body}
        return self._owners.get(id(node))

    def module_of_class(self, home: Home) -> str:
        """Where the class is written that a home is, or was made of."""
        for _ in range(8):
            definition = self.names.definition(home)
            node = definition.node if definition is not None else None
            value = getattr(node, "value", None)
            if isinstance(node, ast.ClassDef) or not isinstance(value, ast.Call):
                return home[0]
            found = self.names.home(home[0], dotted_name(value.func) or "")
            if found is None:
                return home[0]
            home = found
        return home[0]

    def of(self, module: str, statement: Statement) -> Touch:
        if statement not in self._found:
            self._found[statement] = self._look(module, statement)
        return self._found[statement]

    def _look(self, module: str, statement: Statement) -> Touch:
        if statement.kind in ("import", "doc") or (statement.kind == "def" and not statement.decorators):
            return Touch()
        body = Body(self, module, None)
        body.run([statement.node])
        homes = {root for root in body.touched if isinstance(root, tuple) and not self._constant(root)}
        deeply, entered = ({root for root in roots if isinstance(root, tuple)} for roots in (body.deeply, body.entered))
        return Touch(homes - {OWN}, body.foreign, deeply - {OWN}, entered - {OWN}, OWN in homes)

    def summary(self, module: str, node: FunctionNode, *, handed_out: bool = False) -> Summary:
        """`handed_out`: what it gives back is called too, as a decorator with arguments is."""
        key = id(node) * 2 + handed_out
        if key not in self._summaries:
            self._summaries[key] = found = Summary()  # a function that calls itself adds nothing
            home = (module, node.name)
            if getattr(self.names.definition(home), "node", None) is node and self._answered(home):
                found.gives.add(home)  # whoever changes what it gives changes what all others are given
                return found
            body = Body(self, module, node, handed_out=handed_out)
            body.run(node.body)
            found.roots |= body.touched
            found.deeply |= body.deeply
            found.gives |= body.given
            found.foreign += body.foreign
        return self._summaries[key]

    def class_at(self, home: Home) -> ast.ClassDef | None:
        """The class that `home` is, or that the object at `home` is made of by a call."""
        for _ in range(8):
            definition = self.names.definition(home)
            node = definition.node if definition is not None else None
            if isinstance(node, ast.ClassDef):
                return node
            value = getattr(node, "value", None)
            called = dotted_name(value.func) if isinstance(value, ast.Call) else None
            found = self.names.home(home[0], called) if called else None
            if found is None or found == home:
                return None
            home = found
        return None

    def methods(self, module: str, node: ast.ClassDef, name: str, depth: int = 8) -> Iterator[tuple[str, FunctionNode]]:
        """The function that a class, or its first base with one, has as `name`, with its module."""
        for child in node.body:
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name == name:
                yield module, child
                return
        for base in node.bases if depth else ():
            home = self.names.home(module, base_name(base))
            cls = self.class_at(home) if home is not None else None
            if home is not None and cls is not None:
                found = list(self.methods(home[0], cls, name, depth - 1))
                if found:
                    yield from found
                    return
