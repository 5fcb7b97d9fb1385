"""What a release has set in libraries and in the process when it is imported, as digests: two cold imports held against
each other say whether the next release sets something otherwise.

Looked at: what the standard library keeps for the process (`living.process`), and of every library's function or
object that the release's statements call for its effect (`structlog.configure(…)`) what that can get hold of
(`living.reach`). Digests without addresses; what differs from one cold import to the next says nothing. Runs none of
the app's code.
"""

from __future__ import annotations

import ast
import hashlib
import io
import logging
import sys
import types
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..living.attributes import fields_of
from ..living.origins import OF_LIBRARY, start
from ..living.process import AT_EXIT, ENVIRONMENT, Setting, process_places
from ..living.reach import Reach, compared_elsewhere
from ..patching.entries import parts_of, read
from ..source.calls import ENTERS, walk_own
from ..source.kinds import imported
from ..source.module import dotted_name
from ..source.nodes import nodes_of
from ..source.parsing import parsed
from .noted import noted_by

SETTINGS = "(settings)"
_DEEPEST, _MOST = 24, 4000
_PLAIN = frozenset({int, float, bool, str, bytes, complex})
_DEFINITIONS = (type, types.FunctionType)
_NAMED = (types.ModuleType, logging.Logger)
_CONFIGURATION = 3000
"""Objects: what can get hold of more is no configuration, and full of what others have registered."""
_LOGGING = (logging.Handler, logging.Formatter, logging.Filter)
_REGISTERING = frozenset("pydantic sqlalchemy sqlmodel fastapi starlette click typer flyhot_asgi".split())
"""Packages that keep of the app's definitions what is compared elsewhere, and ourselves."""


@dataclass
class Settings:
    """What two releases set, held against each other."""

    differs_by_name: Mapping[str, bool] = field(default_factory=dict)
    """For what both set."""
    _old: Mapping[str, str] = field(default_factory=dict)
    _new: Mapping[str, str] = field(default_factory=dict)
    _masked: frozenset[str] = frozenset()
    """What is not the same in two cold imports."""
    _before: Mapping[str, str] = field(default_factory=dict)
    _live: Mapping[str, types.ModuleType] = field(default_factory=dict)
    _arrived: bool = False
    _all: bool = False

    @classmethod
    def of(cls, new: Mapping[str, str], old: Mapping[str, str], masked: Collection[str]) -> Settings:
        unstable = {path.partition(":")[2] for path in masked if path.startswith(f"{SETTINGS}:")}
        now, was = ({path.partition(":")[2]: text for path, text in side.items()} for side in (new, old))
        differing = {name: was[name] != now[name] for name in now.keys() & was.keys() - unstable}
        return cls(dict(sorted(differing.items())), was, now, frozenset(unstable))

    def look(self, live: Mapping[str, types.ModuleType]) -> None:
        """Before anything is touched: what the process has, if anything is set otherwise."""
        self._live, self._before = live, {}
        if any(self.differs_by_name.values()):
            self._look()

    def _look(self) -> None:
        self._before = self._before or self._of(self._live)

    def left(self, live: Mapping[str, types.ModuleType]) -> list[tuple[str, str]]:
        """Path and sentence for what the release sets otherwise and the process has as before. What the program had
        changed itself is its own."""
        differing = [name for name, differs in self.differs_by_name.items() if differs]
        if self._arrived or not (differing or self._all):
            return []
        now = self._of(live)
        names = sorted({*now, *self._before, *self._new}) if self._all else differing
        found = [(f"{SETTINGS}:{name}", what) for name in names if (what := self._what(name, now)) is not None]
        self._arrived = not found
        return found

    def _what(self, name: str, now: Mapping[str, str]) -> str | None:
        """What is wrong with it."""
        old, new, was, is_ = (side.get(name) for side in (self._old, self._new, self._before, now))
        if name not in self._masked and (old is not None or new is not None) and (old is None or new is None):
            if new is None or is_ in (new, was):
                return None  # not told of by both, and untouched or as it must be
        elif name not in self._masked and new is not None and was == old:
            if is_ != new and is_ == was:
                return "it is set as before, and the release sets it otherwise when it is imported"
            if is_ == new:
                return None
        elif is_ == was or not self._all or (is_ is None and any(one.startswith(f"{name}.") for one in now)):
            return None
        return "it would be set otherwise than the release sets it when it is imported"

    def begin(self) -> None:
        """Something is about to be changed: it has to be looked at anew, once."""
        self._arrived = self._all = False

    def _of(self, live: Mapping[str, types.ModuleType]) -> dict[str, str]:
        return {path.partition(":")[2]: entry[1] for path, entry in settings(live).items()}

    # -- for statements that set something otherwise (`source.drift.Targets`) -----------------

    def knows(self, name: str) -> bool:
        return name in self._new and name not in self._masked

    def differs(self, name: str) -> bool:
        return name not in self._masked and self._old.get(name) != self._new.get(name)

    def goes(self, name: str) -> bool:
        return name in self._old and name not in self._new and name not in self._masked

    def had(self, name: str) -> bool:
        return name in self._old

    def as_set(self, name: str) -> bool:
        return self._before.get(name) == self._old.get(name)

    def wanted(self, name: str) -> str | None:
        return self._new.get(name)

    def set_since(self) -> str | None:
        self._look()
        found = (n for n, differs in self.differs_by_name.items() if differs and self._before.get(n) != self._old[n])
        return next(found, None)

    def digest(self, value: Any) -> str:
        return _digest(value, {name.partition(".")[0] for name in self._live})

    def check_all(self) -> None:
        self._look()
        self._all, self._arrived = True, False


def take_settings(structure: dict[str, tuple[str, str]]) -> dict[str, str]:
    """What a release has set in libraries and the process, out of a structure."""
    found = [path for path in structure if path.startswith(f"{SETTINGS}:")]
    return {path: structure.pop(path)[1] for path in found}


def settings(
    modules: Mapping[str, types.ModuleType], inherited: Mapping[bytes, bytes] | None = None
) -> dict[str, tuple[str, str]]:
    """Entries of a structure, for these first-party modules. Some 10 ms for a small app, a second for 400 modules.

    `inherited`: the environment with which a process began. What it has still is none of the release's doing, and may
    be a secret: it is left out.
    """
    found: dict[str, str] = {}
    own = {name.partition(".")[0] for name in modules}
    sources = [_parsed(module) for module in modules.values()]
    listed = [one for ref in logging._handlerList if (one := ref()) is not None]  # type: ignore[attr-defined]
    handlers = {id(fields_of(one)): type(one) for one in listed}
    for name, place in process_places():
        if name == AT_EXIT and not any("atexit" in text for text, _ in sources):
            continue  # they can only be counted, and what libraries register lazily is theirs
        if name == ENVIRONMENT:
            mine = {key: value for key, value in read(place).items() if (inherited or {}).get(key) != value}
            found.update({f"{name}, {key!r}": _digest(value, own) for key, value in mine.items()})
        else:
            now, more = read(place), f"{found[name]} | " if name in found else ""
            if logs := id(place) in handlers:
                now = {key: part for key, part in now.items() if key not in noted_by(handlers[id(place)])}
            each = now if type(now) is list else [now]
            found[name] = more + " ".join(_digest(one, own, logs=logs) for one in each)
    but = compared_elsewhere(modules)
    for origin in sorted({one for _, tree in sources for one in _called(tree, own)}):
        if (roots := start(origin)) is not None:
            reach = Reach(roots, {origin.rpartition(".")[2]}, but=but)
            if len(reach.objects) <= _CONFIGURATION:
                for part, value in _state(reach, roots, origin.partition(".")[0]):
                    found[f"{OF_LIBRARY}`{origin}`{part}"] = _digest(value, own)
    return {f"{SETTINGS}:{name}": ("S", text) for name, text in found.items()}


def _parsed(module: types.ModuleType) -> tuple[str, ast.Module]:
    """Its source, as text and parsed; empty for one that has none, or that Python can't read."""
    try:
        text: str = module.__spec__.loader.get_source(module.__name__)  # type: ignore[union-attr]
        return text, parsed(text)
    except Exception:
        return "", ast.Module([], [])


def _called(tree: ast.Module, own: set[str]) -> Iterator[str]:
    """Full names of what of libraries is called, or set a part of, for its effect, anywhere in a module. `own`: the
    app's top-level names."""
    meant, entered = imported(tree), set(_entered(tree))
    for node in nodes_of(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
            targets = [node.value]
        elif isinstance(node, ast.Assign | ast.Delete):
            targets = [one for one in node.targets if isinstance(one, ast.Attribute | ast.Subscript)]
            if isinstance(node, ast.Assign) and any(isinstance(n, ast.Name) and n.id in entered for n in node.targets):
                targets.append(node.value)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            targets = _decorators_inside(node)
        for target in targets:
            dotted = _head(target)
            full = meant.get(dotted.partition(".")[0]) if dotted else None
            if full is not None and full.partition(".")[0] not in own | _REGISTERING | sys.stdlib_module_names:
                rest = (dotted or "").partition(".")[2]
                yield f"{full}.{rest}" if rest else full


def _decorators_inside(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    """Of the functions that it makes when it is called."""
    made = [n for n in walk_own(function.body) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [decorator for one in made for decorator in one.decorator_list]


def _entered(tree: ast.Module) -> Iterator[str]:
    """Names in whose object something is entered: a library may have given it."""
    for node in nodes_of(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            func = node.value.func
            if isinstance(func, ast.Attribute) and func.attr in ENTERS and isinstance(func.value, ast.Name):
                yield func.value.id
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            yield node.value.id


def _head(node: ast.expr | None) -> str | None:
    while node is not None and (dotted_name(node) is None or not isinstance(node, ast.Name | ast.Attribute)):
        node = getattr(node, "func", None) or getattr(node, "value", None)
    return dotted_name(node) if node is not None else None


def _state(reach: Reach, roots: list[Any], top: str) -> Iterator[tuple[str, Any]]:
    """Values of the library's globals that the walk asked for, and objects that it started from, by attributes."""
    yield "", None  # it was looked at
    spaces = [p for p in reach.places.values() if isinstance(p, dict) and "__builtins__" in p and "__name__" in p]
    for place in [space for space in spaces if str(space["__name__"]).partition(".")[0] == top]:
        for name in reach.names & place.keys():
            yield from _parts(f" in {place['__name__']}.{name}", place[name])
    for one in roots:
        yield from _parts("", one)


def _parts(path: str, value: Any, depth: int = 2) -> Iterator[tuple[str, Any]]:
    if isinstance(value, types.FunctionType | types.MethodType | type | types.ModuleType):
        return
    fields = fields_of(value)
    if not depth or not fields or type(value).__module__.partition(".")[0] in sys.stdlib_module_names:
        yield path, value
        return
    for name, one in fields.items():
        yield from _parts(f"{path}.{name}", one, depth - 1)


def _digest(value: Any, own: Collection[str], *, logs: bool = False) -> str:
    """`own`: the top-level names of the app's modules. What an instance of theirs holds is state, and lives on; but for
    what they have derived from `logging`, which is told what to do when it is made."""
    found, seen = hashlib.sha256(), {}  # type: ignore[var-annotated]
    queue: list[tuple[Any, int, bool]] = [(value, 0, logs)]
    while queue and len(seen) < _MOST:
        one, depth, logs = queue.pop()
        logs = logs or isinstance(one, _LOGGING)
        text = _text(one)
        if text is None and type(one).__module__.partition(".")[0] in own and not isinstance(one, _LOGGING):
            text = f"a {type(one).__module__}:{type(one).__qualname__}"
        if text is None and id(one) in seen:
            text = f"again {seen[id(one)][0]}"
        if text is not None or depth >= _DEEPEST:
            found.update((text or type(one).__qualname__).encode("utf-8", "surrogatepass") + b"\0")
            continue
        seen[id(one)] = (len(seen), one)
        found.update(f"{type(one).__module__}.{type(one).__qualname__}\0".encode())
        parts = list(parts_of(one) or ())
        if logs and parts and parts[0] is (fields := fields_of(one)) and fields:
            noted = noted_by(type(one))
            parts[0] = {name: part for name, part in fields.items() if name not in noted}
        if isinstance(one, set | frozenset):
            parts = sorted(_text(part) or type(part).__qualname__ for part in parts)
        found.update(f"{len(parts)}\0".encode())
        queue += [(part, depth + 1, logs) for part in reversed(parts)]
    return found.hexdigest()[:16]


def _text(value: Any) -> str | None:
    """What is told in a few words; None for what has parts."""
    if value is None or type(value) in _PLAIN:  # most are
        return repr(value)
    if isinstance(value, types.FunctionType) and (value.__closure__ or value.__defaults__):
        given = [text for text in map(_atom, [*map(_contents, value.__closure__ or ()), *(value.__defaults__ or ())])]
        return f"{value.__module__}:{value.__qualname__} of {given}"
    if isinstance(value, _DEFINITIONS):
        return f"{value.__module__}:{value.__qualname__}"
    if isinstance(value, _NAMED):
        return str(vars(value).get("__name__") or vars(value).get("name"))
    if isinstance(value, io.TextIOBase):
        return f"stream {getattr(value, 'name', '')} {getattr(value, 'mode', '')}"
    if isinstance(value, Setting):
        return value.name
    if type(value).__module__ in ("_thread", "itertools") or parts_of(value) is None:
        return type(value).__qualname__ if type(value).__module__ != "re" else repr(value)
    return None


def _atom(value: Any) -> str | None:
    return repr(value) if value is None or type(value) in _PLAIN else None


def _contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return cell
