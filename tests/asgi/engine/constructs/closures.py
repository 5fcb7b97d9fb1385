# ruff: noqa: E501
"""Closures with state whose statement is executed again: what the program made of their variables stays."""

_CASE = """
--- m
{old}
+++ m
{new}
=== hold
held = m.{name}
=== use
{use}
=== ask
"""
_COUNTED = """
import functools
def counted(f):
    n = 0
    @functools.wraps(f)
    def inner(*a):
        nonlocal n
        n += 1
        return n, f(*a)
    def reset():
        nonlocal n
        n = 0
    inner.reset = reset
    return inner
def plus(f):
    @functools.wraps(f)
    def w(*a): return 'p', f(*a)
    w.reset = f.reset
    return w
@counted
def g(a): return a
"""
_LIMITED = """
import functools
class Bucket:
    def __init__(self): self.n = 0
    def take(self): self.n += 1; return self.n
def limited(f):
    bucket, seen = Bucket(), []
    @functools.wraps(f)
    def inner(*a):
        seen.append(a)
        return bucket.take(), len(seen), f(*a)
    inner.bucket, inner.seen = bucket, seen
    return inner
@limited
def g(a): return a
"""
_OBJECT = """
class counted:
    def __init__(self, f): self.f = f; self.n = 0
    def __call__(self, *a): self.n += 1; return self.n, self.f(*a)
@counted
def g(a): return a
"""
_MADE = """
def make(n):
    log = []
    def put(x):
        nonlocal n
        n += 1
        log.append(x)
    def get(): return n, list(log)
    return put, get
PUT, GET = make(10)
ONE = make(5)[1]
"""


def _case(old: str, *changes: tuple[str, str], use: str, ask: str, name: str) -> str:
    new = old
    for before, after in changes:
        assert before in new, before
        new = new.replace(before, after)
    return _CASE.format(old=old, new=new, use=use, name=name) + ask + "\n"


def _method(old: str, *changes: tuple[str, str], ask: str) -> str:
    old = old[: old.rindex("@")] + "class K:\n    @" + ("counted" if "counted" in old else "limited")
    old += "\n    def h(self, a): return a\nk = K()\n"
    return _case(old, *changes, use="m.k.h(1)", ask=ask, name="k")


def _g(old: str, *changes: tuple[str, str], ask: str) -> str:
    return _case(old, *changes, use="m.g(1)", ask=ask, name="g")


def _made(*changes: tuple[str, str], ask: str) -> str:
    return _case(_MADE, *changes, use="m.PUT('a')", ask=ask, name="PUT")


RIGHT = {
    "a method that is counted gets a default": _method(
        _COUNTED, ("def h(self, a)", "def h(self, a, b=1)"), ask="m.k.h(1), held.h(1) => ((2, 1), (3, 1))\nm.K.h.reset(), m.k.h(1) => (None, (1, 1))"
    ),
    "a method's limiter is another object only in the class that is made anew": _method(
        _LIMITED, ("class K:", "class Base: pass\nclass K(Base):"), ask="m.k.h(1) => (2, 2, 1)\nm.K.h.bucket.n, len(m.K.h.seen) => (2, 2)"
    ),
    "a method's decorator needs one more variable": _method(
        _COUNTED, ("    n = 0\n    @", "    n, k = 0, 5\n    @"), ("return n, f", "return n + k, f"), ask="m.k.h(1) => (7, 1)"
    ),
    "a decorator comes above a method's that counts": _method(
        _COUNTED, ("    @counted\n    def h", "    @plus\n    @counted\n    def h"), ask="m.k.h(1) => ('p', (2, 1))"
    ),
    "a decorator that is a class keeps its object": _case(
        _OBJECT, ("def g(a)", "def g(a, b=1)"), use="m.g(1)", name="g",
        ask="m.g(1), held(1) => ((2, 1), (3, 1))\nheld is m.g, m.g.f.__defaults__ => (True, (1,))",
    ),
    "a default comes under a decorator that counts": _g(
        _COUNTED, ("def g(a)", "def g(a, b=1)"), ask="m.g(1), held(1) => ((2, 1), (3, 1))\nm.g.reset(), m.g(1) => (None, (1, 1))"
    ),
    "a decorator that counts needs one more variable": _g(
        _COUNTED, ("    n = 0\n    @", "    n, k = 0, 5\n    @"), ("return n, f", "return n + k, f"),
        ask="m.g(1), held(1) => ((7, 1), (8, 1))\nm.g.reset(), m.g(1) => (None, (6, 1))",
    ),
    "a decorator comes above one that counts": _g(
        _COUNTED, ("@counted\ndef g", "@plus\n@counted\ndef g"), ask="m.g(1) => ('p', (2, 1))\nm.g.reset(), m.g(1) => (None, ('p', (1, 1)))"
    ),
    "a decorator goes above one that counts": _g(
        _COUNTED.replace("@counted\ndef g", "@plus\n@counted\ndef g"), ("@plus\n@counted\ndef g", "@counted\ndef g"), ask="m.g(1) => (2, 1)"
    ),
    "objects in the closure are attributes, too": _g(
        _LIMITED, ("def g(a)", "def g(a, b=1)"),
        ask="m.g(1) => (2, 2, 1)\nm.g.bucket.n, len(m.g.seen) => (2, 2)\nm.g.seen is held.seen => True",
    ),
    "two functions share variables, and one needs more": _made(
        ("    log = []", "    log, by = [], 2"), ("n += 1", "n += by"), ask="m.PUT('b'), m.GET() => (None, (13, ['a', 'b']))"
    ),
    "a variable that the program changed goes": _made(
        ("        nonlocal n\n        n += 1\n", ""), ("return n, list", "return list"), ask="m.PUT('b'), m.GET() => (None, ['a', 'b'])"
    ),
    "how it is made changes, and nobody counted": _made(("ONE = make(5)", "ONE = make(6)"), ask="m.ONE() => (6, [])"),
}  # fmt: skip

REFUSED = {
    "how it is made changes, and it counted": (
        _made(("make(10)", "make(20)"), ask="m.GET()"),
        "was changed by the running program and is changed by the release too",
    ),
}
