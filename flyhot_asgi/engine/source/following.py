"""What expressions of the source that runs may be, and what evaluating them changes: names followed through arguments,
attributes and calls. Pure; the lower half of `running`."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod

from .calls import (
    CONSTRUCTION,
    OPAQUE,
    OWN,
    QUIET,
    READING,
    SETTERS,
    Foreign,
    Root,
    Summaries,
    Summary,
    arguments_of,
    is_super,
    parameters_of,
    placed_in,
    start_of,
)
from .fixed import is_fixed, is_given_for_constants, is_told
from .module import FunctionNode, dotted_name, is_builtin
from .nodes import children_of
from .scope import Scope

_NAMESPACES = frozenset({"locals", "globals", "vars", "dir"})


class Values(Scope, ABC):
    """What the expressions of one scope may be, and what evaluating them changes."""

    def __init__(self, touches: Summaries, module: str, node: FunctionNode | None, *, handed_out: bool = False) -> None:
        super().__init__(touches, module, node)
        self._handed_out = handed_out
        self.touched: set[Root] = set()
        self.deeply: set[Root] = set()
        self.entered: set[Root] = set()
        self.given: set[Root] = set()
        self.foreign: list[Foreign] = []

    def _bind(self, target: ast.expr, roots: set[Root]) -> None:
        match target:
            case ast.Name(id=name):
                if name in self._globals:
                    self._touch({(self._module, name)})
                else:
                    self._env[name] = self._env.get(name, set()) | roots
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._bind(part, roots)
            case ast.Starred(value=inner):
                self._bind(inner, roots)
            case _:
                self._touch_target(target)

    def _touch_target(self, target: ast.expr) -> None:
        """An item or an attribute of something is set or deleted."""
        match target:
            case ast.Attribute(value=value):
                dotted = dotted_name(target)
                home = self._home(dotted) if dotted else None
                if home is not None and home[1] == target.attr and home != self._home(dotted_name(value) or ""):
                    self._touch({home})  # a name of another module of the release
                else:
                    self._change(value, ast.unparse(target), shallow=isinstance(value, ast.Name) or home is not None)
            case ast.Subscript(value=value, slice=index):
                self._roots(index)
                self._change(value, ast.unparse(target))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._touch_target(part)
            case ast.Name(id=name) if name in self._globals:
                self._touch({(self._module, name)})

    def _change(self, value: ast.expr, text: str, *, shallow: bool = False) -> None:
        roots = self._roots(value)
        if roots:
            self._touch(roots, shallow=shallow)
        elif self._is_foreign(value):
            self._note(text, value, text)
        elif not shallow and isinstance(value, ast.Name) and value.id in self._given_by:
            self._note(text, self._given_by[value.id], text)

    def _touch(self, roots: set[Root], *, shallow: bool = False) -> None:
        self.touched |= roots
        if not shallow:
            self.deeply |= roots

    def _enter_in(self, roots: set[Root]) -> None:
        """`X.register(…)`: of a function or class, what Python keeps beside it."""
        self._touch(roots, shallow=True)
        self.entered |= roots

    def _note(self, text: str, node: ast.expr | None = None, whole: str = "") -> None:
        found = Foreign(text, *start_of(node, self._origin), whole or (ast.unparse(node) if node is not None else text))
        if found not in self.foreign:
            self.foreign.append(found)

    # -- expressions -------------------------------------------------------------------------

    def _roots(self, node: ast.expr, *, bare: bool = False) -> set[Root]:
        """What the value may be, or be a part of. `bare`: it is executed for its effect."""
        match node:
            case ast.Name(id=name):
                return self._named(name)
            case ast.Attribute(attr="f_globals", value=ast.Call(func=func, args=[ast.Constant(value=1)])):
                return {OWN} if dotted_name(func) == "sys._getframe" else set()
            case ast.Attribute(value=value):
                dotted = dotted_name(node)
                home = self._home(dotted) if dotted and not self._is_local(dotted) else None
                return {home} if home is not None else self._roots(value)
            case ast.Call():
                return self._call(node, bare=bare)
            case ast.Lambda():
                return set()
            case ast.NamedExpr(target=target, value=value):
                found = self._roots(value)
                self._bind(target, found)
                return found
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node)
            case ast.BinOp() | ast.Compare() | ast.JoinedStr() | ast.UnaryOp():
                self._parts(node)
                return set()
            case ast.Subscript(value=value, slice=index):
                named = self._roots(index)
                own = ast.unparse(node) == "sys.modules[__name__]" or (
                    OWN in named and dotted_name(value) == "sys.modules"
                )
                return {OWN} if own else self._roots(value)
            case ast.Await(value=value):
                return self._roots(value, bare=bare)
        return self._parts(node)

    def _parts(self, node: ast.AST) -> set[Root]:
        found: set[Root] = set()
        for child in children_of(node):
            found |= self._roots(child) if isinstance(child, ast.expr) else self._parts(child)
        return found

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> set[Root]:
        found: set[Root] = set()
        for each in node.generators:
            roots = self._roots(each.iter)
            self._bind(each.target, roots)
            found |= roots
            for test in each.ifs:
                self._roots(test)
        for part in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            found |= self._roots(part)
        return found

    # -- calls -------------------------------------------------------------------------------

    def _call(self, node: ast.Call, *, bare: bool) -> set[Root]:
        handed = [self._roots(argument) for argument in arguments_of(node)]
        everything: set[Root] = set().union(*handed)
        func = node.func
        dotted = dotted_name(func)
        if isinstance(func, ast.Name) and (func.id in self._nested or self._is_local(func.id)):
            if func.id in self._nested:
                self._inside(self._nested[func.id])
            return everything
        target = self._callee(dotted) if dotted else None
        if target is not None:
            return self._enter(*target, node, handed)
        if isinstance(func, ast.Attribute):
            receiver = self._roots(func.value)
            if receiver and not (bare and is_given_for_constants(func, receiver, self._touches.names, self._origin)):
                return self._method(func, receiver, node, handed)
        if is_super(func):
            return everything  # the hooks and constructors of bases are looked at by themselves
        if isinstance(func, ast.Call):  # what a call gives is called: a decorator with arguments, applied by hand
            owner = self._owner_of_method(func.func)
            if owner is not None and not any(self._is_of_ours(root) for root in owner):
                both = ast.Call(func.func, [*func.args, *node.args], [*func.keywords, *node.keywords])
                return self._call(ast.copy_location(both, node), bare=bare)
            self._applied(func)
            if owner is not None:  # of an app that was handed to it, or is made with objects of the release
                self._touch(everything)
                return everything
        if self._node is None and dotted in _NAMESPACES and not (node.args and everything != {OWN}):
            return {OWN}
        self._foreign_call(node, dotted, everything, bare=bare)
        return everything

    def _owner_of_method(self, func: ast.expr) -> set[Root] | None:
        """What the object may be whose method is called, and gives what is called: `app.get("/")(f)` works on `app`, as
        `app.get("/", f)` would. None for a function of the release, or one of a library."""
        dotted = dotted_name(func)
        if dotted is None or not isinstance(func, ast.Attribute) or self._callee(dotted) or self._origin(dotted):
            return None
        return self._roots(func.value)

    def _enter(
        self, module: str, node: FunctionNode | ast.ClassDef, call: ast.Call, handed: list[set[Root]]
    ) -> set[Root]:
        if isinstance(node, ast.ClassDef):
            for name in CONSTRUCTION:
                for owner, method in self._touches.methods(module, node, name):
                    self._apply(self._touches.summary(owner, method), method, call, [set(), *handed], bound=True)
            return set().union(*handed)
        return self._apply(self._touches.summary(module, node), node, call, handed)

    def _apply(
        self, summary: Summary, node: FunctionNode, call: ast.Call | None, handed: list[set[Root]], bound: bool = False
    ) -> set[Root]:
        """A summary with arguments in the place of parameters."""
        names = parameters_of(node)
        placed: dict[str, set[Root]] = {}
        named = [k.arg for k in call.keywords] if call is not None else []
        keywords: list[str | None] = [*[None for _ in range(len(handed) - len(named))], *named]
        for index, roots in enumerate(handed):
            keyword = keywords[index] if index < len(keywords) else None
            name = keyword or (names[index] if index < len(names) else names[-1] if names else None)
            if name is not None:
                placed[name] = placed.get(name, set()) | roots
        self.foreign += [one for one in summary.foreign if one not in self.foreign]
        self._touch(placed_in(summary.roots - summary.deeply, placed), shallow=True)
        self._touch(placed_in(summary.deeply, placed))
        return placed_in(summary.gives, placed)

    def _method(self, func: ast.Attribute, receiver: set[Root], call: ast.Call, handed: list[set[Root]]) -> set[Root]:
        known = False
        given: set[Root] = set()
        receiver = {root for root in receiver if not is_fixed(self._touches.names, root)}
        if not receiver:
            return set().union(*handed)
        for owner, method in self._own_methods(func):
            known = True
            given |= self._apply(self._touches.summary(owner, method), method, call, [receiver, *handed])
        for root in receiver:
            cls = self._touches.class_at(root) if isinstance(root, tuple) else None
            direct = dotted_name(func.value) is not None
            if cls is None or not isinstance(root, tuple) or not direct:
                continue
            module = self._touches.module_of_class(root)
            for owner, method in self._touches.methods(module, cls, func.attr):
                known = True
                own: set[Root] = {root}
                given |= self._apply(self._touches.summary(owner, method), method, call, [own, *handed])
        if known:
            return given
        if func.attr == "register":
            self._enter_in(receiver)
        elif func.attr not in READING and not is_told(func, receiver, self._touches.names):
            self._touch(receiver)
        return receiver | set().union(*handed)

    def _foreign_call(self, node: ast.Call, dotted: str | None, handed: set[Root], *, bare: bool) -> None:
        """A builtin, or a function of a library."""
        name = dotted or ""
        if name in SETTERS and node.args:
            self._change(node.args[0], ast.unparse(node), shallow=isinstance(node.args[0], ast.Name))
            return
        if name in OPAQUE and bare:
            self._note(ast.unparse(node))
        origin = self._origin(name)
        if is_builtin(name) and origin is None:
            for argument in node.args:  # map(register, names)
                target = self._callee(dotted_name(argument) or "")
                if target is not None and isinstance(target[1], FunctionNode):
                    self._enter(*target, ast.Call(func=argument, args=[], keywords=[]), [handed])
            return
        if not bare:
            return
        if origin is not None and (origin in QUIET or any(origin.startswith(f"{one}.") for one in QUIET)):
            self._touch(handed)
        elif isinstance(node.func, ast.Attribute) and origin is None and not self._is_foreign(node.func.value):
            self._of_result(node, handed)
        else:
            self._touch(handed)
            self._note(ast.unparse(node.func) + "()", node)

    def _applied(self, decorator: ast.expr, own: set[Root] = frozenset()) -> None:  # type: ignore[assignment]
        """A decorator is run: its own code, and that of the function which it gives if it has arguments."""
        call = decorator if isinstance(decorator, ast.Call) else None
        func = call.func if call is not None else decorator
        dotted = dotted_name(func)
        target = self._callee(dotted) if dotted else None
        handed = [self._roots(a) for a in arguments_of(call)] if call is not None else [own]
        if target is not None and isinstance(target[1], FunctionNode):
            found = self._touches.summary(target[0], target[1], handed_out=call is not None)
            self._apply(found, target[1], call, handed)
        elif target is not None:
            self._enter(*target, call or ast.Call(func=func, args=[], keywords=[]), handed)
        elif isinstance(func, ast.Attribute) and (receiver := self._roots(func.value)):
            self._decorating_method(func, receiver, call, handed)
        elif dotted and (origin := self._origin(dotted)) is not None:
            if not any(origin == one or origin.startswith(f"{one}.") for one in QUIET):
                self._note(f"@{dotted}", decorator)
        elif dotted and isinstance(func, ast.Attribute) and self._is_local(dotted):
            return  # a method of something that the function made: of a fresh app, as a call of it would be
        elif dotted is None or not is_builtin(dotted):
            self._note(f"@{ast.unparse(func)}", decorator)

    def _decorating_method(
        self, func: ast.Attribute, receiver: set[Root], call: ast.Call | None, handed: list[set[Root]]
    ) -> None:
        for root in receiver:
            cls = self._touches.class_at(root) if isinstance(root, tuple) else None
            module = self._touches.module_of_class(root) if isinstance(root, tuple) else ""
            found = list(self._touches.methods(module, cls, func.attr)) if cls is not None else []
            for owner, method in found:
                summary = self._touches.summary(owner, method, handed_out=call is not None)
                self._apply(summary, method, call, [{root}, *handed])
            if not found and func.attr == "register":
                self._enter_in({root})
            elif not found and func.attr not in ("setter", "getter", "deleter"):
                self._touch({root})

    @abstractmethod
    def _of_result(self, call: ast.Call, handed: set[Root]) -> None:
        """A method of what a local name means, which is of nobody's in the release."""

    @abstractmethod
    def _inside(self, inner: FunctionNode) -> None:
        """A nested function that is run: it sees the names around it."""
