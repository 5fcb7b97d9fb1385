"""Two releases in one text, so that a test reads like a diff.

    --- m              module `m` of release A
    def f(): return 1
    +++ m              module `m` of release B; modules that B does not name stay as they are
    def f(): return 2
    xxx n              module `n` is gone in B

A package's module is written `pkg.m`.
"""

from __future__ import annotations

import textwrap

Files = dict[str, str]


def pair(text: str) -> tuple[Files, Files]:
    """The files of both releases, by the names that `Lab` takes."""
    old: Files = {}
    new: Files = {}
    gone: set[str] = set()
    into: list[str] = []
    target: tuple[Files, str] | None = None

    def flush() -> None:
        if target is not None:
            target[0][target[1]] = "\n".join(into).strip("\n") + "\n"
        into.clear()

    for line in textwrap.dedent(text).splitlines():
        mark, _, name = line.partition(" ")
        if mark in ("---", "+++", "xxx"):
            flush()
            key = name.strip().replace(".", "__")
            target = None if mark == "xxx" else ((old if mark == "---" else new), key)
            if mark == "xxx":
                gone.add(key)
        else:
            into.append(line)
    flush()
    return old, {**{k: v for k, v in old.items() if k not in gone}, **new}
