"""Modules that are gone from the source, with what decorators and libraries made of them."""


def _gone(body: str, *, use: str = "", ask: str = "len(m.KEPT)") -> str:
    lines = "\n        ".join(body.splitlines())
    return f"""
        --- m
        KEPT = []
        --- a
        {lines}
        --- user
        from . import a
        from .m import KEPT
        xxx a
        +++ user
        from .m import KEPT
        === use
        {use}
        === ask
        {ask}
    """


GOES = {
    f"a module is gone that had {what}": _gone(body)
    for what, body in {
        "a context manager": """
from contextlib import contextmanager
@contextmanager
def f(): yield 1
class C:
    @contextmanager
    def m(self): yield 1
""",
        "functions in caches, partials and containers": """
from functools import lru_cache, partial
@lru_cache
def f(): return 1
def g(a): return a
h = partial(g, 1)
TABLE = {"a": g, "b": [lambda: 1]}
class Holder:
    def __init__(self, f): self.f = f
ONE = Holder(g)
""",
        "a function that dispatches": """
import functools
@functools.singledispatch
def f(x): return 1
@f.register
def _(x: int): return 2
""",
        "a frozen dataclass with slots and defaults that are made": """
from dataclasses import dataclass, field
@dataclass(frozen=True, slots=True, kw_only=True)
class P:
    a: int = 1
    b: list = field(default_factory=lambda: [1])
    def __post_init__(self): pass
""",
        "an enum": """
import enum
class E(enum.Enum):
    A = 1
    def m(self): return 2
""",
        "a model with a validator": """
from pydantic import BaseModel, field_validator
class M(BaseModel):
    a: int = 1
    @field_validator('a')
    @classmethod
    def v(cls, x): return x
""",
        "a command": """
import click
@click.command()
def f(): pass
""",
        "what it put into another module's list": """
from contextlib import contextmanager
from .m import KEPT
@contextmanager
def f(): yield 1
KEPT.append(f)
""",
    }.items()
}

STAYS = {
    f"a module is gone, and the app keeps {what}": _gone(body, use=f"m.KEPT.append({kept})")
    for what, body, kept in (
        ("a function that a library wrapped", "import functools\n@functools.lru_cache\ndef f(): return 1", "a.f"),
        ("a class", "class K:\n    def f(self): return 1", "a.K"),
        ("an instance", "class K:\n    def f(self): return 1", "a.K()"),
        ("a member of an enum", "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2", "a.E.B"),
        ("a table with a function", "def f(x): return x\nTABLE = {'a': f}", "a.TABLE"),
        (
            "a generated method",
            "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int = 1",
            "a.D().__repr__",
        ),
    )
}

DEPENDS = """
    --- a
    from fastapi import Depends
    def db(): return 1
    def svc(d=Depends(db)): return d
    --- m
    from fastapi import FastAPI, Depends
    from .a import svc
    app = FastAPI()
    @app.get("/x")
    def x(s=Depends(svc)): return s
    xxx a
    +++ m
    from fastapi import FastAPI, Depends
    app = FastAPI()
    def svc2(): return 2
    @app.get("/x")
    def x(s=Depends(svc2)): return s
    === ask
    m.x(3)
"""
"""A dependency of a dependency, whose modules are gone: both are held by what the plan executes anew."""
