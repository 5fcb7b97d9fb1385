"""Attributes that a class's methods count on. Pure.

A class that gains an attribute is the commonest way for a hot upgrade to break later and silently: living instances
were made by the old `__init__` and lack it (5.5 % of the commits replayed for the design). Found by syntax:

- what making an instance sets now and did not set before, whoever reads it (a template, `vars()`);
- what other methods set now, if something reads it that did not set it itself;
- what making an instance sets to another kind of thing (a list that became a dict).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable, Sequence

from .asked import read_as_another
from .binds import bound_names
from .defuse import construction_methods, methods_of
from .kinds import Kinds, Origins, kind_of, reshaped
from .module import FunctionNode, SourceModule, dotted_name
from .nodes import children_of, nodes_of


def new_attributes(old: ast.ClassDef, new: ast.ClassDef, read_elsewhere: Container[str] = ()) -> set[str]:
    """Instance attributes that the new class relies on and the old class's instances may lack.

    `read_elsewhere`: attributes that code outside of the class reads. What `__init_subclass__` sets, derived classes
    have.
    """
    answered = class_level(new) | set_by(one for one in methods_of(new) if one.name == "__init_subclass__")
    gained = set_by(methods_of(new)) - set_by(methods_of(old)) - answered
    made = set_by(construction_methods(new)) - set_by(construction_methods(old)) - answered
    relied = {
        name for name in gained if name in read_elsewhere or any(_relies_on(method, name) for method in methods_of(new))
    }
    return relied | {name for name in made if name in gained or _relied_anywhere(new, name)}


def hidden_by_instances(old: ast.ClassDef, new: ast.ClassDef) -> set[str]:
    """Methods of the new class that an attribute of the same name in an instance's own dict would hide: such as the old
    code gave its instances, where the name was no method, or one of another kind (a `cached_property`)."""
    before = {method.name: [ast.dump(one) for one in method.decorator_list] for method in methods_of(old)}
    found = set()
    for method in methods_of(new):
        answers_first = any((dotted_name(one) or "").rpartition(".")[2] in _DATA for one in method.decorator_list)
        if before.get(method.name) != [ast.dump(one) for one in method.decorator_list] and not answers_first:
            found.add(method.name)
    return found - set_by(methods_of(new))


_DATA = frozenset({"property", "setter", "getter", "deleter", "hybrid_property", "abstractproperty"})
"""Decorators that make what answers before an instance's own dict does."""


def always_set(cls: ast.ClassDef) -> frozenset[str]:
    """Attributes that `__init__` sets whatever happens: an instance without one of them was never initialised."""
    return frozenset(
        target.attr
        for method in methods_of(cls)
        if method.name == "__init__"
        for statement in method.body
        for target in _targets(statement)
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    )


def _targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    return [statement.target] if isinstance(statement, ast.AnnAssign) and statement.value is not None else []


def set_elsewhere(
    old: ast.ClassDef, new: ast.ClassDef, foreign: Callable[[FunctionNode], bool] = lambda method: False
) -> set[str]:
    """Attributes that the new methods read of `self`, the old ones did not, and that no method is seen to set: set by
    `setattr`, through `__dict__`, by a base class or by somebody else. Instances may have them or not.

    `foreign`: whether a method's first parameter is no instance of the class (a function that lacks its `self`)."""
    known = set_by(methods_of(new)) | class_level(new) | _loaded(methods_of(old))
    read = {
        use.attr
        for method in methods_of(new)
        if not foreign(method)
        for use in _uses(method, ast.Load)
        if use not in read_as_another(method)
    }
    return {name for name in read - known if not name.startswith("__")}


def _loaded(methods: Iterable[FunctionNode]) -> set[str]:
    return {use.attr for method in methods for use in _uses(method, ast.Load)}


def _relied_anywhere(cls: ast.ClassDef, name: str) -> bool:
    return any(_relies_on(method, name) for method in methods_of(cls))


def reshaped_attributes(old: ast.ClassDef, new: ast.ClassDef, where: tuple[Origins, Origins] = ({}, {})) -> set[str]:
    """Attributes that making an instance sets to another kind of thing than before, as far as syntax tells."""
    return reshaped(_made_kinds(old, where[0]), _made_kinds(new, where[1]))


def _made_kinds(cls: ast.ClassDef, where: Origins) -> Kinds:
    found: Kinds = {}
    for method in construction_methods(cls):
        own = own_name(method)
        for node in nodes_of(method):
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == own:
                    kind = kind_of(node.value, where)
                    found.setdefault(target.attr, set()).update([kind] if kind else [])
    for child in cls.body:
        if (
            isinstance(child, ast.AnnAssign)
            and isinstance(child.target, ast.Name)
            and isinstance(child.value, ast.Call)
        ):
            if kind := kind_of(child.value, where):  # a field with a factory: each instance has its own
                found.setdefault(child.target.id, set()).add(kind)
    return found


def hashed_by(cls: ast.ClassDef) -> list[str] | None:
    """What the hash of its instances is made of, as text; None if it says nothing about that."""
    methods = {method.name: method for method in methods_of(cls)}
    if "__hash__" in methods:
        todo, found = ["__hash__"], dict[str, str]()
        while todo:
            name = todo.pop()
            if name not in found and name in methods:
                found[name] = ast.dump(methods[name])
                todo += [use.attr for use in _uses(methods[name], ast.Load)]
        return list(found.values())
    return [*field_names(cls)] if frozen(cls) else None


def frozen(cls: ast.ClassDef) -> bool:
    """A decorator makes a hash of its fields."""
    calls = [one for one in cls.decorator_list if isinstance(one, ast.Call)]
    return any(_is_true(keyword, ("frozen", "unsafe_hash")) for one in calls for keyword in one.keywords)


def _is_true(keyword: ast.keyword, names: tuple[str, ...]) -> bool:
    return keyword.arg in names and isinstance(keyword.value, ast.Constant) and keyword.value.value is True


def private_names(cls: ast.ClassDef) -> set[str]:
    """Attributes that its methods read or set of `self` under names that are its own."""
    uses = [use.attr for method in methods_of(cls) for kind in (ast.Load, ast.Store) for use in _uses(method, kind)]
    return {name for name in uses if name.startswith("__") and not name.endswith("__")}


def stored_under(cls: ast.ClassDef) -> set[str]:
    """Where a descriptor keeps the values of its owner's instances, as text."""
    found: set[str] = set()
    for method in methods_of(cls):
        if method.name == "__set_name__":
            found.update(map(ast.dump, method.body))
        for node in nodes_of(method) if method.name in ("__get__", "__set__", "__delete__") else ():
            if isinstance(node, ast.Subscript):
                found.add(ast.dump(node.slice))
            elif isinstance(node, ast.Call) and (dotted_name(node.func) or "").endswith("attr") and len(node.args) > 1:
                found.add(ast.dump(node.args[1]))
    return found


def attributes_read(source: SourceModule) -> set[str]:
    """Attributes that a module's code reads of objects that are not its own `self`."""
    return source.once("attributes read", lambda one: _attributes_read(one.tree))


def _attributes_read(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in nodes_of(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                found.add(node.attr)
        elif isinstance(node, ast.ClassDef):
            found |= _read_of_bases(node)
            found |= {use.attr for method in methods_of(node) for use in read_as_another(method)}
    return found


def read_by_methods(source: SourceModule) -> set[str]:
    """Attributes that a module's methods read of their own objects, and no method of the same class sets."""
    return source.once("read by methods", lambda one: _read_by_methods(one.tree))


def _read_by_methods(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in nodes_of(tree):
        if isinstance(node, ast.ClassDef):
            found |= _loaded(methods_of(node)) - set_by(methods_of(node)) - class_level(node)
    return found


def _read_of_bases(cls: ast.ClassDef) -> set[str]:
    """What a derived class reads of itself without ever setting it: its base is meant to."""
    if not cls.bases:
        return set()
    reads = {use.attr for method in methods_of(cls) for use in _uses(method, ast.Load)}
    return reads - set_by(methods_of(cls)) - class_level(cls)


def own_name(method: FunctionNode) -> str | None:
    arguments = [*method.args.posonlyargs, *method.args.args]
    if not arguments or any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in method.decorator_list):
        return None
    return arguments[0].arg


def _uses(method: FunctionNode, context: type[ast.expr_context]) -> list[ast.Attribute]:
    own = own_name(method)
    return [
        node
        for node in nodes_of(method)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, context)
        and isinstance(node.value, ast.Name)
        and node.value.id == own
    ]


def set_by(methods: Iterable[FunctionNode]) -> set[str]:
    """Attributes that methods set of their own objects."""
    return {use.attr for method in methods for use in _uses(method, ast.Store)}


def class_level(cls: ast.ClassDef) -> set[str]:
    """Names that the class itself answers for its instances: a bare annotation gives no value."""
    return {
        name
        for child in cls.body
        if not (isinstance(child, ast.AnnAssign) and child.value is None)
        for name in bound_names(child)
    }


def _relies_on(method: FunctionNode, name: str) -> bool:
    """The method reads the attribute (or adds to it) before any statement of its own has plainly set it."""
    reads = [(use.lineno, use.col_offset) for use in _uses(method, ast.Load) if use.attr == name]
    for node in nodes_of(method):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute) and node.target.attr == name:
            reads.append((node.lineno, node.col_offset))
    if not reads:
        return False
    set_at = _plainly_set(method, name)
    return set_at is None or min(reads) <= set_at


def _plainly_set(method: FunctionNode, name: str) -> tuple[int, int] | None:
    """Where one of the method's own statements (not one in a branch or a nested function) assigns it first."""
    for statement in method.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        for node in (node for target in targets for node in nodes_of(target)):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr == name:
                end = (statement.end_lineno or statement.lineno, statement.end_col_offset or 0)
                return end if any(_reads(statement, name)) else (statement.lineno, statement.col_offset)
    return None


def _reads(statement: ast.stmt, name: str) -> list[ast.Attribute]:
    return [
        node
        for node in nodes_of(statement)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr == name
    ]


def field_names(cls: ast.ClassDef) -> dict[str, str]:
    """Annotated names of a class body with their whole statement: what dataclasses and models make fields of."""
    return {
        child.target.id: ast.dump(child)
        for child in cls.body
        if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name)
    }


def slots_of(cls: ast.ClassDef) -> list[str]:
    """What is in `__slots__`: names where they are literal, as their order makes no difference to the layout, and those
    that `@dataclass(slots=True)` makes of its fields; else the text."""
    found: list[str] = []
    for statement in cls.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and "__slots__" in ast.dump(statement):
            try:
                value = ast.literal_eval(statement.value) if statement.value is not None else ()
            except ValueError:
                found.append(ast.dump(statement))
            else:
                found += [value] if isinstance(value, str) else value
    keywords = [one for call in cls.decorator_list if isinstance(call, ast.Call) for one in call.keywords]
    if any(_is_true(keyword, ("slots",)) for keyword in keywords):
        found += [name for name, text in field_names(cls).items() if "ClassVar" not in text]
    if any(_is_true(keyword, ("weakref_slot",)) for keyword in keywords):
        found.append("__weakref__")
    return sorted(found)


def class_in(node: ast.AST, path: Sequence[str]) -> ast.ClassDef | None:
    """The class of that qualified name below `node`; the last one, as it is at run time."""
    found: ast.ClassDef | None = None
    for child in children_of(node):
        if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found = class_in(child, path) or found
        elif child.name == path[0]:
            rest = [part for part in path[1:] if part != "<locals>"]
            below = class_in(child, rest) if rest else child
            found = below if isinstance(below, ast.ClassDef) else found
    return found
