"""Routers of a class of the app's: their attributes are compared, and FastAPI's own bookkeeping in them is not."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge

RELEASES = """
    --- r
    from fastapi import APIRouter
    class Ordered(APIRouter):
        def __init__(self, *a, order=0, **k):
            self.order = order
            super().__init__(*a, **k)
    --- a
    from .r import Ordered
    router = Ordered(prefix="/a", order=2)
    @router.get("/x")
    def x(): return 1
    @router.get("/y")
    def y(): return 1
    --- m
    from fastapi import FastAPI
    from .a import router
    app = FastAPI()
    app.include_router(router)
    +++ a
    from .r import Ordered
    router = Ordered({arguments})
    @router.get("/x")
    def x(): return 2
    @router.get("/z", summary="z")
    def z(): return 1
    @router.get("/y", summary="other")
    def y(): return 1
    === ask
    m.app.openapi()
    m.router.order
"""


@pytest.mark.parametrize("arguments", ['prefix="/a", order=2', 'prefix="/b", order=3, tags=["x"]'])
def test_routes_of_an_own_router_come_and_change(arguments, tmp_path):
    verdict = judge(case(RELEASES.replace("{arguments}", arguments)), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


ASKED = """
    --- m
    from contextvars import ContextVar
    class Lazy:
        __slots__ = ("made",)
        def __init__(self):
            object.__setattr__(self, "made", {})
        def __getattr__(self, name):
            return self.made.setdefault(name, ContextVar(name))
    lazy = Lazy()
    LIMIT = 1
    def f(): return LIMIT
    def g(x=lazy): return x
    +++ m
    from contextvars import ContextVar
    class Lazy:
        __slots__ = ("made",)
        def __init__(self):
            object.__setattr__(self, "made", {})
        def __getattr__(self, name):
            return self.made.setdefault(name, ContextVar(name))
    lazy = Lazy()
    LIMIT = 2
    def f(): return LIMIT + 1
    def g(x=lazy): return x
    === use
    held = m.lazy
    === ask
    (m.f(), m.lazy.made) => (3, {})
"""


def test_an_object_that_makes_what_it_is_asked_for_is_not_asked(tmp_path):
    verdict = judge(case(ASKED), tmp_path)
    assert verdict.word == "right", verdict.why
