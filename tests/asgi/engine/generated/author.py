"""Writes random releases of an app, and edits them as people do. Pure: seeds in, texts out."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from .kinds import FALLBACK, KINDS, LIBRARIES, MEMBERS, PARTS, PARTS_NAMES, SLOTLESS
from .real_kinds import EVERY, LIBRARIES_TOO

MODULES = ("low", "mid", "high")
IMPORTS = ("named", "named", "star", "module")
Numbers = tuple[int, int, int]


@dataclass(frozen=True)
class Thing:
    """One definition. `reads`: names of others that it would read, if they are there before it."""

    name: str
    kind: str
    numbers: Numbers
    module: str
    reads: tuple[str, ...] = ()
    members: tuple[Thing, ...] = ()


@dataclass(frozen=True)
class Release:
    things: tuple[Thing, ...]
    parts: Numbers = (0, 1, 2)
    imports: tuple[str, ...] = ("named", "named")
    """How `mid` and `high` import from the modules below them."""
    future: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    """Modules that are not there: what would be in them is in `low`."""

    def where(self, thing: Thing) -> str:
        return "low" if thing.module in self.gone else thing.module

    def texts(self) -> dict[str, str]:
        a, b, c = self.parts
        found = {"parts": LIBRARIES + PARTS.format(a=a, b=b, c=c)}
        for module in MODULES:
            if module not in self.gone:
                found[module] = self._module(module)
        return found

    def _module(self, module: str) -> str:
        own = [thing for thing in self.things if self.where(thing) == module]
        below = [m for m in MODULES[: MODULES.index(module)] if m not in self.gone]
        before = {t.name: t for m in below for t in self.things if self.where(t) == m}
        style = self.imports[MODULES.index(module) - 1] if below else "named"
        used: dict[str, str] = {}
        body = ""
        known = dict(before)
        for thing in own:
            body += _text(thing, known, style, self.where, module, used)
            known[thing.name] = thing
        real = any(thing.kind not in KINDS for thing in own)
        lines = [LIBRARIES + (LIBRARIES_TOO if real else ""), f"from .parts import {', '.join(PARTS_NAMES)}\n"]
        if module in self.future:
            lines.insert(0, "from __future__ import annotations\n")
        if style == "star":
            lines += [f"from .{m} import *\n" for m in below]
        elif style == "module":
            lines += [f"from . import {m}\n" for m in below]
        else:
            lines += [f"from .{home} import {name}\n" for name, home in sorted(used.items())]
        return "".join(lines) + body


def _text(thing, known, style, where, module, used, indent: str = "") -> str:  # type: ignore[no-untyped-def]
    a, b, c = thing.numbers
    words = dict(FALLBACK, value=str(a))
    for role in words:
        for name in thing.reads:
            other = known.get(name)
            if other is None or not _fits(EVERY[other.kind].role, role):
                continue
            home = where(other)
            if home != module:
                used[name] = home
            words[role] = f"{home}.{name}" if home != module and style == "module" else name
            break
    pattern = EVERY[thing.kind].text if not indent else MEMBERS[thing.kind]
    lines = pattern.format(name=thing.name, a=a, b=b, c=c, **words).splitlines()
    text = "".join(f"{indent}{line}\n" for line in lines)
    for member in thing.members:
        if thing.kind not in ("slots", "data") or member.kind not in SLOTLESS:
            text += _text(member, known, style, where, module, used, indent + "    ")
    return text


def _fits(has: str, role: str) -> bool:
    return has == role or (has == "base" and role == "cls")


@dataclass
class Author:
    """Everything that it writes follows from the seed."""

    seed: int
    kinds: tuple[str, ...] = tuple(EVERY)
    count: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def release(self) -> Release:
        things: list[Thing] = []
        for _ in range(self.random.randrange(4, 12)):
            things.append(self._thing(things))
        imports = (self.random.choice(IMPORTS), self.random.choice(IMPORTS))
        future = frozenset(m for m in MODULES if self.random.random() < 0.15)
        return Release(tuple(things), self._numbers(), imports, future)

    def edit(self, release: Release) -> Release:
        """Some edits leave the text as it is: tried again."""
        for _ in range(4):
            if (found := self._edited(release)).texts() != release.texts():
                return found
        return found

    def _edited(self, release: Release) -> Release:
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            if self.random.random() < 0.1:
                release = self._edit_setting(release)
            else:
                release = replace(release, things=tuple(self._edit(list(release.things))))
        return release

    def _thing(self, before: list[Thing]) -> Thing:
        self.count += 1
        kind = self.random.choice(self.kinds)
        members = tuple(self._member() for _ in range(self.random.randrange(4))) if EVERY[kind].members else ()
        module = self.random.choice(MODULES)
        return Thing(f"n{self.count}", kind, self._numbers(), module, self._reads(before), members)

    def _member(self) -> Thing:
        self.count += 1
        return Thing(f"m{self.count}", self.random.choice(list(MEMBERS)), self._numbers(), "")

    def _reads(self, before: list[Thing]) -> tuple[str, ...]:
        names = [thing.name for thing in before]
        return tuple(self.random.sample(names, min(len(names), self.random.randrange(6))))

    def _numbers(self) -> Numbers:
        a, b, c = (self.random.randrange(5) for _ in range(3))
        return a, b, c

    def _edit(self, things: list[Thing]) -> list[Thing]:
        at = self.random.randrange(len(things)) if things else 0
        if not things or self.random.random() < 0.15:
            things.insert(at, self._thing(things[:at]))
            return things
        one = things[at]
        match self.random.randrange(12):
            case 0:
                del things[at]
            case 1:
                del things[at]
                things.insert(self.random.randrange(len(things) + 1), one)
            case 2:
                things[at] = replace(one, module=self.random.choice(MODULES))
            case 3:
                same = [k for k in self.kinds if EVERY[k].role == EVERY[one.kind].role]
                kind = self.random.choice(same)
                things[at] = replace(one, kind=kind, members=one.members if EVERY[kind].members else ())
            case 4:
                things[at] = replace(one, reads=self._reads(things[:at]))
            case 5 | 6 | 7 if EVERY[one.kind].members:
                things[at] = replace(one, members=self._edit_members(list(one.members)))
            case _:
                numbers = list(one.numbers)
                numbers[self.random.randrange(3)] = self.random.randrange(5)
                things[at] = replace(one, numbers=(numbers[0], numbers[1], numbers[2]))
        return things

    def _edit_members(self, members: list[Thing]) -> tuple[Thing, ...]:
        at = self.random.randrange(len(members)) if members else 0
        match self.random.randrange(4):
            case 0 if members:
                del members[at]
            case 1 if members:
                members[at] = replace(members[at], kind=self.random.choice(list(MEMBERS)))
            case 2 if members:
                members[at] = replace(members[at], numbers=self._numbers())
            case _:
                members.insert(at, self._member())
        return tuple(members)

    def _edit_setting(self, release: Release) -> Release:
        match self.random.randrange(4):
            case 0:
                return replace(release, parts=self._numbers())
            case 1:
                return replace(release, imports=(self.random.choice(IMPORTS), self.random.choice(IMPORTS)))
            case 2:
                return replace(release, future=release.future ^ {self.random.choice(MODULES)})
            case _:
                return replace(release, gone=release.gone ^ {"mid"})
