"""One module's source, cut into its statements. Pure: text in, values out.

A **statement** is what the engine can execute by itself: one `def`, one `class`, one assignment, one alias of an
import. Import statements are cut by alias, so that `from x import a, b` growing a `c` is one added alias and nothing
else. A statement's **shell** is its syntax with the bodies of all functions and lambdas in it blanked: two statements
with one shell differ only inside functions, and the difference can be swapped in as code. Its **reads** are the names
it looks up while it is executed (decorators, defaults, annotations, bases, values), its **calls** those of them that
it calls: what must be executed again when a name that it was built from is bound anew.
"""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias, TypeVar, cast

from ...errors import SourceError
from .binds import annotated, bound_names
from .decided import IDLE, idle, taken
from .nodes import nodes_of
from .parsing import parsed, parsed_expression
from .shells import is_docstring, shell_of

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_Worked = TypeVar("_Worked")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement of a module or of a class body. Compared by identity; `dump` and `shell` compare contents."""

    node: ast.stmt
    kind: str
    """`def`, `class`, `assign`, `import`, `doc`, `expr`, `block` (if, try, …) or `other`."""
    binds: tuple[str, ...]
    postponed: bool = False
    """Its annotations are kept as text (PEP 563)."""

    @cached_property
    def dump(self) -> str:
        return ast.dump(self.node) + self._kept_as_text

    @cached_property
    def shell(self) -> str:
        return shell_of(self.node) + self._kept_as_text

    @property
    def _kept_as_text(self) -> str:
        return " with its annotations as text" if self.postponed and annotated(self.node) else ""

    @cached_property
    def _names(self) -> NamesRead:
        names = NamesRead()
        names.visit(self.node)
        return names

    @property
    def reads(self) -> set[str]:
        return self._names.reads

    @property
    def calls(self) -> set[str]:
        return self._names.calls

    def once(self, what: str, work: Callable[[Statement], _Worked]) -> _Worked:
        """What `work` finds in it, which does it once, however often plans ask."""
        if what not in self.__dict__:
            self.__dict__[what] = work(self)
        return cast(_Worked, self.__dict__[what])

    @property
    def line(self) -> int:
        """First line, decorators included (1-based)."""
        decorators = getattr(self.node, "decorator_list", [])
        return min(int(node.lineno) for node in [self.node, *decorators])

    @property
    def end(self) -> int:
        """Last line (1-based)."""
        return self.node.end_lineno or self.node.lineno

    @property
    def name(self) -> str:
        return ", ".join(self.binds) if self.binds else f"line {self.line}"

    @property
    def decorators(self) -> list[ast.expr]:
        return list(getattr(self.node, "decorator_list", []))


@dataclass(frozen=True, eq=False)
class SourceModule:
    """A module of a release: its name, the file it counts as (for tracebacks), its text.

    Parsing and compiling are done at first use and kept. Both raise `SourceError` with file and line.
    """

    name: str
    path: str
    text: str
    is_package: bool = False
    relpath: str = ""
    memo: dict[str, object] = field(default_factory=dict, repr=False)
    """See `once`. Nothing in it refers to syntax, which is forgotten."""

    @cached_property
    def tree(self) -> ast.Module:
        try:
            return parsed(self.text, self.path)
        except (SyntaxError, ValueError) as exc:
            raise source_error(exc, self.relpath or self.path) from exc

    @cached_property
    def code(self) -> types.CodeType:
        try:
            return compile(self.text, self.path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as exc:
            raise source_error(exc, self.relpath or self.path) from exc

    def once(self, what: str, work: Callable[[SourceModule], _Worked]) -> _Worked:
        """What `work` finds in this module, which does it once: the next plan mostly meets the same text."""
        if what not in self.memo:
            self.memo[what] = work(self)
        return cast(_Worked, self.memo[what])

    def forget(self) -> None:
        """Drop what was parsed; it is parsed again at next use. Syntax trees are many objects in a living heap."""
        for name in ("tree", "statements", "owners", "postponed"):
            self.__dict__.pop(name, None)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        return statements_of(self.tree.body, docstring=True, postponed=self.postponed)

    @cached_property
    def postponed(self) -> bool:
        """It says `from __future__ import annotations`."""
        futures = [n for n in self.tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
        return any(alias.name == "annotations" for node in futures for alias in node.names)

    @cached_property
    def owners(self) -> dict[int, str]:
        """Line → the names that the module's statement on it binds, or a statement of a class body there (`C.name`);
        `IDLE` where nothing ever runs."""
        found = dict.fromkeys(idle(self.tree.body), IDLE)
        for statement in self.statements:
            if statement.binds:
                found |= dict.fromkeys(_lines(statement.node, statement.line), statement.name)
        for cls in [node for node in nodes_of(self.tree) if isinstance(node, ast.ClassDef)]:
            for node in cls.body:
                if isinstance(node, ast.Assign | ast.AnnAssign):
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    found |= dict.fromkeys(
                        _lines(node, node.lineno), f"{cls.name}.{', '.join(map(ast.unparse, targets))}"
                    )
        return found

    @cached_property
    def future_flags(self) -> int:
        """Compiler flags of the module's `from __future__` imports, for compiling one statement alone."""
        return int(self.code.co_flags & _FUTURE_MASK)

    @property
    def shown(self) -> str:
        """The file as people know it: relative to the app's root."""
        return self.relpath or self.path

    @property
    def package(self) -> str:
        return self.name if self.is_package else self.name.rpartition(".")[0]


def _lines(node: ast.stmt, first: int) -> range:
    return range(first, (node.end_lineno or first) + 1)


def _future_mask() -> int:
    import __future__

    mask: int = 0
    for name in __future__.all_feature_names:
        mask |= int(getattr(__future__, name).compiler_flag)
    return mask


_FUTURE_MASK = _future_mask()


def source_error(exc: SyntaxError | ValueError, path: str) -> SourceError:
    """A compiler's complaint as one sentence with file and line."""
    line = getattr(exc, "lineno", None)
    text = getattr(exc, "msg", None) or str(exc)
    where = f"{path}:{line}" if line else path
    return SourceError(
        f"{where}: {type(exc).__name__}: {text}",
        file=path,
        line=line,
        do="mend the file and run it again; nothing was changed, the old code still serves",
        detail=(getattr(exc, "text", None) or "").rstrip() or None,
    )


def statements_of(body: list[ast.stmt], *, docstring: bool, postponed: bool = False) -> tuple[Statement, ...]:
    """The statements of a module's or a class's body, imports cut by alias; `postponed` as the module says."""
    found: list[Statement] = []
    for index, node in enumerate(taken(body)):
        if docstring and index == 0 and is_docstring(node):
            found.append(Statement(node, "doc", ()))
        else:
            found.extend(replace(one, postponed=True) if postponed else one for one in _cut(node))
    return tuple(found)


def _cut(node: ast.stmt) -> Iterator[Statement]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                one = ast.copy_location(ast.Import(names=[alias]), node)
                yield Statement(one, "import", (alias.asname or alias.name.partition(".")[0],))
        case ast.ImportFrom(module=module, names=names, level=level):
            for alias in names:
                single = ast.copy_location(ast.ImportFrom(module=module, names=[alias], level=level), node)
                yield Statement(single, "import", () if alias.name == "*" else (alias.asname or alias.name,))
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield Statement(node, "def", (name,))
        case ast.ClassDef(name=name):
            yield Statement(node, "class", (name,))
        case ast.Assign() | ast.AnnAssign():
            yield Statement(node, "assign", tuple(sorted(bound_names(node))))
        case ast.Delete(targets=targets):
            yield Statement(node, "other", tuple(sorted(t.id for t in targets if isinstance(t, ast.Name))))
        case ast.AugAssign(target=ast.Name(id=name)):
            yield Statement(node, "assign", (name,))
        case ast.Expr() | ast.Pass():
            yield Statement(node, "expr", tuple(sorted(bound_names(node))))
        case ast.If() | ast.Try() | ast.TryStar() | ast.With() | ast.For() | ast.While() | ast.Match():
            yield Statement(node, "block", tuple(sorted(bound_names(node))))
        case _:
            kind = "assign" if type(node).__name__ == "TypeAlias" else "other"
            yield Statement(node, kind, tuple(sorted(bound_names(node))))


class NamesRead(ast.NodeVisitor):
    """Names that a statement looks up while it is executed: everything but the bodies of functions.

    Annotations count even under PEP 563, as frameworks evaluate them when they register the function. A dotted use
    (`mod.attr`) is noted as `mod` and as `mod.attr`.
    """

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.calls: set[str] = set()

    @classmethod
    def of(cls, *nodes: ast.AST) -> set[str]:
        found = cls()
        for node in nodes:
            found.visit(node)
        return found.reads

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.reads.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        dotted = dotted_name(node)
        if dotted:
            self.reads.add(dotted)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        dotted = dotted_name(node.func)
        if dotted:
            self.calls.add(dotted)
        self.generic_visit(node)

    def _function(self, node: FunctionNode) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
            dotted = dotted_name(decorator)
            if dotted:
                self.calls.add(dotted)
        self.visit(node.args)
        if node.returns:
            self._annotation(node.returns)

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_arg(self, node: ast.arg) -> None:
        if node.annotation:
            self._annotation(node.annotation)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        if node.value:
            self.visit(node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
            dotted = dotted_name(decorator)
            if dotted:
                self.calls.add(dotted)
        for base in [*node.bases, *(k.value for k in node.keywords)]:
            self.visit(base)
        local: set[str] = set()
        for child in node.body:  # `X = X` in a class reads the module's
            inner = NamesRead()
            inner.visit(child)
            self.reads |= {name for name in inner.reads if name.partition(".")[0] not in local}
            self.calls |= {name for name in inner.calls if name.partition(".")[0] not in local}
            local |= bound_names(child)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.args)

    def _annotation(self, node: ast.expr) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = parsed_expression(node.value)
            except SyntaxError:
                return
        self.visit(node)


def dotted_name(node: ast.expr) -> str | None:
    """`a.b.c` of an attribute chain that starts at a name; None for anything else."""
    parts: list[str] = []
    current: ast.expr = node
    while isinstance(current, ast.Attribute):
        parts.append(current.attr)
        current = current.value
    if not isinstance(current, ast.Name):
        return None
    return ".".join([current.id, *reversed(parts)])


def decorator_name(node: ast.expr) -> str | None:
    """`a.b` of `@a.b` and of `@a.b(…)`."""
    return dotted_name(node.func if isinstance(node, ast.Call) else node)


def base_name(node: ast.expr) -> str:
    """`a.b` of the bases `a.b` and `a.b[…]`; "" for anything else."""
    return dotted_name(node.value if isinstance(node, ast.Subscript) else node) or ""


def mangled(name: str, cls: str) -> str:
    """A private name of a class body as the class has it."""
    if not name.startswith("__") or name.endswith("__") or not cls.lstrip("_"):
        return name
    return f"_{cls.lstrip('_')}{name}"


def is_builtin(name: str) -> bool:
    return name in _BUILTINS
