"""Decorators with arguments that are applied by hand: `app.get("/a")(f)`."""

from __future__ import annotations

from pathlib import Path

import pytest

from .constructs.case import case, judge

RIGHT = {
    "gone": """
        --- m
        from fastapi import FastAPI, APIRouter
        r = APIRouter()
        def f(): return 1
        def g(): return 1
        r.get("/a")(f)
        r.post("/b", status_code=201)(g)
        app = FastAPI()
        app.include_router(r)
        def go(): return [(x.path, x.status_code) for x in r.routes], len(app.openapi()["paths"])
        +++ m
        from fastapi import FastAPI, APIRouter
        r = APIRouter()
        def f(): return 1
        r.get("/a")(f)
        app = FastAPI()
        app.include_router(r)
        def go(): return [(x.path, x.status_code) for x in r.routes], len(app.openapi()["paths"])
        === ask
        m.go()
    """,
    "argument changes": """
        --- m
        from fastapi import FastAPI, APIRouter
        r = APIRouter()
        def f(): return 1
        r.get("/a")(f)
        app = FastAPI()
        app.include_router(r)
        def go(): return [(x.path, x.status_code) for x in r.routes], list(app.openapi()["paths"])
        +++ m
        from fastapi import FastAPI, APIRouter
        r = APIRouter()
        def f(): return 1
        r.get("/c", status_code=202)(f)
        app = FastAPI()
        app.include_router(r)
        def go(): return [(x.path, x.status_code) for x in r.routes], list(app.openapi()["paths"])
        === ask
        m.go()
    """,
    "handler": """
        --- m
        from fastapi import FastAPI
        app = FastAPI()
        async def nf(req, exc): return 1
        app.exception_handler(404)(nf)
        def go(): return sorted(map(str, app.exception_handlers))
        +++ m
        from fastapi import FastAPI
        app = FastAPI()
        async def nf(req, exc): return 1
        async def er(req, exc): return 1
        app.exception_handler(404)(nf)
        app.exception_handler(500)(er)
        def go(): return sorted(map(str, app.exception_handlers))
        === ask
        m.go()
    """,
    "middleware by hand": """
        --- m
        from fastapi import FastAPI
        def create():
            app = FastAPI()
            async def mw(request, call_next): return await call_next(request)
            app.middleware("http")(mw)
            return app
        app = create()
        def go(): return len(app.user_middleware)
        +++ m
        from fastapi import FastAPI
        def create():
            app = FastAPI(title="x")
            async def mw(request, call_next): return await call_next(request)
            app.middleware("http")(mw)
            return app
        app = create()
        def go(): return len(app.user_middleware), app.title
        === ask
        m.go()
    """,
    "in a factory": """
        --- m
        from fastapi import FastAPI
        def f(): return 1
        def create():
            app = FastAPI()
            app.get("/a")(f)
            return app
        app = create()
        def go(): return [r.path for r in app.routes][4:]
        +++ m
        from fastapi import FastAPI
        def f(): return 1
        def g(): return 2
        def create():
            app = FastAPI()
            app.get("/a")(f)
            app.get("/b")(g)
            return app
        app = create()
        def go(): return [r.path for r in app.routes][4:]
        === ask
        m.go()
    """,
    "at module level": """
        --- m
        from fastapi import FastAPI
        def f(): return 1
        app = FastAPI()
        app.get("/a")(f)
        def go(): return [r.path for r in app.routes][4:]
        +++ m
        from fastapi import FastAPI
        def f(): return 1
        def g(): return 2
        app = FastAPI()
        app.get("/a")(f)
        app.get("/b")(g)
        def go(): return [r.path for r in app.routes][4:]
        === ask
        m.go()
    """,
}

_OWN = """
    --- m
    LOG = []
    class Reg:
        def __init__(self): self.d = {}
        def on(self, k):
            def put(f):
                self.d[k] = f; LOG.append(k)
                return f
            return put
    reg = Reg()
    def f(): return 1
    reg.on("a")(f)
    +++ m
    LOG = []
    class Reg:
        def __init__(self): self.d = {}
        def on(self, k):
            def put(f):
                self.d[k] = f; LOG.append(k)
                return f
            return put
    reg = Reg()
    def f(): return 1
    def g(): return 2
    reg.on("a")(f)
    reg.on("b")(g)
    === ask
    sorted(m.reg.d)
    m.LOG
    m.reg.d["b"]()
"""


@pytest.mark.parametrize("name", RIGHT)
def test_a_framework_is_told_as_by_a_decorator(name: str, tmp_path: Path) -> None:
    verdict = judge(case(RIGHT[name]), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


def test_what_the_apps_own_registry_gives_is_never_wrong(tmp_path: Path) -> None:
    verdict = judge(case(_OWN), tmp_path, here=True)
    assert verdict.word in ("right", "refused"), verdict.why
