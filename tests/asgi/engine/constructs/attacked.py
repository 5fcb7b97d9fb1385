"""Ordinary edits, written down by somebody who looked for what breaks: what must be right, and what must be refused."""

_MODEL = """
--- m
from pydantic import BaseModel, ConfigDict, PrivateAttr
class User(BaseModel):
    a: int
    {old}
+++ m
from pydantic import BaseModel, ConfigDict, PrivateAttr
class User(BaseModel):
    a: int
    {new}
=== use
u = m.User(a=1)
lib.append(u)
=== ask
"""

_DONE = """
--- m
import asyncio
import concurrent.futures
import weakref
class Room:
    def __init__(self): self.done = []
    def on_done(self, what): self.done.append(1)
    {old}
ROOM = Room()
+++ m
import asyncio
import concurrent.futures
import weakref
class Room:
    def __init__(self): self.done = []
    def on_done(self, name, what): self.done.append(2)
    {new}
ROOM = Room()
=== use
{use}
"""


def _model(old: str, new: str, *ask: str) -> str:
    return _MODEL.format(old=old, new=new) + "\n".join(ask) + "\n"


def _done(use: str) -> str:
    return _DONE.format(old="pass", new="x = 1", use=use)


_TABLE = """
--- m
import asyncio
from collections import defaultdict
class Score:
    def __init__(self, n=0): self.n = n
{old}
+++ m
import asyncio
from collections import defaultdict
class Score:
    def __init__(self, n=0): self.n = n
{new}
=== use
m.put('k', 1)
=== ask
"""


def _table(old: str, new: str, *ask: str) -> str:
    return _TABLE.format(old=old, new=new) + "\n".join(ask) + "\n"


_PLAIN = "T = {}\ndef put(k, v): T[k] = v\ndef get(k): return T[k]"

RIGHT = {
    "a table keeps pairs now, and takes what lies there": _table(
        _PLAIN,
        "T = {}\ndef put(k, v): T[k] = (v, 0)\ndef get(k): return T[k] if isinstance(T[k], int) else T[k][0]",
        "m.get('k') => 1",
    ),
    "a table keeps numbers, made by another default": _table(
        "T = defaultdict(int)\ndef put(k, v): T[k] += v",
        "T = defaultdict(lambda: 5)\ndef put(k, v): T[k] += v",
        "m.put('k', 1), m.put('l', 1), dict(m.T) => (None, None, {'k': 2, 'l': 6})",
    ),
    "a table keeps what a function gave, and the same class is called": _table(
        "T = {}\ndef make(v): return Score(v)\ndef put(k, v): T[k] = make(v)",
        "T = {}\ndef make(v): return Score(v)\ndef put(k, v): T[k] = Score(v)",
        "m.put('l', 2), m.T['k'].n + m.T['l'].n => (None, 3)",
    ),
    "what a model is given beside its fields is kept from now on": _model(
        "pass",
        'model_config = ConfigDict(extra="allow")',
        "u.model_dump() => {'a': 1}",
        "setattr(u, 'z', 3) => None",
        "u.model_dump() => {'a': 1, 'z': 3}",
        "m.User(a=1).model_extra => {}",
    ),
    "what a model is given beside its fields is kept no more": _model(
        'model_config = ConfigDict(extra="allow")', "pass", "u.model_extra => None", "u == m.User(a=1) => True"
    ),
    "a model gets private attributes": _model(
        "pass",
        "_n: int = 0\n    _log: list = PrivateAttr(default_factory=list)",
        "u._n, u._log => (0, [])",
        "setattr(u, '_n', 4) => None",
        "u._n, u._log is m.User(a=1)._log => (4, False)",
    ),
    "a model gets another private attribute, and loses one": _model(
        "_n: int = 0\n    _gone: int = 1",
        "_n: int = 0\n    _m: int = 2",
        "u._n, u._m => (0, 2)",
        "u == m.User(a=1) => True",
    ),
    "a model loses its private attributes": _model("_n: int = 0", "pass", "u == m.User(a=1) => True"),
    "classes are given a tag by their base, and one more": """
        --- m
        class Base:
            def __init_subclass__(cls, tag=None): cls.tag = tag
        class A(Base, tag="a"): pass
        +++ m
        class Base:
            def __init_subclass__(cls, tag=None, prio=0): cls.tag = tag; cls.prio = prio
            def first(self): return self.prio
        class A(Base, tag="a", prio=3): pass
        === hold
        a = m.A()
        === ask
        a.prio, a.first(), m.A.tag
    """,
    "a descriptor that sets may delete now": """
        --- m
        class Field:
            def __set_name__(self, owner, name): self.name = name
            def __get__(self, one, cls=None): return one.__dict__.get(self.name, 0)
            def __set__(self, one, value): one.__dict__[self.name] = value
        class Rec:
            a = Field()
        R = Rec()
        +++ m
        class Field:
            def __set_name__(self, owner, name): self.name = name
            def __get__(self, one, cls=None): return one.__dict__.get(self.name, 0)
            def __set__(self, one, value): one.__dict__[self.name] = value
            def __delete__(self, one): one.__dict__.pop(self.name, None)
        class Rec:
            a = Field()
        R = Rec()
        === use
        m.R.a = 4
        === ask
        m.R.a => 4
        delattr(m.R, 'a'), m.R.a => (None, 0)
    """,
}

REFUSED = {
    "a private attribute comes that only its model's own code sets": (
        _model("pass", "_n: int\n    def model_post_init(self, context): self._n = 3"),
        "no value for its new private attribute `_n`",
    ),
    "a future of the loop has a callback that takes more now": (
        _done(
            "loop = m.asyncio.new_event_loop()\nf = loop.create_future()\nloop.close()\n"
            "f.add_done_callback(m.ROOM.on_done)\nlib.append(f)"
        ),
        "1 time(s) a future's end has it",
    ),
    "a thread's future has a callback that takes more now": (
        _done("f = m.concurrent.futures.Future()\nf.add_done_callback(m.ROOM.on_done)\nlib.append(f)"),
        "1 time(s) a future's end has it",
    ),
    "a weak reference has a callback that takes more now": (
        _done("s = m.Room()\nlib.append((s, m.weakref.ref(s, m.ROOM.on_done)))"),
        "1 time(s) a weak reference has it",
    ),
    "a table keeps pairs now": (
        _table(_PLAIN, "T = {}\ndef put(k, v): T[k] = (v, 0)\ndef get(k): return T[k][0]"),
        "1 int(s) lie in it that old code put there; it puts tuples there now",
    ),
    "a table keeps instances now": (
        _table(
            "T = {}\ndef put(k, v): T[k] = T.get(k, 0) + v", "T = {}\ndef put(k, v): T.setdefault(k, Score()).n += v"
        ),
        "1 int(s) lie in it that old code put there; it puts Scores there now",
    ),
    "a queue keeps instances now": (
        _table(
            "Q = asyncio.Queue()\ndef put(k, v): Q.put_nowait({'k': v})\ndef get(): return Q.get_nowait()['k']",
            "Q = asyncio.Queue()\ndef put(k, v): Q.put_nowait(Score(v))\ndef get(): return Q.get_nowait().n",
        ),
        "1 dict(s) lie in it that old code put there; it puts Scores there now",
    ),
    "a default dict makes sets now": (
        _table(
            "T = defaultdict(list)\ndef put(k, v): T[k].append(v)", "T = defaultdict(set)\ndef put(k, v): T[k].add(v)"
        ),
        "1 list(s) lie in it that old code put there; it puts sets there now",
    ),
    "an instance's default dict makes dicts now": (
        _table(
            "class Hub:\n    def __init__(self): self.t = defaultdict(list)\nHUB = Hub()\n"
            "def put(k, v): HUB.t[k].append(v)",
            "class Hub:\n    def __init__(self): self.t = defaultdict(dict)\nHUB = Hub()\n"
            "def put(k, v): HUB.t[k][v] = 1",
        ),
        "1 list(s) lie in it that old code put there; it puts dicts there now",
    ),
}
