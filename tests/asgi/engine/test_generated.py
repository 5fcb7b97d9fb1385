"""Random modules with random edits: refused, or equal to a cold import; undone exactly either way.

`FLYHOT_GENERATED=2000 pytest tests/asgi/engine/test_generated.py` tries that many pairs.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .lab import Lab
from .snapshot import Snapshot

PAIRS = int(os.environ.get("FLYHOT_GENERATED", "12"))
DECO = """import functools
def deco(f):
    @functools.wraps(f)
    def wrapper(*args, **kw):
        return ("d", f(*args, **kw))
    return wrapper
def keep(f):
    f.kept = True
    return f
def maker(n):
    def made(x=0):
        return n, x
    return made
"""


@dataclass(frozen=True)
class Thing:
    """One definition: its name, its kind, and the numbers that fill its text."""

    name: str
    kind: str
    numbers: tuple[int, ...]
    reads: str = ""
    members: tuple[Thing, ...] = field(default=())

    def text(self, indent: str = "") -> str:
        a, b, c = self.numbers
        other = self.reads or str(a)
        lines = TEXTS[self.kind].format(name=self.name, a=a, b=b, c=c, other=other).splitlines()
        if self.kind == "class":
            lines += [line for member in self.members for line in member.text("    ").splitlines()]
        return "".join(f"{indent}{line}\n" for line in lines)


TEXTS = {
    "constant": "{name} = {a}",
    "sum": "{name} = ({other}, {b})",
    "list": "{name} = [{a}, {b}, {other}]",
    "dict": "{name} = {{'a': {a}, 'b': {{'c': {b}}}, 'o': {other}}}",
    "function": "def {name}(x={a}, *, y={other}):\n    'Doc {b}.'\n    return x, y, {c}",
    "reader": "def {name}():\n    return {other}, {c}",
    "async": "async def {name}(x={a}):\n    return x, {c}",
    "generator": "def {name}(n={b}):\n    yield {other}\n    yield {c}",
    "wrapped": "@deco\ndef {name}(x={other}):\n    return x, {c}",
    "kept": "@keep\ndef {name}(x={a}):\n    return x, {c}",
    "closure": "{name} = maker({other})",
    "lambda": "{name} = lambda x={a}: (x, {c})",
    "table": "{name} = {{'f': lambda: {c}, 'g': lambda x={a}: x}}",
    "called": "{name} = sorted([{a}, {b}, {c}], key=lambda n: n % ({a} + 2))",
    "block": "if {a} > 2:\n    {name} = {b}\nelse:\n    {name} = {c}",
    "class": "class {name}:\n    'Doc {b}.'\n    base = {other}",
    "method": "def {name}(self, x={a}):\n    return self.base, x, {c}",
    "super": "def {name}(self):\n    return super().__init__, {c}",
    "static": "@staticmethod\ndef {name}(x={a}):\n    return x, {c}",
    "property": "@property\ndef {name}(self):\n    return {c}",
    "attribute": "{name} = {a}",
}
TOP = [kind for kind in TEXTS if kind not in ("method", "super", "static", "property", "attribute")]
MEMBERS = ["method", "super", "static", "property", "attribute"]


class Author:
    """Writes releases, and edits them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def thing(self, before: list[Thing], kinds: list[str] = TOP) -> Thing:
        self.count += 1
        kind = self.random.choice(kinds)
        values = [t.name for t in before if t.kind in ("constant", "sum", "list", "dict")]
        reads = self.random.choice(values) if values and self.random.random() < 0.6 else ""
        members = tuple(self.thing([], MEMBERS) for _ in range(3)) if kind == "class" else ()
        return Thing(f"n{self.count}", kind, self._numbers(), reads, members)

    def _numbers(self) -> tuple[int, ...]:
        return tuple(self.random.randrange(5) for _ in range(3))

    def release(self) -> list[Thing]:
        things: list[Thing] = []
        for _ in range(self.random.randrange(3, 9)):
            things.append(self.thing(things))
        return things

    def edit(self, things: list[Thing]) -> list[Thing]:
        new = list(things)
        for _ in range(self.random.randrange(1, 4)):
            at = self.random.randrange(len(new)) if new else 0
            match self.random.randrange(6):
                case 0:
                    new.insert(at, self.thing(new[:at]))
                case 1 if new:
                    used = {t.reads for t in new}
                    if new[at].name not in used:
                        del new[at]
                case 2 if new and new[at].members:
                    members = list(new[at].members)
                    members[self.random.randrange(3) % len(members)] = self.thing([], MEMBERS)
                    new[at] = replace(new[at], members=tuple(members))
                case 3 if new and new[at].kind in ("function", "wrapped", "kept", "reader"):
                    new[at] = replace(new[at], kind=self.random.choice(["function", "wrapped", "kept", "generator"]))
                case _ if new:
                    new[at] = replace(new[at], numbers=self._numbers())
        return new


def texts(things: list[Thing]) -> dict[str, str]:
    """Two modules: the first half of the things, and the second, which imports the first."""
    cut = [t for t in things if int(t.name[1:]) % 2]
    rest = [t for t in things if t not in cut]
    own = {t.name for t in cut}
    lower = [replace(t, reads=t.reads if t.reads in own else "") for t in cut]
    names = sorted({t.reads for t in rest if t.reads in own})
    imports = "".join(f"from .low import {name}\n" for name in names)
    low = "from .deco import deco, keep, maker\n" + "".join(t.text() for t in lower)
    high = "from .deco import deco, keep, maker\n" + imports + "".join(t.text() for t in rest)
    return {"deco": DECO, "low": low, "high": high}


@settings(max_examples=PAIRS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.integers(0, 10**9))
def test_a_random_edit_is_refused_or_right(seed: int) -> None:
    author = Author(seed)
    old = author.release()
    new = author.edit(old)
    with TemporaryDirectory() as folder:
        app = Lab(Path(folder), **texts(old))
        try:
            before = Snapshot(app.top)
            plan = app.plan(**texts(new))
            assert before.differences() == []
            before.release()
            if not plan.refusals:
                del plan
                app.brings(**texts(new))
        finally:
            app.close()


def test_most_random_edits_go_through() -> None:
    through = 0
    for seed in range(12):
        author = Author(seed)
        old = author.release()
        with TemporaryDirectory() as folder:
            app = Lab(Path(folder), **texts(old))
            through += not app.plan(**texts(author.edit(old))).refusals
            app.close()
    assert through >= 8
