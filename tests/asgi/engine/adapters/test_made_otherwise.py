"""Routes and layers of middleware are made by code of the app's: what that worked out is the release's afterwards."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge

ROUTES = """
    from fastapi import APIRouter, FastAPI
    from fastapi.routing import APIRoute
    import asyncio, httpx
    class Tagged(APIRoute):
        def get_route_handler(self):
            handle = super().get_route_handler()
            tag = "one"
            async def inner(request):
                response = await handle(request)
                response.headers["x-tag"] = tag
                return response
            return inner
    router = APIRouter(route_class=Tagged)
    @router.get("/")
    def index(): return 1
    app = FastAPI()
    app.include_router(router)
    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            return (await client.get("/")).headers.get("x-tag")
    def told(): return asyncio.run(ask())
"""
LAYER = """
    from fastapi import FastAPI
    import asyncio, httpx
    class Tag:
        def __init__(self, app):
            self.app, self.tag = app, "one"
            KEPT
        async def __call__(self, scope, receive, send):
            async def tell(message):
                if message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], (b"x-tag", self.tag.encode())]
                await send(message)
            await self.app(scope, receive, tell)
    app = FastAPI()
    app.add_middleware(Tag)
    @app.get("/")
    def index(): return 1
    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            return (await client.get("/")).headers.get("x-tag")
    def told(): return asyncio.run(ask())
"""


def _judged(text, changed, tmp_path):
    whole = f"\n    --- m{text}\n    +++ m{changed}\n    === use\n    m.told()\n    === ask\n    m.told()\n"
    return judge(case(whole), tmp_path, here=True)


@pytest.mark.parametrize("text", [ROUTES, LAYER.replace("KEPT", "pass")], ids=["routes", "middleware"])
def test_what_their_making_worked_out_follows(text, tmp_path):
    verdict = _judged(text, text.replace('"one"', '"two"'), tmp_path)
    assert verdict.word == "right", verdict.why


def test_the_function_that_a_route_class_makes_needs_one_more_variable(tmp_path):
    text = ROUTES.replace("= tag", '= "one"').replace('            tag = "one"\n', "")
    changed = ROUTES.replace('tag = "one"', "tag = self.name")
    verdict = _judged(text, changed, tmp_path)
    assert verdict.word in ("right", "refused"), verdict.why


def test_a_layer_that_keeps_something_is_refused(tmp_path):
    text = LAYER.replace("KEPT", "self.seen = []")
    verdict = _judged(text, text.replace('"one"', '"two"'), tmp_path)
    assert verdict.word == "refused" and "older `__init__`" in verdict.why[0], verdict.why
