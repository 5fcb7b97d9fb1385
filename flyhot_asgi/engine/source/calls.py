"""What is known of calls without following names: which methods only read, which libraries keep nothing, how arguments
meet parameters. Pure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from .defuse import Home, Names
from .module import FunctionNode, dotted_name, is_builtin
from .nodes import children_of

Root: TypeAlias = Home | str
OWN: Home = ("", "")
"""Whatever the names of the module mean: `locals()[name]`, `vars(sys.modules[__name__]).values()`."""
"""A home, or the name of a parameter of the function that is looked at."""

READING = frozenset(
    "get items keys values index count copy union intersection difference issubset issuperset isdisjoint "
    "symmetric_difference split rsplit splitlines strip lstrip rstrip lower upper title join replace format encode "
    "decode startswith endswith find rfind partition rpartition zfill casefold getChild getLevelName match search "
    "fullmatch findall sub finditer is_dir is_file exists read_text with_name with_suffix joinpath resolve absolute "
    "groups groupdict most_common elements mro __subclasses__ total_seconds isoformat strftime".split()
)
ENTERS = frozenset("append appendleft extend insert add update setdefault register connect subscribe".split())
"""Methods by which something is entered in what may be a library's own."""
_FRESH = (
    *("load", "read", "parse", "copy", "deepcopy", "make", "create", "build", "new", "open", "from_", "to_", "dump"),
    *("safe_", "full_", "get_openapi", "init", "with_", "asdict", "list_", "decode", "encode", "render", "env"),
)
SAYING = frozenset("trace debug info success warning warn error exception critical msg log isEnabledFor".split())
"""Methods of loggers by which something is told, and nothing is set."""
SETTERS = frozenset({"setattr", "delattr"})
QUIET = frozenset(
    "functools inspect typing typing_extensions contextlib abc time types itertools operator copy re os.path math "
    "dataclasses collections datetime uuid heapq bisect string textwrap json enum pathlib decimal fractions hashlib "
    "importlib warnings.warn warnings.deprecated linecache click.command click.group click.option click.argument "
    "click.pass_context click.pass_obj click.version_option click.help_option".split()
)
"""Modules whose functions change nothing but what they are handed."""
OPAQUE = frozenset({"exec", "eval", "globals", "locals", "vars", "__import__"})
CONSTRUCTION = ("__new__", "__init__", "__post_init__")


def may_be_shared(origin: str) -> bool:
    """A library's function that may give everybody the same object (`registry()`, `signal("saved")`): not a class,
    which makes one, and none whose name says that it makes or reads something."""
    name = origin.rpartition(".")[2]
    quiet = any(origin.startswith(f"{one}.") for one in QUIET)
    return not quiet and not name.lstrip("_")[:1].isupper() and not name.startswith(_FRESH)


def may_be_of_a_library(names: Names, module: str, name: str) -> bool:
    """Nobody binds it but, as it seems, a `from library import *`."""
    if is_builtin(name) or names.home(module, name) is not None or name in names.binders(module):
        return False
    return _takes_all_of_a_library(names, module)


def _takes_all_of_a_library(names: Names, module: str, depth: int = 40) -> bool:
    stars = names.stars(module) if module in names.modules and depth else []
    return any(star not in names.modules or _takes_all_of_a_library(names, star, depth - 1) for star in stars)


@dataclass(frozen=True)
class Foreign:
    """Something that is done to what is nobody's in the release. `text`: as a refusal shows it; `origin`: the full name
    of the library's function or object that it starts from ("" if that is not known), `asked`: the names of attributes
    after it; `whole`: all of its text."""

    text: str
    origin: str = ""
    asked: tuple[str, ...] = ()
    whole: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass
class Summary:
    """What calling one function does: to which of its parameters, which homes; which of both it may give back."""

    roots: set[Root] = field(default_factory=set)
    deeply: set[Root] = field(default_factory=set)
    gives: set[Root] = field(default_factory=set)
    foreign: list[Foreign] = field(default_factory=list)


class Summaries(Protocol):
    """What is known of one release's functions and classes: asked while one of them is followed, which `touches` does
    to tell it."""

    names: Names

    def summary(self, module: str, node: FunctionNode, *, handed_out: bool = False) -> Summary:
        """`handed_out`: what it gives back is called too, as a decorator with arguments is."""
        ...

    def owner_of(self, node: FunctionNode | None) -> tuple[str, ast.ClassDef] | None:
        """The class at module level whose method a function is, with its module."""
        ...

    def class_at(self, home: Home) -> ast.ClassDef | None:
        """The class that `home` is, or that the object at `home` is made of by a call."""
        ...

    def module_of_class(self, home: Home) -> str:
        """Where the class is written that a home is, or was made of."""
        ...

    def methods(self, module: str, node: ast.ClassDef, name: str, depth: int = 8) -> Iterator[tuple[str, FunctionNode]]:
        """The function that a class, or its first base with one, has as `name`, with its module."""
        ...


DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def is_super(func: ast.expr) -> bool:
    """A method of `super()`."""
    called = func.value if isinstance(func, ast.Attribute) else None
    return isinstance(called, ast.Call) and dotted_name(called.func) == "super"


def start_of(node: ast.expr | None, origin: Callable[[str], str | None]) -> tuple[str, tuple[str, ...]]:
    """The full name of the library's thing that an expression starts from, and the attributes that it asks for after
    that. `origin`: the full name behind a dotted one, if a library's."""
    asked: list[str] = []
    while node is not None:
        if (dotted := dotted_name(node)) and (found := origin(dotted)):
            return found, tuple(reversed(asked))
        if isinstance(node, ast.Attribute):
            asked.append(node.attr)
        node = getattr(node, "func", None) or getattr(node, "value", None)
    return "", ()


def placed_in(roots: set[Root], placed: dict[str, set[Root]]) -> set[Root]:
    found: set[Root] = {root for root in roots if isinstance(root, tuple)}
    for root in roots:
        if isinstance(root, str):
            found |= placed.get(root, set())
    return found


def parameters_of(node: FunctionNode) -> list[str]:
    found = [arg.arg for arg in [*node.args.posonlyargs, *node.args.args]]
    return [*found, node.args.vararg.arg] if node.args.vararg is not None else found


def arguments_of(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def walk_own(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a scope: functions and lambdas in it as such, not what is inside of them."""
    stack = list(body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            stack.extend(children_of(node))


def calls_made(node: ast.stmt) -> Iterator[ast.Call]:
    """All that a statement makes itself; those in decorators of functions in a block, too."""
    for one in walk_own([node]):
        inside: list[ast.expr] = []
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one is not node:
            inside = one.decorator_list
        for part in [one, *walk_own(inside)]:
            if isinstance(part, ast.Call):
                yield part
