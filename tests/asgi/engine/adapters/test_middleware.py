"""Middleware and exception handlers of an app: added, changed, taken out, in the order of the source."""

from __future__ import annotations

import httpx
import pytest

APP = """
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
class Tag:
    made = 0
    def __init__(self, app, name):
        self.app, self.name = app, name
        self.seen = 0
        type(self).made += 1
    async def __call__(self, scope, receive, send):
        self.seen += 1
        scope["tags"] = [*scope.get("tags", []), self.name]
        await self.app(scope, receive, send)
class Broken(Exception): pass
class Other(Exception): pass
STRICT = True
app = FastAPI()
app.add_middleware(Tag, name="a")
if STRICT:
    app.add_middleware(Tag, name="b")
@app.middleware("http")
async def tagged(request: Request, call_next):
    request.scope["tags"] = [*request.scope.get("tags", []), "f"]
    return await call_next(request)
@app.exception_handler(Broken)
async def broken(request, exc): return JSONResponse("broken", 418)
@app.get("/")
def home(request: Request): return request.scope["tags"]
@app.get("/broken")
def fails(): raise Broken
@app.get("/other")
def other(): raise Other
"""


async def get(app, path: str) -> tuple[int, object]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get(path)
        return response.status_code, response.json() if response.status_code != 500 else None


EDITS = {
    "one is added": ("if STRICT", 'app.add_middleware(Tag, name="c")\nif STRICT', ["f", "b", "c", "a"]),
    "one goes": ('app.add_middleware(Tag, name="a")\n', "", ["f", "b"]),
    "its arguments change": ('Tag, name="a"', 'Tag, name="x"', ["f", "b", "x"]),
    "a condition changes": ("if STRICT:", "if not STRICT:", ["f", "a"]),
    "what a condition reads changes": ("STRICT = True", "STRICT = False", ["f", "a"]),
    "a block changes": (
        'Tag, name="b")',
        'Tag, name="b")\n    app.add_middleware(Tag, name="d")',
        ["f", "d", "b", "a"],
    ),
    "a function goes": ('@app.middleware("http")\n', "", ["b", "a"]),
    "a function's code changes": ('"f"', '"g"', ["g", "b", "a"]),
    "the order changes": (
        'app.add_middleware(Tag, name="a")\nif STRICT:\n    app.add_middleware(Tag, name="b")\n',
        'if STRICT:\n    app.add_middleware(Tag, name="b")\napp.add_middleware(Tag, name="a")\n',
        ["f", "a", "b"],
    ),
}


@pytest.mark.parametrize(("before", "after", "tags"), EDITS.values(), ids=EDITS)
async def test_middleware_changes(lab, before, after, tags):
    app = lab(m=APP)
    served = app.m.app
    assert await get(served, "/") == (200, ["f", "b", "a"])
    stack = served.middleware_stack
    text = APP.replace(before, after)
    assert text != APP
    app.upgrade(m=text)
    assert await get(served, "/") == (200, tags)
    assert app.differs(("m.Tag.made",), m=text) == []
    app.undo()
    assert served.middleware_stack is stack
    assert await get(served, "/") == (200, ["f", "b", "a"])


async def test_middleware_that_stays_keeps_its_state(lab):
    app = lab(m=APP)
    await get(app.m.app, "/")
    layers, layer = [], app.m.app.middleware_stack
    while hasattr(layer, "app"):
        layers.append(layer)
        layer = layer.app
    kept = next(one for one in layers if getattr(one, "name", "") == "a")
    app.upgrade(m=APP.replace('Tag, name="b"', 'Tag, name="x"'))
    assert await get(app.m.app, "/") == (200, ["f", "x", "a"])
    assert kept.seen == 2
    app.undo()
    await get(app.m.app, "/")
    assert kept.seen == 3


async def test_middleware_that_somebody_else_added_stays(lab):
    app = lab(m=APP)
    app.m.app.add_middleware(app.m.Tag, name="late")
    assert await get(app.m.app, "/") == (200, ["late", "f", "b", "a"])
    app.upgrade(m=APP.replace('Tag, name="a"', 'Tag, name="x"'))
    assert await get(app.m.app, "/") == (200, ["late", "f", "b", "x"])


HANDLER = '@app.exception_handler(Broken)\nasync def broken(request, exc): return JSONResponse("broken", 418)\n'
HANDLERS = {
    "one is added": (HANDLER, HANDLER + HANDLER.replace("Broken", "Other").replace("def broken", "def more"), 418, 418),
    "one goes": (HANDLER, "", 500, 500),
    "its code changes": ("418", "419", 419, 500),
    "its signature changes": ("exc): return", "exc, n=2): return", 418, 500),
    "what it handles changes": ("@app.exception_handler(Broken)", "@app.exception_handler(Other)", 500, 418),
}


@pytest.mark.parametrize(("before", "after", "broken", "other"), HANDLERS.values(), ids=HANDLERS)
async def test_exception_handlers_change(lab, before, after, broken, other):
    app = lab(m=APP)
    assert await get(app.m.app, "/broken") == (418, "broken")
    text = APP.replace(before, after)
    app.upgrade(m=text)
    assert ((await get(app.m.app, "/broken"))[0], (await get(app.m.app, "/other"))[0]) == (broken, other)
    assert app.differs(("m.Tag.made",), m=text) == []
    app.undo()
    assert await get(app.m.app, "/broken") == (418, "broken")
    assert (await get(app.m.app, "/other"))[0] == 500
