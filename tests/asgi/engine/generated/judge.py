"""One pair of releases through the engine, judged against a cold import in this process: the loop of `Engine`, with
cold imports under other names in place of fresh processes, which is some hundred times quicker.

`right`: equal to the cold import, and undone exactly. `refused`: it said why, and nothing had changed. `wrong`: all
else. `invalid`: one of the releases can't be imported.
"""

from __future__ import annotations

import asyncio
import re
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyhot_asgi.engine import Refused

from ..compare import Comparison
from ..lab import Lab
from ..snapshot import Snapshot
from .real_kinds import LIBRARIES_TOO

Texts = dict[str, str]


@dataclass
class Verdict:
    word: str
    why: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Held:
    """A definition that a library got from the app before the upgrade; `made`: an instance of a class."""

    module: str
    name: str
    value: Any
    made: bool = False


def judge(old: Texts, new: Texts, root: Path, *, holds: bool = False, uses: bool = False) -> Verdict:
    """`holds`: a library holds what the app defined, and instances of it. `uses`: the program changed containers."""
    app = None
    library = types.ModuleType("some_library")
    library.__file__ = asyncio.__file__
    sys.modules["some_library"] = library
    try:
        try:
            app = Lab(root, **old)
        except Exception as exc:
            return Verdict("invalid", [repr(exc)])
        app.looks = True
        app.here = any(LIBRARIES_TOO in text for text in old.values())  # texts of theirs are digests
        return _Pair(app, library).judged(new, holds=holds, uses=uses)
    finally:
        if app is not None:
            app.close()
        del sys.modules["some_library"]


class _Pair:
    def __init__(self, app: Lab, library: types.ModuleType) -> None:
        self.app, self.library = app, library
        self.top = ""
        self.kept: list[tuple[str, str, Any]] = []
        """Containers that the program changed and the release does not: module, name, the object."""

    def judged(self, new: Texts, *, holds: bool, uses: bool) -> Verdict:
        app = self.app
        try:
            self.top, self.entries = app.cold_import(**new)
        except Exception as exc:
            return Verdict("invalid", [repr(exc)])
        held = self._hold() if holds else []
        self.library.kept = held
        if uses:
            self._use()
        before = Snapshot(app.top)
        try:
            app.arrive(**new)
        except Refused as refused:
            left = before.differences()
            if left:
                return Verdict("wrong", [f"refused, not undone: {line}" for line in left])
            return Verdict("refused", [str(reason) for reason in refused.reasons])
        else:
            found = self._differences(held)
            for _, _, container in self.kept:
                _put(container)
            app.undo()
            found += [f"not undone: {line}" for line in before.differences()]
            return Verdict("wrong", found) if found else Verdict("right")
        finally:
            before.release()

    @property
    def cold(self) -> dict[str, types.ModuleType]:
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == self.top}

    def _hold(self) -> list[Held]:
        found = []
        for full, module in self.app.live.items():
            short = full.partition(".")[2]
            for name, value in list(vars(module).items()):
                if getattr(value, "__module__", None) != full or name.startswith("__"):
                    continue
                if type(value) is types.FunctionType:
                    found.append(Held(short, name, value))
                elif isinstance(value, type) and short != "parts":
                    found.append(Held(short, name, value))
                    try:
                        found.append(Held(short, name, value(), made=True))
                    except Exception:
                        continue
        return found

    def _use(self) -> None:
        """The program puts something into each container that is the same in both releases."""
        for full, module in self.app.live.items():
            for name, value in list(vars(module).items()):
                home = f"{full}:{name}"
                if name.startswith("_") or type(value) not in (dict, list, set):
                    continue
                if any(value is one for _, _, one in self.kept):
                    continue
                sides = [
                    {p: e for p, e in entries.items() if p == home or p.startswith((f"{home}[", f"{home}."))}
                    for entries in (self.app.described, self.entries)
                ]
                if sides[0] == sides[1]:
                    _put(value)
                    self.kept.append((full, name, value))

    # -- afterwards --------------------------------------------------------------------------

    def _differences(self, held: list[Held]) -> list[str]:
        found = []
        for full, name, value in self.kept:
            if vars(self.app.live[full]).get(name) is not value:
                found.append(f"{full}.{name} is another object")
            if not _take(value):
                found.append(f"{full}.{name} lost what the program put there")
        comparison = Comparison(self.app.top, self.top)
        found += comparison.modules(self.app.live, self.cold)
        for one in held:
            module = self.cold.get(f"{self.top}.{one.module}")
            other = vars(module).get(one.name) if module is not None else None
            if getattr(other, "__module__", None) != f"{self.top}.{one.module}":
                continue
            where = f"held {one.module}.{one.name}"
            if one.made and isinstance(other, type):
                found += self._instance(one.value, other, where)
            elif not one.made and type(other) in (types.FunctionType, type):
                comparison.value(one.value, other, where)
        return [*dict.fromkeys([*found, *comparison.found])]

    def _instance(self, living: Any, cls: type, where: str) -> list[str]:
        """Its methods give what they give on a new instance, as far as that does not depend on its state."""
        try:
            fresh = cls()
        except Exception:
            return []
        found = []
        own = getattr(living, "__dict__", {})
        for name in sorted(n for n in dir(cls) if not n.startswith("_") and n not in own):
            mine, other = self._asked(living, name, self.app.top), self._asked(fresh, name, self.top)
            if mine != other:
                found.append(f"{where}().{name} gives {mine}, not {other}")
        return found

    def _asked(self, obj: Any, name: str, top: str) -> str:
        try:
            value = getattr(obj, name)
            if not callable(value) or isinstance(value, type):
                return "is there"
            value = value()
            value = value[-1] if isinstance(value, tuple) else type(value)
        except Exception as exc:
            return f"{type(exc).__name__}: {re.sub(top, 'TOP', str(exc))}"
        return re.sub(r" at 0x[0-9a-f]+", "", repr(value)).replace(top, "TOP")


_MARK = "put here by the program"


def _put(container: Any) -> None:
    if isinstance(container, dict):
        container[_MARK] = _MARK
    elif isinstance(container, list):
        container.append(_MARK)
    else:
        container.add(_MARK)


def _take(container: Any) -> bool:
    if isinstance(container, list):  # by identity: objects of the app may call themselves equal to anything
        places = [index for index, one in enumerate(container) if one is _MARK]
        for index in reversed(places):
            del container[index]
        return bool(places)
    if _MARK not in container:
        return False
    if isinstance(container, dict):
        del container[_MARK]
    else:
        container.remove(_MARK)
    return True
