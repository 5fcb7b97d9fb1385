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
from ..source.calls import walk_own
from ..source.kinds import imported
from ..source.module import dotted_name

SETTINGS = "(settings)"
_DEEPEST, _MOST = 24, 4000
_PLAIN = frozenset({int, float, bool, str, bytes, complex})
_DEFINITIONS = (type, types.FunctionType)
_NAMED = (types.ModuleType, logging.Logger)
_CONFIGURATION = 3000
"""Objects: what can get hold of more is no configuration, and full of what others have registered."""
_REGISTERING = frozenset("pydantic sqlalchemy sqlmodel fastapi starlette click typer flyhot_asgi".split())
"""Packages that keep of the app's definitions what is compared elsewhere, and ourselves."""


@dataclass
class Settings:
    """What two releases set, held against each other."""

    differs: Mapping[str, bool] = field(default_factory=dict)
    """By name, for what both set."""
    _sides: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """What differs: as the old release has it, and the new."""
    _before: Mapping[str, str] = field(default_factory=dict)
    _arrived: bool = False

    @classmethod
    def of(cls, new: Mapping[str, str], old: Mapping[str, str], masked: Collection[str]) -> Settings:
        both = sorted(path for path in new.keys() & old.keys() if path not in masked)
        sides = {path.partition(":")[2]: (old[path], new[path]) for path in both}
        differing = {name: pair for name, pair in sides.items() if pair[0] != pair[1]}
        return cls({name: name in differing for name in sides}, differing)

    def look(self, live: Mapping[str, types.ModuleType]) -> None:
        """Before anything is touched: what the process has, of what the releases set otherwise."""
        self._before = self._of(live)

    def left(self, live: Mapping[str, types.ModuleType]) -> list[tuple[str, str]]:
        """Path and sentence for what the release sets otherwise and the process has as before. What the program had
        changed itself is its own."""
        now = self._of(live) if not self._arrived else {}
        what = "it is set as before, and the release sets it otherwise when it is imported"
        found = [
            (f"{SETTINGS}:{name}", what)
            for name, (old, new) in self._sides.items()
            if not self._arrived and self._before.get(name) == old and now.get(name) != new
        ]
        self._arrived = not found
        return found

    def begin(self) -> None:
        """Something is about to be changed: it has to be looked at anew, once."""
        self._arrived = False

    def _of(self, live: Mapping[str, types.ModuleType]) -> dict[str, str]:
        if not self._sides:
            return {}
        return {path.partition(":")[2]: entry[1] for path, entry in settings(live).items()}


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
    for name, place in process_places():
        if name == AT_EXIT and not any("atexit" in text for text, _ in sources):
            continue  # they can only be counted, and what libraries register lazily is theirs
        if name == ENVIRONMENT:
            mine = {key: value for key, value in read(place).items() if (inherited or {}).get(key) != value}
            found.update({f"{name}, {key!r}": _digest(value, own) for key, value in mine.items()})
        else:
            found[name] = _digest([found.get(name), read(place)], own)
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
        return text, ast.parse(text)
    except Exception:
        return "", ast.Module([], [])


def _called(tree: ast.Module, own: set[str]) -> Iterator[str]:
    """Full names of what of libraries is called, or set a part of, for its effect, anywhere in a module. `own`: the
    app's top-level names."""
    meant = imported(tree)
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
            targets = [node.value]
        elif isinstance(node, ast.Assign | ast.Delete):
            targets = [one for one in node.targets if isinstance(one, ast.Attribute | ast.Subscript)]
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


def _digest(value: Any, own: Collection[str]) -> str:
    """`own`: the top-level names of the app's modules. What an instance of theirs holds is state, and lives on."""
    found, seen = hashlib.sha256(), {}  # type: ignore[var-annotated]
    queue: list[tuple[Any, int]] = [(value, 0)]
    while queue and len(seen) < _MOST:
        one, depth = queue.pop()
        text = _text(one)
        if text is None and type(one).__module__.partition(".")[0] in own:
            text = f"a {type(one).__module__}:{type(one).__qualname__}"
        if text is None and id(one) in seen:
            text = f"again {seen[id(one)][0]}"
        if text is not None or depth >= _DEEPEST:
            found.update((text or type(one).__qualname__).encode("utf-8", "surrogatepass") + b"\0")
            continue
        seen[id(one)] = (len(seen), one)
        found.update(f"{type(one).__module__}.{type(one).__qualname__}\0".encode())
        parts = list(parts_of(one) or ())
        if isinstance(one, set | frozenset):
            parts = sorted(_text(part) or type(part).__qualname__ for part in parts)
        found.update(f"{len(parts)}\0".encode())
        queue += [(part, depth + 1) for part in reversed(parts)]
    return found.hexdigest()[:16]


def _text(value: Any) -> str | None:
    """What is told in a few words; None for what has parts."""
    if value is None or type(value) in _PLAIN:  # most are
        return repr(value)
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
