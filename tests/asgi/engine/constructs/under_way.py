"""Coroutines and generators that run old code, and what they go on to call."""

_PAUSE = """
class Pause:
    def __await__(self): yield
"""


def _case(old: str, new: str, *, before: str = "", after: str = "", ask: str = "lib[0].send(None) => None") -> str:
    """A coroutine `old` waits in a loop while `old` becomes `new`, and what it calls, `before`, becomes `after`."""
    return "\n".join(
        [
            "--- m",
            _PAUSE + before,
            old,
            "+++ m",
            _PAUSE + after,
            new,
            "=== use",
            "c = m.run(m.THING)",
            "c.send(None)",
            "lib.append(c)",
            "=== ask",
            ask,
            "",
        ]
    )


_RUN = "async def run(thing):\n    while True:\n        await Pause()\n        {}\n"
_NOTHING = "THING = None\n"
_OWNER = "class Room:\n    def __init__(self): self.n = 0\n    {}\nTHING = Room()\n"


def _plain(call: str, now: str, before: str, after: str) -> str:
    return _case(_RUN.format(call), _RUN.format(now), before=_NOTHING + before, after=_NOTHING + after)


def _method(call: str, now: str, before: str, after: str) -> str:
    return _case(_RUN.format(call), _RUN.format(now), before=_OWNER.format(before), after=_OWNER.format(after))


REFUSED = {
    "a parameter more": _plain("f(1)", "f(1, 2)", "def f(a): pass\n", "def f(a, b): pass\n"),
    "a parameter less": _plain("f(1, 2)", "f(1)", "def f(a, b): pass\n", "def f(a): pass\n"),
    "a parameter of another name": _plain("f(a=1)", "f(b=1)", "def f(a): pass\n", "def f(b): pass\n"),
    "a keyword that is needed": _plain("f(1)", "f(1, b=2)", "def f(a): pass\n", "def f(a, *, b): pass\n"),
    "it became a coroutine": _plain("f(1)", "await f(1)", "def f(a): pass\n", "async def f(a): pass\n"),
    "it gives three and not two": _plain(
        "a, b = f()", "a, b, c = f()", "def f(): return 1, 2\n", "def f(): return 1, 2, 3\n"
    ),
    "it is handed on": _plain("list(map(f, [1]))", "list(map(f, [1], [2]))", "def f(a): pass\n", "def f(a, b): pass\n"),
    "a class takes more": _plain(
        "C(1)",
        "C(1, 2)",
        "class C:\n    def __init__(self, a): pass\n",
        "class C:\n    def __init__(self, a, b): pass\n",
    ),
    "a dataclass takes more": _plain(
        "C(1)",
        "C(1, 2)",
        "import dataclasses\n@dataclasses.dataclass\nclass C:\n    a: int\n",
        "import dataclasses\n@dataclasses.dataclass\nclass C:\n    a: int\n    b: int\n",
    ),
    "a method takes more": _method("thing.f(1)", "thing.f(1, 2)", "def f(self, a): pass", "def f(self, a, b): pass"),
    "a method of what a module names": _method(
        "THING.f(1)", "THING.f(1, 2)", "def f(self, a): pass", "def f(self, a, b): pass"
    ),
    "a method is gone": _method("thing.f(1)", "thing.g(1)", "def f(self, a): pass", "def g(self, a): pass"),
    "a method of what it will have": _case(
        "async def run(thing):\n    await Pause()\n    room = make()\n    room.f(1)\n    await Pause()\n",
        "async def run(thing):\n    await Pause()\n    room = make()\n    room.f(1, 2)\n    await Pause()\n",
        before=_OWNER.format("def f(self, a): pass") + "def make(): return Room()\n",
        after=_OWNER.format("def f(self, a, b): pass") + "def make(): return Room()\n",
    ),
    "a property that is gone": _method(
        "thing.size", "thing.count", "size = property(lambda self: 1)", "count = property(lambda self: 1)"
    ),
    "a constant of a class that is gone": _method("Room.A", "Room.B", "A = 1", "B = 1"),
    "a static method": _method(
        "thing.f(1)", "thing.f()", "@staticmethod\n    def f(a): pass", "@staticmethod\n    def f(): pass"
    ),
}

_QUEUE = """
--- m
import asyncio
INBOX = asyncio.Queue()
class Room:
    def __init__(self): self.inbox = asyncio.Queue()
    async def next(self):
        kind, text = await self.inbox.get()
        return kind
async def take():
    {before}
    return kind
+++ m
import asyncio
INBOX = asyncio.Queue()
class Room:
    def __init__(self): self.inbox = asyncio.Queue()
    async def next(self):
        {method}
        return kind
async def take():
    {after}
    return kind
=== use
room = m.Room()
lib.append(room)
{use}
=== ask
m.asyncio.run(m.take()) => 'a'
m.asyncio.run(room.next()) => 'a'
"""
_PAIR = "kind, text = await {}.get()"
_TRIPLE = "kind, text, at = await {}.get()"
_PUT = "m.INBOX.put_nowait(('a', 'b{}'))\nroom.inbox.put_nowait(('a', 'b{}'))"


QUEUED = {
    "in a module's queue": _QUEUE.format(
        before=_PAIR.format("INBOX"),
        after=_TRIPLE.format("INBOX"),
        method=_PAIR.format("self.inbox"),
        use=_PUT.format("", ""),
    ),
    "in an instance's queue": _QUEUE.format(
        before=_PAIR.format("INBOX"),
        after=_PAIR.format("INBOX"),
        method="item = await asyncio.wait_for(self.inbox.get(), 1)\n        kind, text, at = item",
        use=_PUT.format("", ""),
    ),
}


RIGHT = {
    "queues with what the new code reads": _QUEUE.format(
        before=_PAIR.format("INBOX"),
        after=_TRIPLE.format("INBOX"),
        method=_PAIR.format("self.inbox"),
        use="m.INBOX.put_nowait(('a', 'b', 'c'))\nroom.inbox.put_nowait(('a', 'b'))",
    ),
    "a parameter with a default comes": _plain("f(1)", "f(1, 2)", "def f(a): pass\n", "def f(a, b=1): pass\n"),
    "the call was above": _case(
        "async def run(thing):\n    f(1)\n    await Pause()\n    await Pause()\n",
        "async def run(thing):\n    f(1, 2)\n    await Pause()\n    await Pause()\n",
        before=_NOTHING + "def f(a): pass\n",
        after=_NOTHING + "def f(a, b): pass\n",
    ),
    "another object's method of that name": _case(
        _RUN.format("thing.f(1)"),
        _RUN.format("thing.f(1) or None"),
        before=_OWNER.format("def f(self, a): pass") + "class Other:\n    def f(self, a): pass\n",
        after=_OWNER.format("def f(self, a): pass") + "class Other:\n    def f(self, a, b): pass\n",
    ),
    "a decorator takes what comes": _plain(
        "f(1)",
        "f(2)",
        "def deco(g): return lambda *args: g(*args)\n@deco\ndef f(a): pass\n",
        "def deco(g): return lambda *args: g(*args)\n@deco\ndef f(a): return 3\n",
    ),
}

_KEPT = """
--- m
{old}
+++ m
{new}
=== use
m.take()
=== ask
m.take() => {want}
"""


def _kept(old: str, new: str, want: str = "2") -> str:
    return _KEPT.format(old=old, new=new, want=want)


_IDS = "def ids():\n    n = 0\n    while True:\n        n += 1\n        yield {}\nBY = {{}}\n"
_TAKE = "def take():\n    {}\n"
_ASK = "BY.setdefault('a', ids())"

GIVEN = {
    "a generator in a table gives pairs now": _kept(
        _IDS.format("n") + _TAKE.format(f"return next({_ASK})"),
        _IDS.format("n, 'x'") + _TAKE.format(f"n, _ = next({_ASK}); return n"),
    ),
    "a generator in a table gives triples now": _kept(
        _IDS.format("n, 1") + _TAKE.format(f"n, _ = next({_ASK}); return n"),
        _IDS.format("n, 1, 2") + _TAKE.format(f"n, _, _ = next({_ASK}); return n"),
    ),
    "a generator of an instance gives dicts now": _kept(
        "class F:\n    def __init__(self): self.g = self.run()\n    def run(self):\n        while True: yield 1\n"
        "X = F()\ndef take(): return next(X.g)\n",
        "class F:\n    def __init__(self): self.g = self.run()\n    def run(self):\n"
        "        while True: yield {'v': 1}\n"
        "X = F()\ndef take(): return next(X.g)['v']\n",
    ),
}
GIVEN_ALIKE = {
    "a generator gives another number": _kept(
        _IDS.format("n") + _TAKE.format(f"return next({_ASK})"),
        _IDS.format("n * 2") + _TAKE.format(f"return next({_ASK})"),
    ),
    "a generator gives pairs that have a name now": _kept(
        _IDS.format("n, 1") + _TAKE.format(f"n, _ = next({_ASK}); return n"),
        _IDS.format("n, 1").replace("yield n, 1", "pair = n, 1\n        yield pair")
        + _TAKE.format(f"n, _ = next({_ASK}); return n"),
    ),
}
