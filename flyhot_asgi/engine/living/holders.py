"""Who still holds a definition that was, or will be, replaced or deleted.

The fingerprint sees what the modules' names lead to. What left them (a function in a library's list, a class whose
instances wait in a queue, a removed enum member in a cache) it can't see: then old code would run on beside the new.
This scan walks from such objects upwards, all of them at once and one `gc.get_referrers` a level, until it meets
whoever counts: a module, a class or a function that is at home, a coroutine that waits.

Reads only; runs none of the app's code. 20-50 ms a level on a heap of half a million objects, some five levels.
"""

from __future__ import annotations

import gc
import signal
import time
import types
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .inventory import describe, frame_of, module_of, running_code
from .places import found_at
from .serving import Serving, needs_no_more, routed_by
from .territory import Place, Territory, namespaces
from .wrapped import function_chain

_DEPTH, _MOST = 20, 20_000
_DEEP = 30
"""How far up to what goes with a plan: a dependency of a dependency lies deep inside of its route."""
_TRANSPARENT = (types.CellType, tuple, property, staticmethod, classmethod)
"""They hold for whoever holds them: a module that has a target in one of these holds it by name."""
_GLANCES, _GLANCE_SECONDS = 3, 0.02
_RUNNING = (types.CoroutineType, types.GeneratorType, types.AsyncGeneratorType)
_VALUE_MODULES = frozenset({"builtins", "typing", "typing_extensions", "functools", "types", "collections", "weakref"})
"""Instances of their types stand for nobody: what holds them counts."""
_ENGINE = "flyhot_asgi.engine"


@dataclass(frozen=True)
class Holder:
    """Somebody who refers to a target, directly or by way of containers, instances and closures."""

    place: Place
    what: str
    """In a few words, with the module that it was found in."""
    adrift: bool = False
    """No root leads there: a frame that runs has it, or something that the collector does not see."""


@dataclass
class _Node:
    """An object on the way up: which targets lead here (bits), what it was first met as, what libraries it passed."""

    targets: int
    first: str
    named: bool
    """Only transparent objects lie between a target and this one."""
    library: str
    app: str = ""
    """The first object of the app's on the way: its code runs whoever has it."""

    def place(self, found: Place) -> Place:
        """Whose it is, if it is found with somebody at `found`."""
        if found is not Place.EMBEDDER:
            return found
        return Place.OWN if self.app else Place.LIBRARY if self.library else found


class Scan:
    """One walk. `holders[i]` are those of `targets[i]`, without duplicates; who is in `passing`, or of one of
    `kinds`, does not count.

    `names`: whether the namespaces of first-party modules themselves count, when they hold a target by name. They do
    once the names were bound anew; before that, the plan looks after them. `going`: objects that the plan lets go of;
    whoever holds a target by way of one of them alone is none. `renamed`: objects whose names the plan binds anew: a
    module that has one of them by name holds nothing; whoever else has one, does.
    """

    def __init__(
        self,
        targets: Sequence[object],
        territory: Territory,
        passing: Iterable[object] = (),
        *,
        kinds: Iterable[type] = (),
        names: bool = False,
        going: Sequence[object] = (),
        renamed: Sequence[object] = (),
    ) -> None:
        gc.unfreeze()  # what is frozen refers to nothing, as far as the collector says
        self.holders: list[list[Holder]] = [[] for _ in targets]
        self.ending = 0
        """Which targets (bits) connections in flight have, for as long as they need them: those are no holders."""
        self._territory, self._names, self._kinds = territory, names, frozenset(kinds)
        self._spaces, self._serving = namespaces(), Serving()
        self._going = {id(one) for one in going}
        self._renamed = {id(one) for one in renamed}
        self._keep = [targets, passing, list(passing), going, renamed]
        self._passing = set(map(id, self._keep[2]))
        self._ignored = {id(self), id(vars(self)), *map(id, self._keep), *self._passing}
        self._ignored |= {id(self._keep), id(self.holders)}
        self._below: dict[int, set[int]] = {}
        self._settled: set[int] = set()
        self._own_lists: list[object] = []
        bits: dict[int, int] = {}
        inner: list[object] = []
        for index, target in enumerate(targets):
            for part in insides(target):
                bits[id(part)] = bits.get(id(part), 0) | 1 << index
                inner.append(part)
        self._inner = bits
        self._ignored |= {id(inner), id(bits), id(self._inner)}
        self._walk(inner)
        self._signals(inner)
        self._weak_methods(inner)

    def _walk(self, frontier: list[object]) -> None:
        nodes = {key: _Node(bit, "", True, "") for key, bit in self._inner.items()}
        visited = 0
        for _ in range(_DEEP if self._going else _DEPTH):
            above: list[object] = []
            ours = {id(frontier), id(above), id(nodes)}
            for holder in gc.get_referrers(*frontier) if frontier else []:
                key = id(holder)
                if key in self._ignored or key in ours or type(holder) is types.FrameType:
                    if key in self._passing and type(holder) is not list:
                        self._settled.update(id(r) for r in gc.get_referents(holder))
                    continue
                if key in self._inner or key in self._going:
                    self._settled.update(id(r) for r in gc.get_referents(holder))
                    continue
                visited += 1
                node = self._meet(holder, nodes)
                if node is not None and visited < _MOST:
                    known = nodes.get(key)
                    if known is None or node.targets & ~known.targets:
                        node.targets |= known.targets if known is not None else 0
                        nodes[key] = node
                        above.append(holder)
                del holder
            self._ignored |= {id(frontier), id(above)}
            self._own_lists += [frontier, above]
            frontier = above
        self._rootless(nodes)

    def _rootless(self, nodes: dict[int, _Node]) -> None:
        """What no root leads to and what goes with no target: held by a frame, or where the collector does not look."""
        queue = list(self._settled)
        while queue:
            for child in self._below.get(queue.pop(), ()):
                if child not in self._settled:
                    self._settled.add(child)
                    queue.append(child)
        for key, node in nodes.items():
            if key not in self._settled and key not in self._inner and not node.named:
                what = node.app or node.library or node.first
                self._note([node], node.place(Place.EMBEDDER), what, adrift=True)

    def _meet(self, holder: object, nodes: dict[int, _Node]) -> _Node | None:
        """A node to climb on from; None if the walk ends here, whoever it is then being noted."""
        keys = [key for r in gc.get_referents(holder) if (key := id(r)) in nodes]
        below = [nodes[key] for key in keys]
        if not below:
            return None
        if routed_by(holder, keys) or needs_no_more(holder, keys):
            self._end(below)
            self._settled.update(keys)
            return None
        if self._is_root(holder, below):
            self._settled.update(keys)
            return None
        self._below.setdefault(id(holder), set()).update(keys)
        kind = type(holder)
        nearest = min(below, key=lambda one: not one.named)
        named = nearest.named and kind in _TRANSPARENT
        node = _Node(0, nearest.first, named or id(holder) in self._renamed, nearest.library, nearest.app)
        for one in below:
            node.targets |= one.targets
        if not node.first and kind not in _TRANSPARENT:
            node.first = describe(holder)
        place = self._territory.of_module(of) if (of := module_of(kind)) not in _VALUE_MODULES else None
        if place is Place.LIBRARY:
            node.library = node.library or describe(holder)
        elif place is Place.OWN and id(kind) not in self._inner:  # an instance holds its class by being one
            node.app = node.app or f"{describe(holder)}, an object of the app's"
        if kind.__name__.startswith("hamt") or kind.__name__ == "Context":
            node.library = node.library or "a context variable"
        return node

    def _is_root(self, holder: Any, below: list[_Node]) -> bool:
        """It is somebody who counts, or of no account; noted, and not climbed further."""
        kind = type(holder)
        if kind is dict and id(holder) in self._spaces:
            return self._module(self._spaces[id(holder)], below)
        if issubclass(kind, types.ModuleType):
            return self._module(types.ModuleType.__getattribute__(holder, "__name__"), below)
        if kind in self._kinds or module_of(kind).startswith(_ENGINE):
            return True
        if issubclass(kind, type) or kind is types.FunctionType:
            return self._definition(holder, below)
        if kind in _RUNNING:
            place = self._territory.of_module(_module_of(holder))
            if (served := self._serving.kind(holder)) == "http" or (served and place is Place.LIBRARY):
                return self._end(below)  # a request ends; what a framework has of a websocket's route, it has used
            return self._note(below, place, f"a running `{running_code(holder).co_qualname}`")
        if kind.__name__ == "_lru_cache_wrapper":
            inner = getattr(holder, "__wrapped__", None)
            return self._territory.of_module(getattr(inner, "__module__", None)) is Place.LIBRARY
        return False

    def _end(self, below: Iterable[_Node]) -> bool:
        for node in below:
            self.ending |= node.targets
        return True

    def _module(self, name: str, below: list[_Node]) -> bool:
        place = self._territory.of_module(name)
        for node in below:
            if place is not Place.OWN or self._names or not node.named:
                what = f"{node.first} of module {name}" if node.first else f"module {name}"
                self._note([node], node.place(place), what)
        return True

    def _definition(self, holder: Any, below: list[_Node]) -> bool:
        if isinstance(holder, types.FunctionType) and str(holder.__globals__.get("__name__")).startswith(_ENGINE):
            return True
        if not at_home(holder):
            return False
        module = holder.__globals__.get("__name__") if isinstance(holder, types.FunctionType) else holder.__module__
        return self._note(below, self._territory.of_module(module), describe(holder))

    def _note(self, nodes: Iterable[_Node], place: Place, what: str, *, adrift: bool = False) -> bool:
        holder = Holder(place, what or "a frame", adrift)
        for node in nodes:
            for index, holders in enumerate(self.holders):
                if node.targets >> index & 1 and holder not in holders:
                    holders.append(holder)
        return True

    def _signals(self, inner: list[object]) -> None:
        """Handlers of signals are kept where the collector does not look."""
        for number in signal.valid_signals():
            handler = signal.getsignal(number)
            if handler is not None and (bits := self._inner.get(id(getattr(handler, "__func__", handler)))):
                self._note([_Node(bits, "", False, "")], Place.LIBRARY, f"the handler of signal {int(number)}")

    def _weak_methods(self, inner: list[object]) -> None:
        """Who has a bound method by a weak reference calls it as long as its object lives, whatever the class has."""
        for one in inner:
            references = weakref.getweakrefs(one) if isinstance(one, types.FunctionType) else []
            for holder in gc.get_referrers(*references) if references else []:
                if isinstance(holder, weakref.WeakMethod) and holder() is not None:
                    self._note(
                        [_Node(self._inner[id(one)], "", False, "")], Place.LIBRARY, "a weak reference to its method"
                    )

    @property
    def adrift(self) -> bool:
        """There are holders, and no root leads to any of them: a moment later there may be none."""
        found = [holder for holders in self.holders for holder in holders]
        return bool(found) and all(holder.adrift for holder in found)

    def counting(self, index: int = 0) -> list[str]:
        """Holders of one target by which old code would run again: the app's and libraries', in words."""
        return sorted({h.what for h in self.holders[index] if h.place is not Place.EMBEDDER})

    def outside(self, index: int = 0) -> list[str]:
        """Holders of one target that belong to the embedding program, in words."""
        return sorted({h.what for h in self.holders[index] if h.place is Place.EMBEDDER})


def look_twice(scan: Callable[[], Scan]) -> Scan:
    """A scan that does not take what a running frame has for a moment (the loop's thread answers requests meanwhile)
    for a holder: such a one is gone at one of the next looks."""
    found = scan()
    for _ in range(_GLANCES):
        if not found.adrift:
            break
        del found
        time.sleep(_GLANCE_SECONDS)
        found = scan()
    return found


def _module_of(running: Any) -> str:
    frame = frame_of(running)
    name = frame.f_globals.get("__name__") if frame is not None else None
    return name if isinstance(name, str) else ""


def insides(target: object) -> list[object]:
    """What belongs to a definition and goes with it: functions that it wraps, a class's own members."""
    found: list[object] = [target]
    if isinstance(target, type):
        for value in list(vars(target).values()):
            for part in (value, *(getattr(value, name, None) for name in _PARTS if type(value) in _MEMBERS)):
                if isinstance(part, types.FunctionType | type) and _belongs(part, target):
                    found += insides(part)
                elif type(part) in _MEMBERS or getattr(part, "__objclass__", None) is target:
                    found.append(part)
        found += [one for one in gc.get_referents(target.__dict__) if type(one) is dict]
    elif isinstance(target, types.FunctionType):
        found += [f for f in function_chain(target) if f is not target and f.__globals__ is target.__globals__]
    return found


_MEMBERS = (property, staticmethod, classmethod)
_PARTS = ("fget", "fset", "fdel", "__func__")


def _belongs(part: Any, owner: type) -> bool:
    return str(part.__qualname__).startswith(f"{owner.__qualname__}.") and part.__module__ == owner.__module__


def at_home(value: Any) -> bool:
    """The definition is what its own module has under its name."""
    found = found_at(value.__module__ or "", value.__qualname__)
    if type(found) is property:
        return value in (found.fget, found.fset, found.fdel)
    return found is value


def is_anothers(function: types.FunctionType, module: str | None) -> bool:
    """It is a function of another module than this (`parse = textwrap.dedent` in a class), which stays what it is."""
    return function.__module__ != module and at_home(function)
