"""Executing one statement of the new release in the living namespace, under adoption.

`@d1 @d2 def f` is compiled as `@adopt @d1 @adopt @d2 @adopt def f`: at each level `adopt` looks for the living function
that the old statement made at that level (the one whose code stands at the same place), pours the new function into it
and hands the *old* object on. So decorators, and whoever they tell, see the identity that everybody already holds.
"""

from __future__ import annotations

import ast
import builtins
import copy
import types
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import is_open
from ..living.commands import is_group
from ..living.wrapped import functions_of_member
from ..source.codetree import transplant
from ..source.module import SourceModule, Statement, dotted_name
from ..source.nodes import all_but
from ..source.plan import Execute, Graft, Twin
from .classobject import touch_class
from .journal import Journal, refill
from .pouring import pour, stands_at
from .recast import RECAST, ClassInjector, Recaster
from .values import Pourer, merged

ADOPT = "__flyhot_adopt__"
_ENTERED = """raise __import__("flyhot_asgi.errors", fromlist=["errors"]).UpgradeError(
    "the condition of a block at module level that changed holds now, and what it does can't be had twice"
)"""
_MISSING = object()


class _Injector(ast.NodeTransformer):
    """Puts `@adopt(name, layer)` around and between the decorators of functions at namespace level; 0 is outermost.

    With `inside` also of methods, under their dotted names (`C.f`).
    """

    def __init__(self, *, inside: bool = False) -> None:
        self._inside = inside
        self._path: list[str] = []

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        name = ".".join((*self._path, node.name))
        if self._path and any((dotted_name(d) or "").endswith("overload") for d in node.decorator_list):
            return node  # a stub beside the function of that name
        layers: list[ast.expr] = [_adopt_call(name, 0, node.decorator_list[0] if node.decorator_list else node)]
        for layer, decorator in enumerate(node.decorator_list, 1):
            layers += [decorator, _adopt_call(name, layer, decorator)]
        node.decorator_list = layers
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if not self._inside:
            return node
        self._path.append(node.name)
        node.body = [self.visit(child) for child in node.body]
        self._path.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node


def _adopt_call(name: str, layer: int, where: ast.AST) -> ast.expr:
    arguments: list[ast.expr] = [ast.Constant(value=name), ast.Constant(value=layer)]
    call = ast.Call(func=ast.Name(id=ADOPT, ctx=ast.Load()), args=arguments, keywords=[])
    for node in ast.walk(call):
        ast.copy_location(node, where)
    return call


def compile_statement(
    source: SourceModule,
    statement: Statement,
    *,
    adopt: bool = True,
    inside: bool = False,
    recast: bool = False,
    apart: Collection[int] = (),
    entered: bool = True,
) -> types.CodeType:
    """One statement as a code object to `exec`, its nested code taken from the whole module's compile.

    `inside` adopts the methods of its classes, too: the bodies of these are then the statement's own code. `recast`
    lets a class statement make the living class again. `apart`: without these of its decorators.
    `entered` off: an `if` whose condition must not hold, of which nothing else is executed.
    """
    node = copy.deepcopy(statement.node)
    if not entered and isinstance(node, ast.If):
        node.body = ast.parse(_ENTERED).body
    if apart and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        node.decorator_list = all_but(node.decorator_list, apart)
    if recast:
        node = ClassInjector().visit(node)
    if adopt:
        node = _Injector(inside=inside).visit(node)
    opened = classes_of(node)  # a body with a class in it makes that one again, too
    nested = {name.rpartition(".")[0] for name in opened} - {""} if recast else set()
    return compile_nodes(source, [node], opened if inside else nested)


def classes_of(node: ast.AST, path: tuple[str, ...] = ()) -> set[str]:
    """Qualified names of the classes that executing a node makes by class statements, nested ones included."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
        return set()
    if isinstance(node, ast.ClassDef):
        path = (*path, node.name)
    found = {".".join(path)} if isinstance(node, ast.ClassDef) else set()
    return found.union(*(classes_of(child, path) for child in ast.iter_child_nodes(node)))


def compile_nodes(source: SourceModule, nodes: list[ast.stmt], opened: Collection[str] = ()) -> types.CodeType:
    tree = ast.fix_missing_locations(ast.Module(body=nodes, type_ignores=[]))
    code: types.CodeType = compile(tree, source.path, "exec", flags=source.future_flags, dont_inherit=True)
    return transplant(code, source.code, opened)


def annotation_only(statement: Statement) -> list[ast.stmt]:
    """The statement without its value: executing it sets the annotation."""
    node = copy.deepcopy(statement.node)
    if not isinstance(node, ast.AnnAssign):
        return []
    node.value = None
    return [node]


class Executor:
    """Runs the `Execute` items of one plan in one namespace after another, under one journal."""

    def __init__(
        self, journal: Journal, own: Collection[str] = (), work: Iterable[Execute | Graft | Twin] = ()
    ) -> None:
        self._journal = journal
        self._own = own
        executed = [item for item in work if isinstance(item, Execute)]
        self._pending = Counter((item.module, name) for item in executed for name in item.statement.binds)
        """Names that statements are to bind yet, and how many of them."""
        self._originals: dict[tuple[str, str], Any] = {}
        """What a name meant before the patch; several statements may bind one name."""
        self.poured: list[tuple[Any, Any]] = []
        """Fresh functions of the last statement, each with the living one that took its place."""

    def run(self, item: Execute, code: types.CodeType, namespace: dict[str, Any]) -> None:
        """Execute one statement. Whatever it raises passes through; the journal then undoes what it did."""
        self._journal.touch_namespace(namespace, f"names of {item.module}")
        if item.statement.kind in ("block", "expr", "other"):
            self._touch_definitions(namespace)
        self._pending.subtract((item.module, name) for name in item.statement.binds)
        if item.but is not None:
            _star(code, namespace, item.but)
            return
        if item.statement.kind == "def":
            self._touch_groups(namespace)
        annotations = namespace.get("__annotations__")
        if isinstance(annotations, dict):
            self._journal.touch_container(annotations, f"annotations of {item.module}")
        names = [(item.module, name) for name in item.statement.binds]
        before = {key[1]: self._originals.setdefault(key, namespace.get(key[1], _MISSING)) for key in names}
        if item.annotate_only:
            for name in item.statement.binds:
                if isinstance(annotations, dict):
                    annotations.pop(name, None)
        saved = {name: dict(vars(before[name])) for name, _ in item.kept if name in before}
        self.poured = []
        rewrap = item.layer if item.rewrap else None
        given: dict[str, Any] = {ADOPT: self._adopter(dict(before) if item.adopt else {}, rewrap=rewrap)}
        if item.recast:
            given[RECAST] = Recaster(item.module, namespace, self._journal, dict(item.lasting))
        unseen = {name: namespace.pop(name) for name in item.unseen if name in namespace}
        _run(code, namespace, given)
        for name, value in unseen.items():
            namespace.setdefault(name, value)
        self._keep(item, before, saved, namespace)
        _keep_attributes(before, saved, dict(item.kept), namespace)
        for name, old in before.items():
            if item.same and namespace.get(name) is not old:
                raise UpgradeError(f"`{name}` of {item.module} became another object, which its holders would not see")

    def _touch_groups(self, namespace: dict[str, Any]) -> None:
        """Where `@group.command()` enters what it makes."""
        for value in list(namespace.values()):
            if is_group(value):
                self._journal.touch_container(value.commands, "commands of a group")

    def _touch_definitions(self, namespace: dict[str, Any]) -> None:
        """A loop or a call may set attributes of what the module names: packages tell their exports where they are."""
        for value in list(namespace.values()):
            if isinstance(value, type) and value.__module__ in self._own:
                touch_class(value, self._journal)
            elif isinstance(value, types.FunctionType) and value.__globals__.get("__name__") in self._own:
                self._journal.touch_function(value)

    def _keep(
        self, item: Execute, before: dict[str, Any], saved: dict[str, dict[str, Any]], namespace: dict[str, Any]
    ) -> None:
        """The living objects stay, with the new contents, where the plan says so and their kinds agree."""
        if not item.keep:
            return
        pourer = Pourer(self._journal, self._own, {name for name, count in self._pending.items() if count > 0})
        cold, kept = dict(item.cold), dict(item.kept)
        for name, old in before.items():
            if old is _MISSING or name not in namespace:
                continue
            value = namespace[name]
            if name in cold:
                value = merged(cold[name], old, value, name)
            if name in kept and type(value) is type(old):
                if value is old:  # the class gives one instance to all
                    refill(vars(old), {**saved[name], **vars(old)})
                namespace[name] = pourer.instance(old, value, kept[name])
            elif name in kept and self._is_foreign(old) and self._is_foreign(value):
                namespace[name] = pourer.become(old, value)
            else:
                namespace[name] = pourer.keep(old, value)
            del value
        for value in namespace.values():
            if is_group(value):
                pourer.told(value.commands)
        pourer.finish(namespace)

    def _is_foreign(self, value: Any) -> bool:
        return type(value).__module__ not in self._own and is_open(value)

    def run_twin(self, item: Twin, code: types.CodeType, namespace: dict[str, Any], before: dict[str, Any]) -> None:
        """Execute a statement that makes classes, its methods adopted from `before` (`C.f` → the living member)."""
        self._journal.touch_namespace(namespace, f"names of {item.module}")
        named = {name: namespace.get(name, _MISSING) for name in item.statement.binds}
        _run(code, namespace, {ADOPT: self._adopter({**named, **before}, rewrap=None)})

    def _adopter(self, before: dict[str, Any], *, rewrap: int | None) -> Callable[[str, int], Callable[[Any], Any]]:
        taken: set[int] = set()

        def adopt(name: str, layer: int) -> Callable[[Any], Any]:
            old = before.get(name, _MISSING)

            def put(value: Any) -> Any:
                if old is _MISSING or not issubclass(type(value), types.FunctionType):
                    return value
                found = _partner(old, value, layer, taken, rewrap=rewrap)
                if found is None:
                    return value
                taken.add(id(found))
                self.poured.append((value, found))
                # Its decorator went: who unwrapped the old one has it as it is now.
                beneath = _partner(old, value, layer, taken, rewrap=None) if layer == rewrap else None
                poured = pour(found, value, self._journal)
                if beneath is not None:
                    pour(beneath, value, self._journal)
                return poured

            return put

        return adopt


def _keep_attributes(
    before: dict[str, Any], saved: dict[str, dict[str, Any]], kept: dict[str, frozenset[str]], namespace: dict[str, Any]
) -> None:
    """What the program made of a living function's attributes, such as a count of its calls."""
    for name, attributes in saved.items():
        function = namespace.get(name)
        if isinstance(function, types.FunctionType) and function is before[name]:
            function.__dict__.update({key: attributes[key] for key in kept[name] if key in attributes})


def _run(code: types.CodeType, namespace: dict[str, Any], given: dict[str, Any]) -> None:
    """Execute with names beside the builtins: a statement that looks at its module's names does not see them."""
    beside = namespace.get("__builtins__", builtins)
    beside = beside if isinstance(beside, dict) else vars(beside)
    beside.update(given)
    try:
        exec(code, namespace)
    finally:
        for name in given:
            beside.pop(name, None)


def _star(code: types.CodeType, namespace: dict[str, Any], but: Collection[str]) -> None:
    """A star import, without the names that later statements bind."""
    own = {name: value for name, value in namespace.items() if name.startswith("__")}
    scratch = dict(own)
    exec(code, scratch)
    for name, value in scratch.items():
        if name not in but and own.get(name, _MISSING) is not value:
            namespace[name] = value


def _partner(
    old: Any, value: types.FunctionType, layer: int, taken: set[int], *, rewrap: int | None
) -> types.FunctionType | None:
    """The living function that the old statement made at this layer: what `value` is poured into.

    With `rewrap` the result of that layer takes the place of the object that the name means, whatever that was, and the
    layers below never do; else a function takes the place of that whose code stands where its own does.
    """
    if layer == rewrap and isinstance(old, types.FunctionType):
        return None if value is old else old
    for candidate in reversed(list(functions_of_member(old))):  # the innermost is made first
        if id(candidate) in taken or (rewrap is not None and candidate is old) or candidate is value:
            continue
        if candidate.__globals__ is value.__globals__ and stands_at(candidate) == stands_at(value):
            return candidate
    return None
