"""What an app notes of functions when it is made, and what it leads to that no module names: what they are (plain, a
coroutine, a generator), and routers that functions made. Where they turn, who was handed them looks again."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge

CLIENT = """
    import asyncio, httpx
    async def _get(path):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            response = await client.get(path)
        return response.status_code, response.text
    def get(path): return asyncio.run(_get(path))
"""
STARLETTE = (
    """
    --- m
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route
"""
    + CLIENT
    + """
    {function}
    {made}
    +++ m
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route
"""
    + CLIENT
    + """
    {turned}
    {made}
    === use
    m.get("/")
    === ask
    m.get("/")
    m.get("/sub/")
"""
)
PLAIN = 'def index(request): return PlainTextResponse("i")'
MADE = {
    "in the constructor's list": (
        'app = Starlette(routes=[Route("/", index), Mount("/sub", routes=[Route("/", index)])])'
    ),
    "in a list with a name": 'ROUTES = [Route("/", index)]\n    app = Starlette(routes=ROUTES)',
    "through a list of functions": (
        'PAGES = [index]\n    app = Starlette(routes=[Route("/", page) for page in PAGES])'
    ),
    "through a function": 'def pages(): return [Route("/", index)]\n    app = Starlette(routes=[*pages()])',
    "by a call": 'app = Starlette()\n    app.add_route("/", index)',
}


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("turned", ["to a coroutine", "back"])
def test_an_endpoint_turns(made, turned, tmp_path):
    sides = {"{function}": PLAIN, "{turned}": f"async {PLAIN}", "{made}": MADE[made]}
    if turned == "back":
        sides |= {"{function}": f"async {PLAIN}", "{turned}": PLAIN}
    text = STARLETTE
    for key, value in sides.items():
        text = text.replace(key, value)
    verdict = judge(case(text), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


FASTAPI = (
    """
    --- m
    from fastapi import APIRouter, Depends, FastAPI
"""
    + CLIENT
    + """
    LOG = []
    {before}
    +++ m
    from fastapi import APIRouter, Depends, FastAPI
"""
    + CLIENT
    + """
    LOG = []
    {after}
    === use
    m.get("/a/x")
    === ask
    m.get("/a/x")
    m.get("/a/y?q=3")
    m.app.openapi()
"""
)
FACTORY = """
    def make(v):
        r = APIRouter()
        @r.get("/x")
        def x(): return v
        return r
    app = FastAPI()
    app.{enter}
"""
ENTER = ['include_router(make(1), prefix="/a")', 'mount("/a", make(1))']
DEPENDENCY = """
    def db(): return "db"
    router = APIRouter(prefix="/a", dependencies=[Depends(db)])
    @router.get("/x")
    def x(d=Depends(db)): return d
    app = FastAPI()
    app.include_router(router)
"""
YIELDS = ('return "db"', 'yield "DB"')


@pytest.mark.parametrize("enter", ENTER)
def test_a_router_that_a_function_makes_gains_a_route(enter, tmp_path):
    before = FACTORY.replace("{enter}", enter)
    after = before.replace(
        "        return r\n", '        @r.get("/y")\n        def y(q: int): return v + q\n        return r\n'
    )
    verdict = judge(case(FASTAPI.replace("{before}", before).replace("{after}", after)), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


def test_a_dependency_becomes_a_generator_and_a_coroutine(tmp_path):
    after = DEPENDENCY.replace("def db", "async def db").replace(*YIELDS)
    verdict = judge(case(FASTAPI.replace("{before}", DEPENDENCY).replace("{after}", after)), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


def test_a_decorator_looks_again_at_a_function_that_turned(tmp_path):
    text = """
    --- m
    import inspect
    def kinds(f):
        f.asks = inspect.isgeneratorfunction(f)
        return f
    @kinds
    def f(x): return x
    KNOWN = [f]
    def call(x): return [list(one(x)) if one.asks else one(x) for one in KNOWN]
    +++ m
    import inspect
    def kinds(f):
        f.asks = inspect.isgeneratorfunction(f)
        return f
    @kinds
    def f(x): yield x
    KNOWN = [f]
    def call(x): return [list(one(x)) if one.asks else one(x) for one in KNOWN]
    === ask
    m.call(1)
    m.f.asks
    """
    verdict = judge(case(text), tmp_path, here=True)
    assert verdict.word == "right", verdict.why
