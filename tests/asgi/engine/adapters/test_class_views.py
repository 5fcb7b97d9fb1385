"""Routes that stand in a class, and that a decorator of the class enters anew in their router: class-based views."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge

VIEWS = """
    --- views
    import inspect
    from fastapi import APIRouter, Depends
    def view(router):
        def decorator(cls):
            made = cls.__init__
            def init(self, **given):
                for name, value in given.items():
                    setattr(self, name, value)
                made(self)
            kinds = {n: t for n, t in cls.__annotations__.items()}
            cls.__signature__ = inspect.Signature(
                [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=getattr(cls, n), annotation=t)
                 for n, t in kinds.items()])
            cls.__init__ = init
            inner = APIRouter()
            mine = {f for _, f in inspect.getmembers(cls, inspect.isfunction)}
            moved = [route for route in router.routes if getattr(route, "endpoint", None) in mine]
            for route in moved:
                router.routes.remove(route)
                route.path = route.path[len(router.prefix):]
                signature = inspect.signature(route.endpoint)
                first, *rest = signature.parameters.values()
                parameters = [first.replace(default=Depends(cls))]
                parameters += [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in rest]
                route.endpoint.__signature__ = signature.replace(parameters=parameters)
            inner.routes = moved
            prefix, router.prefix = router.prefix, ""
            router.include_router(inner, prefix=prefix)
            return cls
        return decorator
    --- schemas
    from pydantic import BaseModel
    class Summary(BaseModel):
        id: int
    class Other(BaseModel):
        size: int
    --- items
    from fastapi import APIRouter, Depends
    from .schemas import Other, Summary
    from .views import view
    router = APIRouter(prefix="/items", tags=["items"])
    def number(): return 7
    @view(router)
    class Items:
        number: int = Depends(number)
        @router.get("/one", response_model=Summary)
        def one(self): return {"id": self.number, "name": "n"}
        @router.get("/other", response_model=Other)
        def other(self): return {"size": 1}
        @router.get("/plain")
        def plain(self): return self.number
    --- users
    from fastapi import APIRouter, Depends
    from .items import number
    from .views import view
    router = APIRouter(prefix="/users")
    @view(router)
    class Users:
        number: int = Depends(number)
        @router.get("/me")
        def me(self): return self.number
    --- m
    from fastapi import APIRouter, FastAPI
    from . import items, users
    api = APIRouter(prefix="/api")
    api.include_router(items.router)
    api.include_router(users.router)
    app = FastAPI()
    def routers(): app.include_router(api)
    routers()
    === ask
    m.app.openapi()
    [(r.path, r.name) for r in m.app.routes]
    __import__("starlette.testclient").testclient.TestClient(m.app).get("/api/items/one").text
    __import__("starlette.testclient").testclient.TestClient(m.app).get("/api/items/plain").text
    __import__("starlette.testclient").testclient.TestClient(m.app).get("/api/users/me").text
"""
SCHEMAS = """
    +++ schemas
    from pydantic import BaseModel
    class Summary(BaseModel):
        id: int
        name: str
    class Other(BaseModel):
        size: int
"""
ROUTE = """
    +++ users
    from fastapi import APIRouter, Depends
    from .items import number
    from .views import view
    router = APIRouter(prefix="/users")
    @view(router)
    class Users:
        number: int = Depends(number)
        @router.put("")
        def many(self, all: list[int]): return sum(all)
        @router.get("/me")
        def me(self): return self.number + 1
"""
MORE = """
    +++ users
    from fastapi import APIRouter, Depends
    from .items import number
    from .views import view
    router = APIRouter(prefix="/users")
    @view(router)
    class Users:
        number: int = Depends(number)
        @router.get("/me")
        def me(self): return self.number
    @router.get("/plain")
    def plain(): return 3
    router.prefix = "/users"
    @view(router)
    class Others:
        number: int = Depends(number)
        @router.get("/others")
        def others(self): return self.number
"""
GONE = """
    +++ users
    from fastapi import APIRouter
    router = APIRouter(prefix="/users")
    @router.get("/me")
    def me(): return 3
"""
PREFIX = """
    +++ users
    from fastapi import APIRouter, Depends
    from .items import number
    from .views import view
    router = APIRouter(prefix="/people")
    @view(router)
    class Users:
        number: int = Depends(number)
        @router.get("/me")
        def me(self): return self.number
"""
READS = """
    +++ items
    from fastapi import APIRouter, Depends
    from .schemas import Other, Summary
    from .views import view
    router = APIRouter(prefix="/items", tags=["items"])
    def number(more: int = 0): return 8 + more
    @view(router)
    class Items:
        number: int = Depends(number)
        @router.get("/one", response_model=Summary)
        def one(self): return {"id": self.number, "name": "n"}
        @router.get("/other", response_model=Other)
        def other(self): return {"size": 2}
        @router.get("/plain")
        def plain(self): return self.number
"""
CALLED = """
    +++ m
    from fastapi import APIRouter, FastAPI
    from . import items, users
    api = APIRouter(prefix="/api")
    api.include_router(items.router)
    api.include_router(users.router)
    app = FastAPI()
    def routers():
        app.include_router(api)
        app.include_router(users.router, prefix="/again")
    routers()
"""
EDITS = {
    "a model": SCHEMAS,
    "a route": ROUTE,
    "both": SCHEMAS + ROUTE,
    "another class": MORE,
    "the class goes": GONE,
    "the prefix": PREFIX,
    "a dependency and a body": READS,
    "a function that includes": CALLED,
    "a function that includes, and a route": ROUTE + CALLED,
}


@pytest.mark.parametrize("edit", EDITS)
def test_views_follow_what_they_answer_with_and_their_routes(edit, tmp_path):
    releases, ask = VIEWS.split("    === ask")
    verdict = judge(case(f"{releases}{EDITS[edit]}    === ask{ask}"), tmp_path, here=True)
    assert verdict.word == "right", verdict.why
