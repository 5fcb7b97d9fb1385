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


RIGHT = {
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
}
