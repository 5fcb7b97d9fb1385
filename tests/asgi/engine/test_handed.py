"""A container that functions hand on stays what it is, if those that get it only read it."""

from __future__ import annotations

import pytest

from flyhot_asgi.engine.source.handed import may_be_changed

from .test_touches import release

REPOSITORY = """
class Record:
    @classmethod
    async def one(cls, session, id, options=None, **more):
        return await session.get(cls, id, options=options)
    @classmethod
    async def all(cls, session, options=None):
        statement = select(cls)
        if options:
            statement = statement.options(*options)
        return await cls._asked(session, statement, options)
    @classmethod
    async def _asked(cls, session, statement, options):
        print(f"asked with {options}")
        return await session.exec(statement)
class Client:
    def get(self, path, **kwargs):
        return self.request(path, **kwargs)
    def request(self, path, headers=None): return path
"""
ONLY_READ = {
    "by a keyword, to a library": "async def f(s): return await Record.one(s, 1, options=X)",
    "through several": "async def f(s): return await Record.all(s, options=X)",
    "by its place": "async def f(s): return await Record.all(s, X)",
    "by a library": "def f(s): return s.query(options=X)",
    "by one that calls itself": "def g(x, n): return g(x, n - 1) if n else len(x)\ndef f(): return g(X, 3)",
}
CHANGED = {
    "appended to": "def g(x): x.append(1)\ndef f(): g(X)",
    "further down": "def h(y): y[0] = 1\ndef g(x=None): h(y=x)\ndef f(): g(x=X)",
    "kept": "KEPT = []\ndef f(): KEPT.append(X)",
    "kept by an instance": "class K:\n    def __init__(self, x): self.x = x\ndef f(): return K(X)",
    "given back": "def g(x): return x\ndef f(): g(X).append(1)",
    "shuffled": "import random\ndef f(): random.shuffle(X)",
    "among many": "def g(*all): all[0].append(1)\ndef f(): g(X)",
    "among names": "def g(**all): all['x'].append(1)\ndef f(): g(x=X)",
    "by a method of that name": "class C:\n    def g(self, x): x.clear()\ndef f(c): c.g(X)",
    "under another name": "def f():\n    y = X\n    y.append(1)",
}


@pytest.mark.parametrize("text", ONLY_READ.values(), ids=ONLY_READ)
def test_it_is_only_read(text: str) -> None:
    assert not may_be_changed(release(m=f"X = [1]\n{REPOSITORY}\n{text}\n"), ("m", "X"))


@pytest.mark.parametrize("text", CHANGED.values(), ids=CHANGED)
def test_it_may_be_changed(text: str) -> None:
    assert may_be_changed(release(m=f"X = [1]\n{text}\n"), ("m", "X"))
