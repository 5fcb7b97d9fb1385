"""What functions keep between their calls in the defaults of their parameters stays theirs.

`def count(key, seen={})`: a function that is poured into anew got an empty `seen`. Where the text of the default is the
same in both releases, the living container (or object of the app's) takes its place again; what statements of the
release put into such a container in the meantime is undone with them.
"""

from __future__ import annotations

import types
import weakref
from collections import deque
from collections.abc import Iterator
from typing import Any

from ..living.defaults import defaults_of, placed_defaults
from ..source.defaults import stable_defaults
from ..source.plan import Plan
from .journal import Journal

_CONTAINERS = (dict, list, set, deque)


class KeptDefaults:
    """The defaults that one patch keeps."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._stable: dict[tuple[str, str], frozenset[str]] = {}
        self._functions: list[weakref.ref[types.FunctionType]] = []
        self._before: list[tuple[types.FunctionType, dict[str, Any]]] = []

    def stage(self) -> None:
        """Find those that count. May be called in a thread."""
        plan = self._plan
        for name in plan.new.keys() & plan.old.keys() & plan.live.keys():
            if name in plan.changed:
                found = stable_defaults(plan.old[name], plan.new[name])
                self._stable |= {(name, path): parameters for path, parameters in found.items()}
        self._functions = [ref for ref in plan.seen if (one := ref()) is not None and any(self._kept(one))]

    def begin(self, journal: Journal) -> None:
        """Before anything is swapped or executed."""
        if not self._plan.work:
            return
        for function in [one for ref in self._functions if (one := ref()) is not None]:
            kept = dict(self._kept(function))
            for value in kept.values():
                journal.touch_container(value, f"a default of {function.__qualname__}")
            stable = self._stable.get((function.__module__, function.__code__.co_qualname), frozenset())
            if stays := {name: value for name, value in kept.items() if name in stable}:
                self._before.append((function, stays))

    def finish(self, journal: Journal) -> None:
        """After all was executed."""
        for function, stays in self._before:
            now = dict(defaults_of(function))
            anew = {n: v for n, v in stays.items() if type(now.get(n)) is type(v) and now[n] is not v}
            if anew:
                journal.touch_function(function)
                given = [anew.get(name, value) for name, value in placed_defaults(function)]
                function.__defaults__ = tuple(given) or None
                named = {name: anew.get(name, value) for name, value in (function.__kwdefaults__ or {}).items()}
                function.__kwdefaults__ = named or None
        self._before = []

    def _kept(self, function: types.FunctionType) -> Iterator[tuple[str, Any]]:
        for name, value in defaults_of(function):
            if issubclass(type(value), _CONTAINERS) or type(value).__module__ in self._plan.live:
                yield name, value
