"""Attributes that making an instance sets under names that are worked out, not written as `self.x = …`. Pure.

`self.__dict__.update({**DEFAULTS, **given})`, `for name in FIELDS: setattr(self, name, None)`, `prepare(self)`: which
attributes come of it depends on constants, on class attributes and on other functions, whose text may change while the
class's own does not. Followed by syntax: the keys of dicts, the items of lists, through names to where they are bound,
and through functions that are handed the instance. Names that only a caller knows (`**given`) are not among them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from .binds import bound_names
from .defuse import Home, Names, methods_of
from .module import FunctionNode, dotted_name
from .nodes import children_of, nodes_of
from .schema import field_names, own_name
from .values import value_of

Chain = Sequence[tuple[str, ast.ClassDef]]
"""A class and what it derives from, nearest first, each with its module."""
_CONSTRUCTION = ("__init__", "__post_init__", "__attrs_post_init__")
_SETS = frozenset({"setattr", "object.__setattr__"})
_FILLS = frozenset({"update", "setdefault", "__setitem__", "__ior__"})
_ADDS = frozenset({"update", "setdefault", "append", "extend", "insert", "add"})
_DEEP = 12


def attributes_worked_out(names: Names, chain: Chain) -> frozenset[str]:
    """Names of attributes that construction sets in such ways, for an instance of the first class of `chain`."""
    reading = _Reading(names, chain)
    for name in _CONSTRUCTION:
        reading.run(name)
    return frozenset(reading.found)


class _Reading:
    def __init__(self, names: Names, chain: Chain) -> None:
        self._names, self._chain = names, chain
        self.found: set[str] = set()
        self._ran: set[tuple[int, str]] = set()
        self._seen: set[int] = set()

    def run(self, method: str) -> None:
        """What making an instance does by that method, and by those that it goes on to."""
        for module, cls in self._chain:
            for function in methods_of(cls):
                own = own_name(function)
                if function.name == method and own is not None:
                    self._function(module, function, own, in_class=True)
                    if not any(isinstance(n, ast.Name) and n.id == "super" for n in nodes_of(function)):
                        return

    def _function(self, module: str, function: FunctionNode, own: str, *, in_class: bool) -> None:
        if (id(function), own) in self._ran or len(self._ran) > 200:
            return
        self._ran.add((id(function), own))
        frame = _Frame(module, own, _assigned(function))
        for node in nodes_of(function):
            if isinstance(node, ast.Call):
                self._call(frame, node)
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _is_dict(node.value, own):
                self._take(frame, node.slice)
            elif isinstance(node, ast.Assign | ast.AugAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(_is_dict(target, own) for target in targets):
                    self._take(frame, node.value)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and not in_class:
                if isinstance(node.value, ast.Name) and node.value.id == own:
                    self.found.add(node.attr)

    def _call(self, frame: _Frame, call: ast.Call) -> None:
        called = dotted_name(call.func) or ""
        first = call.args[0] if call.args else None
        if called in _SETS and len(call.args) > 1 and _is(first, frame.own):
            self._take(frame, call.args[1])
        elif isinstance(call.func, ast.Attribute) and call.func.attr in _FILLS and _is_dict(call.func.value, frame.own):
            self._arguments(frame, call)
        elif isinstance(call.func, ast.Attribute) and _is(call.func.value, frame.own):
            self.run(call.func.attr)
        elif called and (function := self._defined(frame.module, called)) is not None:
            self._handed(frame, call, *function)

    def _handed(self, frame: _Frame, call: ast.Call, module: str, function: FunctionNode) -> None:
        """A function of the app's is given the instance."""
        parameters = [*function.args.posonlyargs, *function.args.args]
        given = [p.arg for p, argument in zip(parameters, call.args, strict=False) if _is(argument, frame.own)]
        given += [k.arg for k in call.keywords if k.arg is not None and _is(k.value, frame.own)]
        for name in given:
            self._function(module, function, name, in_class=False)

    def _defined(self, module: str, called: str) -> tuple[str, FunctionNode] | None:
        home = self._names.home(module, called)
        statement = self._names.definition(home) if home is not None else None
        node = statement.node if statement is not None else None
        assert home is not None or node is None
        return (home[0], node) if home and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None

    def _arguments(self, frame: _Frame, call: ast.Call) -> None:
        for argument in call.args:
            self._take(frame, argument)
        for keyword in call.keywords:
            if keyword.arg is not None:
                self.found.add(keyword.arg)
            else:
                self._take(frame, keyword.value)

    def _take(self, frame: _Frame, node: ast.AST | None, depth: int = 0) -> None:
        """The names that a value gives: a dict's keys, a list's items, a text's words."""
        if node is None or depth > _DEEP or (id(node) in self._seen and not isinstance(node, ast.Name)):
            return
        self._seen.add(id(node))
        if isinstance(node, ast.Constant):
            self._words(node.value)
        elif isinstance(node, ast.Name | ast.Attribute):
            self._named(frame, node, depth)
        elif isinstance(node, ast.Call):
            self._called(frame, node, depth)
        else:
            for part in _parts(node):
                self._take(frame, part, depth + 1)

    def _words(self, value: object) -> None:
        if isinstance(value, str):
            self.found.update(word for word in value.replace(",", " ").split() if word.isidentifier())

    def _called(self, frame: _Frame, call: ast.Call, depth: int) -> None:
        if dotted_name(call.func) == "dict":
            self._arguments(frame, call)
            return
        function = self._defined(frame.module, dotted_name(call.func) or "")
        if function is not None:
            self._returned(*function, depth)
        elif isinstance(call.func, ast.Attribute):
            self._take(frame, call.func.value, depth + 1)
        for part in [*call.args, *(keyword.value for keyword in call.keywords)]:
            self._take(frame, part, depth + 1)

    def _returned(self, module: str, function: FunctionNode, depth: int) -> None:
        frame = _Frame(module, "", _assigned(function))
        for node in nodes_of(function):
            if isinstance(node, ast.Return | ast.Yield):
                self._take(frame, node.value, depth + 1)

    def _named(self, frame: _Frame, node: ast.Name | ast.Attribute, depth: int) -> None:
        if isinstance(node, ast.Name) and node.id in frame.local:
            for value in frame.local[node.id]:
                self._take(frame, value, depth + 1)
            return
        dotted = dotted_name(node)
        home = self._names.home(frame.module, dotted) if dotted is not None else None
        if home is not None:
            self._bound(home, depth)
        elif isinstance(node, ast.Attribute) and frame.is_class(node.value):
            self._class_attribute(node.attr, depth)
        elif isinstance(node, ast.Attribute):
            self._take(frame, node.value, depth + 1)

    def _bound(self, home: Home, depth: int) -> None:
        """What a name at module level gives, and what statements beside it put in."""
        statement = self._names.definition(home)
        if statement is None or id(statement) in self._seen:
            return
        self._seen.add(id(statement))
        frame = _Frame(home[0], "", {})
        if isinstance(statement.node, ast.ClassDef):
            self.found |= _names_in(statement.node)
        elif isinstance(statement.node, ast.FunctionDef):
            self._returned(home[0], statement.node, depth)
        else:
            self._take(frame, value_of(statement.node), depth + 1)
        for other in self._names.modules[home[0]].statements:
            for part in put_in(other.node, home[1]):
                self._take(frame, part, depth + 1)

    def _class_attribute(self, name: str, depth: int) -> None:
        for module, cls in self._chain:
            if name in ("__annotations__", "__slots__", "__dataclass_fields__"):
                self.found |= field_names(cls).keys()
            for child in cls.body:
                if name in bound_names(child):
                    self._take(_Frame(module, "", {}), value_of(child), depth + 1)
                    return


class _Frame:
    """Where an expression stands: its module, what `self` is called there, and what local names were given."""

    def __init__(self, module: str, own: str, local: dict[str, list[ast.expr]]) -> None:
        self.module, self.own, self.local = module, own, local

    def is_class(self, node: ast.expr) -> bool:
        """The instance's class, or the instance itself, which answers for it: by itself or by a local name."""
        given = self.local.get(node.id, []) if isinstance(node, ast.Name) else []
        return any(_is_class_of(one, self.own) for one in [node, *given])


def _assigned(function: FunctionNode) -> dict[str, list[ast.expr]]:
    """Local names, parameters among them, with the expressions that give them their values or their items."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    found: dict[str, list[ast.expr]] = {argument.arg: [] for argument in every if argument is not None}
    for node in nodes_of(function):
        pairs: list[tuple[ast.expr, ast.expr | None]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            pairs = [(node.target, node.iter)]
        for target, value in pairs:
            for part in nodes_of(target):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and value is not None:
                    found.setdefault(part.id, []).append(value)
    return found


def _parts(node: ast.AST) -> Iterator[ast.AST | None]:
    """The parts of an expression that give names."""
    if isinstance(node, ast.Dict):
        yield from (value if key is None else key for key, value in zip(node.keys, node.values, strict=True))
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        for item in node.elts:
            pair = isinstance(item, ast.Tuple | ast.List) and item.elts
            yield item.elts[0] if pair and isinstance(item, ast.Tuple | ast.List) else item
    elif isinstance(node, ast.DictComp):
        yield from [node.key, *(one.iter for one in node.generators)]
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        yield from [node.elt, *(one.iter for one in node.generators)]
    elif isinstance(node, ast.Subscript | ast.Starred | ast.NamedExpr | ast.FormattedValue | ast.Await):
        yield node.value
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.IfExp | ast.JoinedStr):
        yield from (child for child in children_of(node) if isinstance(child, ast.expr))


def put_in(node: ast.stmt, name: str) -> Iterator[ast.AST]:
    """What a statement at module level puts into the container that `name` means."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and _is(target.value, name):
                yield target.slice
    elif isinstance(node, ast.AugAssign) and _is(node.target, name):
        yield node.value
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        if isinstance(call.func, ast.Attribute) and call.func.attr in _ADDS and _is(call.func.value, name):
            yield from call.args[-1:]
            yield from (ast.Constant(k.arg) if k.arg is not None else k.value for k in call.keywords)


def _names_in(cls: ast.ClassDef) -> set[str]:
    return {name for child in cls.body for name in bound_names(child)} | set(field_names(cls))


def _is(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_class_of(node: ast.expr, own: str) -> bool:
    """`self`, `type(self)`, `self.__class__`."""
    if isinstance(node, ast.Call) and dotted_name(node.func) == "type" and len(node.args) == 1:
        node = node.args[0]
    elif isinstance(node, ast.Attribute) and node.attr == "__class__":
        node = node.value
    return bool(own) and _is(node, own)


def _is_dict(node: ast.expr, own: str) -> bool:
    """`self.__dict__` or `vars(self)`."""
    if isinstance(node, ast.Call):
        return dotted_name(node.func) == "vars" and len(node.args) == 1 and _is(node.args[0], own)
    return isinstance(node, ast.Attribute) and node.attr == "__dict__" and _is(node.value, own)
