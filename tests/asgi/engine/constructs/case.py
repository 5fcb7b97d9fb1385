"""One construct: two releases, what a program holds of the first, and what it then asks. Judged against a cold import.

    --- m          module of release A              +++ m      of release B          xxx m   gone in B
    === hold       statements of the program around the app, executed before the upgrade (on the cold side: on B)
    === use        statements executed before the upgrade only: what made the state
    === ask        one expression a line, evaluated after it: the value must be what a cold B gives; `expr => value`
                   says what must come instead, where state lives on

The program sees the app's modules by their names (`m`, `pkg.m`), `lib` (a list that an installed library keeps) and
what it held. Whatever a line gives or raises is compared as text, without addresses.
"""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
import textwrap
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyhot_asgi.engine import Refused

from ..lab import Lab
from ..pairs import Files, pair
from ..snapshot import Snapshot


@dataclass(frozen=True)
class Case:
    old: Files
    new: Files
    hold: str = ""
    use: str = ""
    ask: tuple[str, ...] = ()


@dataclass
class Verdict:
    """`right`, `refused` or `wrong`, with the refusals or the differences."""

    word: str
    why: list[str] = field(default_factory=list)


def case(text: str) -> Case:
    parts: dict[str, list[str]] = {"": []}
    section = ""
    for line in textwrap.dedent(text).splitlines():
        if line.startswith("=== "):
            section = line[4:].strip()
            parts[section] = []
        else:
            if line.startswith(("--- ", "+++ ", "xxx ")):
                section = ""
            parts[section].append(line)
    old, new = pair("\n".join(parts[""]))
    ask = tuple(line for line in parts.get("ask", []) if line.strip())
    return Case(old, new, "\n".join(parts.get("hold", [])), "\n".join(parts.get("use", [])), ask)


def judge(one: Case, root: Path, *, here: bool = False, counted: bool = True) -> Verdict:
    """Bring A to B and compare; undo, and compare with A as it was. `here`: B is imported cold under the same names, so
    that what is told of a library's objects can be compared. `counted`: see `Snapshot`."""
    app = Lab(root, **one.old)
    app.here = here
    library = types.ModuleType("some_library")
    library.kept = []
    library.__file__ = str(Path(asyncio.__file__))
    sys.modules["some_library"] = library
    try:
        space = _program(app.top, one.hold)
        exec(one.use, space)
        before = Snapshot(app.top, keep=counted)
        app.plan(**one.new)
        if left := before.differences():
            return _undone(before, Verdict("wrong", [f"planning changed it: {line}" for line in left]))
        try:
            app.arrive(**one.new)
            app.undo()
            if left := before.differences():
                before.release()
                return Verdict("wrong", [f"not undone: {line}" for line in left])
            app.arrive(**one.new)
        except Refused as exc:
            return _undone(before, Verdict("refused", [str(reason) for reason in exc.reasons]))
        before.release()
        found = [] if any("=>" in line for line in one.ask) or one.use else app.differs(**one.new)
        found += _asked(app, one, space)
        return Verdict("wrong", found) if found else Verdict("right")
    finally:
        del sys.modules["some_library"]
        app.close()


def _undone(before: Snapshot, verdict: Verdict) -> Verdict:
    left = before.differences()
    before.release()
    return Verdict("wrong", [f"not undone: {line}" for line in left]) if left else verdict


def _program(top: str, hold: str) -> dict[str, Any]:
    space: dict[str, Any] = {"lib": sys.modules["some_library"].kept, "sys": sys, "TOP": top}
    for name, module in list(sys.modules.items()):
        if name.startswith(top + ".") and name.count(".") == 1:
            space[name.partition(".")[2]] = module
    exec(hold, space)
    return space


def _asked(app: Lab, one: Case, space: dict[str, Any]) -> list[str]:
    if not one.ask:
        return []
    sys.modules["some_library"].kept = []
    top = f"{app.top}cold"
    app.cold.append(top)
    app._write(app.release(top, **one.new))
    importlib.invalidate_caches()
    for name in one.new:
        if "lazy" not in name:
            importlib.import_module(f"{top}.{name.replace('__', '.')}")
    cold = _program(top, one.hold) if one.hold or not one.use else _program(top, "")
    for name, module in list(sys.modules.items()):
        if name.startswith(app.top + ".") and name.count(".") == 1:
            space.setdefault(name.partition(".")[2], module)
    found = []
    for line in one.ask:
        expression, said, wanted = line.partition("=>")
        is_, must = _value(expression, space, app.top), None
        must = wanted.strip() if said else _value(expression, cold, top)
        if is_ != must:
            found.append(f"{expression.strip()} gives {is_}, not {must}")
    return found


def _value(expression: str, space: dict[str, Any], top: str) -> str:
    try:
        text = repr(eval(expression.strip(), space))
    except Exception as exc:
        text = f"{type(exc).__name__}: {exc}"
    return re.sub(r" at 0x[0-9a-f]+", "", text).replace(top, "TOP")
