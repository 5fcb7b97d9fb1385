"""What makes a class more than the sum of its members: metaclass, hooks, decorators, layout. Read off the living class
and its source; where members can't simply be exchanged, the reason."""

from __future__ import annotations

import abc
import ast
import enum
import typing
from collections.abc import Iterator

from ..living.attributes import keeps_beside
from ..source.diff import Change, NamespaceDiff, Verdict
from ..source.effects import effects_of, effects_of_method, enters_twice, refuses_twice
from ..source.module import Statement, decorator_name, dotted_name
from ..source.nodes import all_but
from ..source.schema import field_names
from .context import Context
from .decorators import handed_registrars, look_up, registering

_NEUTRAL_DECORATORS = frozenset({"final", "runtime_checkable", "typing.final", "typing.runtime_checkable"})
_DATACLASS = frozenset({"dataclass", "dataclasses.dataclass"})
_TYPING = frozenset({"typing", "typing_extensions"})
_PLAIN_METACLASSES: tuple[type, ...] = (type, abc.ABCMeta, type(typing.Protocol))
_PLAIN_DECORATORS = frozenset({"property", "staticmethod", "classmethod", "abstractmethod", "abc.abstractmethod"})
_HARMLESS_HOOKS = frozenset({"builtins", "typing", "typing_extensions", "abc", "pydantic", "starlette", "fastapi"})
_KNOWN_HOOKS = frozenset({"sqlalchemy", "sqlmodel", "pydantic_settings"})
"""Their `__init_subclass__` does what adapters know how to undo."""


def why_not_again(context: Context, module: str, statement: Statement, live: type) -> str | None:
    """Why the class can't be made a second time: a library would keep the second one, or what it made of it."""
    metaclass = type(live)
    if keeps_beside(live) and context.knows(live):
        if count := context.instances(live):
            return f"its metaclass {metaclass.__qualname__} laid out its instances, and {count} of them are alive"
        return why_not_made(context, module, statement)
    if not (metaclass in (*_PLAIN_METACLASSES, enum.EnumMeta) or _is_own(context, metaclass)):
        return f"its metaclass {metaclass.__qualname__} made more of it than its members"
    hooks = list(_hooks(context, module, statement, live))
    if any(refuses_twice(hook) for hook in hooks):
        return "what runs when it is made raises for a class that it knows already"
    if any(enters_twice(hook) for hook in hooks):
        return "what runs when it is made enters more than the class itself somewhere; that would stand there twice"
    return why_not_made(context, module, statement)


def _hooks(context: Context, module: str, statement: Statement, live: type) -> Iterator[ast.AST]:
    """The app's own functions that making the class runs: of its bases, its metaclass, its decorators."""
    for base in [*live.__mro__[1:], *type.mro(type(live))]:
        definition = context.new_names.definition((base.__module__, base.__qualname__))
        for child in getattr(getattr(definition, "node", None), "body", []):
            if getattr(child, "name", "") in ("__init_subclass__", "__init__", "__new__", "__set_name__"):
                if child.name == "__init_subclass__" or isinstance(live, base):
                    yield child
    for decorator in statement.decorators:
        dotted = decorator_name(decorator)
        home = context.new_names.home(module, dotted) if dotted else None
        found = context.new_names.definition(home) if home is not None else None
        if found is not None and found.kind == "def":
            yield found.node


def _is_own(context: Context, cls: type) -> bool:
    return cls.__module__ in context.new or cls.__module__ in context.old or cls.__module__ in _TYPING


def why_not_made(context: Context, module: str, statement: Statement) -> str | None:
    """Why creating this new class would have effects elsewhere that can't be undone; None if it has none known."""
    node = statement.node
    assert isinstance(node, ast.ClassDef)
    apart = entered_again(context, module, statement)
    for decorator in all_but(statement.decorators, apart):
        if _is_journaled(context, module, decorator):
            continue
        if (reason := registering(context, module, decorator, new=True)) is not None:
            if not context.slices.fills(module, statement) and not context.entries.takes(module, statement):
                return reason
    for base in node.bases:
        found = look_up(context, module, base.value if isinstance(base, ast.Subscript) else base)
        if isinstance(found, type) and (reason := _registering_base(context, found)) is not None:
            return reason
    for keyword in node.keywords:
        metaclass = look_up(context, module, keyword.value) if keyword.arg == "metaclass" else None
        if not isinstance(metaclass, type) or context.knows(metaclass):
            continue
        if not _known_metaclass(metaclass) and metaclass.__module__ not in context.new:
            return f"its metaclass {metaclass.__qualname__} may register classes"
    return None


def entered_again(context: Context, module: str, statement: Statement) -> frozenset[int]:
    """Plan that the registrars which decorators of a class are told of are made again, by all that works on them: the
    decorators may do anything there. Gives the places of these decorators; none if they can't be made again."""
    handed = handed_registrars(context, module, statement)
    return handed if handed and context.filled(module, statement) else frozenset()


def _is_journaled(context: Context, module: str, decorator: ast.expr) -> bool:
    """The decorator is the app's and hands the class to nobody else's: the journal knows its registers."""
    called = isinstance(decorator, ast.Call)
    dotted = decorator_name(decorator)
    home = context.new_names.home(module, dotted) if dotted else None
    if home is None:
        return False
    return not effects_of(context.new_names, home, called=called).foreign


def _known_metaclass(metaclass: type) -> bool:
    if metaclass in (*_PLAIN_METACLASSES, enum.EnumMeta) or metaclass.__module__ in _TYPING:
        return True
    return _from(metaclass, "pydantic")


def _registering_base(context: Context, base: type) -> str | None:
    known = _known_metaclass(type(base)) or type(base).__module__ in context.new or context.knows(base)
    if not known:
        kind = type(base).__qualname__
        return f"its base `{base.__qualname__}` has a metaclass ({kind}) that may register classes"
    for owner in base.__mro__:
        if "__init_subclass__" not in vars(owner) or _package(owner) in _HARMLESS_HOOKS | _KNOWN_HOOKS:
            continue
        if owner.__module__ not in context.new:
            return f"`{owner.__qualname__}.__init_subclass__` may register classes"
        effects = effects_of_method(context.new_names, (owner.__module__, owner.__qualname__), "__init_subclass__")
        if effects.foreign:
            return f"`{owner.__qualname__}.__init_subclass__` may register classes with a library's"
    return None


def _package(cls: type) -> str:
    return (cls.__module__ or "").partition(".")[0]


def _from(cls: type, package: str) -> bool:
    return _package(cls) == package


def ungraftable(
    context: Context, old: ast.ClassDef, new: ast.ClassDef, live: type, members: NamespaceDiff
) -> str | None:
    """Why members of this class can't be exchanged one by one; None if they can."""
    changed = [c for c in changed_members(members) if not is_text(c.statement)]
    if not changed:
        return None
    if getattr(new, "type_params", None) or getattr(old, "type_params", None):
        return "it has type parameters, which its members' code is bound to"
    names = {name for change in changed for name in change.statement.binds}
    if "__slots__" in names:
        return "its `__slots__` changed, and with them the layout of its instances"
    if names & {"__eq__", "__hash__"}:
        return "its `__eq__` or `__hash__` came or went, and with it what sets and dicts think of its instances"
    if (reason := _kind_problem(context, live, changed)) is not None:
        return reason
    for decorator in new.decorator_list:
        if reason := _decorated(decorator, old, new, changed):
            return reason
    return None


def _kind_problem(context: Context, live: type, changed: list[Change]) -> str | None:
    plain = all(_plain_method(change) for change in changed)
    if issubclass(live, enum.Enum):
        return None if plain else "it is an enum; its members can't be changed while others hold them"
    if type(live) not in _PLAIN_METACLASSES:
        if plain and _from(type(live), "pydantic"):
            return None
        return f"its metaclass {type(live).__qualname__} made more of it than its members"
    if hasattr(live, "_fields") and issubclass(live, tuple):
        return None if plain else "it is a named tuple; its generated methods would not follow"
    renamed = any(change.verdict in (Verdict.ADDED, Verdict.DELETED) for change in changed)
    if "__protocol_attrs__" in vars(live) and (renamed or not plain):  # since Python 3.12
        return "what the protocol asks for was listed when it was made"
    if (hook := _subclass_hook(live)) is not None and not plain:
        return f"`{hook.__qualname__}.__init_subclass__` made something of its members when it was created"
    return None


def _plain_method(change: Change) -> bool:
    """A function that nobody but the class's callers knows: no hook of a metaclass, no special name."""
    statement = change.statement
    if statement.kind != "def" or statement.binds[0].startswith(("_", "model_")):
        return False
    if change.old is not None and change.old.kind != "def":
        return False
    decorators = [*statement.decorators, *(change.old.decorators if change.old is not None else [])]
    return all(dotted_name(d) in _PLAIN_DECORATORS for d in decorators)


def _subclass_hook(live: type) -> type | None:
    for base in live.__mro__[1:]:
        if "__init_subclass__" in vars(base) and _package(base) not in _HARMLESS_HOOKS:
            return base
    return None


def _decorated(decorator: ast.expr, old: ast.ClassDef, new: ast.ClassDef, changed: list[Change]) -> str | None:
    dotted = decorator_name(decorator)
    if dotted in _NEUTRAL_DECORATORS:
        return None
    if dotted in _DATACLASS:
        if field_names(old) != field_names(new):
            return "the fields of a dataclass changed; its generated methods and living instances would not follow"
        if any(name.startswith("__") for change in changed for name in change.statement.binds):
            return "a special method of a dataclass came or went; what the decorator generates depends on it"
        return None
    return f"its decorator `@{dotted or '…'}` made more of it than its members"


def changed_members(members: NamespaceDiff) -> tuple[Change, ...]:
    return members.of(Verdict.CHANGED, Verdict.ADDED, Verdict.DELETED, Verdict.RERUN)


def is_text(statement: Statement) -> bool:
    """A docstring, or a text or `...` for readers."""
    node = statement.node
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
