"""Lifespans and start-up handlers that change: refused of an app that was started, made new in one that was not."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from flyhot_asgi.engine.outcome import Refused
from tests.asgi.engine.pairs import pair
from tests.asgi.engine.started import served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


BODY = """
--- main
import contextlib
from fastapi import FastAPI
seen = []
@contextlib.asynccontextmanager
async def lifespan(app):
    seen.append(1)
    yield
app = FastAPI(lifespan=lifespan)
+++ main
import contextlib
from fastapi import FastAPI
seen = []
@contextlib.asynccontextmanager
async def lifespan(app):
    seen.append(2)
    yield
app = FastAPI(lifespan=lifespan)
"""
HANDLER = """
--- main
from fastapi import FastAPI
seen = []
app = FastAPI()
@app.on_event("startup")
async def start(): seen.append(1)
+++ main
from fastapi import FastAPI
seen = []
app = FastAPI()
@app.on_event("startup")
async def start(): seen.append(2)
"""
GIVEN = """
--- main
import contextlib
from fastapi import FastAPI
seen = []
app = FastAPI()
@app.get("/")
def home(): return 1
+++ main
import contextlib
from fastapi import FastAPI
seen = []
@contextlib.asynccontextmanager
async def lifespan(app):
    seen.append(2)
    yield
app = FastAPI(lifespan=lifespan)
@app.get("/")
def home(): return 1
"""
ANOTHER = """
--- main
import contextlib
from fastapi import APIRouter, FastAPI
seen = []
router = APIRouter()
@router.get("/r")
def there(): return 1
@contextlib.asynccontextmanager
async def one(app):
    seen.append(1)
    yield
app = FastAPI(lifespan=one)
app.include_router(router)
+++ main
import contextlib
from fastapi import APIRouter, FastAPI
seen = []
router = APIRouter()
@router.get("/r")
def there(): return 1
@contextlib.asynccontextmanager
async def other(app):
    seen.append(2)
    yield
app = FastAPI(lifespan=other)
app.include_router(router)
"""
FACTORY = """
--- main
import contextlib
from fastapi import FastAPI
seen = []
@contextlib.asynccontextmanager
async def one(app):
    seen.append(1)
    yield
def create_app():
    app = FastAPI(lifespan=one)
    @app.get("/")
    def home(): return 1
    return app
app = create_app()
+++ main
import contextlib
from fastapi import FastAPI
seen = []
@contextlib.asynccontextmanager
async def other(app):
    seen.append(2)
    yield
def create_app():
    app = FastAPI(lifespan=other)
    @app.get("/")
    def home(): return 2
    return app
app = create_app()
"""
PAIRS = {
    "its body changes": BODY,
    "a handler's body changes": HANDLER,
    "it comes": GIVEN,
    "another one is given": ANOTHER,
    "another one is given by a factory": FACTORY,
}


@pytest.mark.parametrize("text", PAIRS.values(), ids=PAIRS)
async def test_of_an_app_that_was_not_started_it_is_made_new(lab, text):
    old, new = pair(text)
    app = lab(**old)
    app.here = True
    app.arrive(**new)
    async with served(app.main.app):
        pass
    assert app.main.seen == [2]


@pytest.mark.parametrize("text", PAIRS.values(), ids=PAIRS)
async def test_of_an_app_that_was_started_it_is_refused(lab, text):
    old, new = pair(text)
    app = lab(**old)
    app.here = True
    async with served(app.main.app):
        with pytest.raises(Refused, match="start"):
            app.arrive(**new)


async def test_what_a_lifespan_that_stays_calls_is_noted(lab):
    text = BODY.split("+++")[0].removeprefix("\n--- main\n").replace("seen.append(1)", "begin()")
    text += "\ndef begin(): seen.append(1)\n"
    app = lab(main=text)
    async with served(app.main.app):
        plan = app.plan(main=text.replace("seen.append(1)", "seen.append(2)"))
    assert plan.refusals == []
    assert ["`begin`" in note and "lifespan" in note for note in plan.notes] == [True]


AROUND = """
from fastapi import FastAPI
seen = []
def starter(app):
    async def start(): seen.append(app.title)
    return start
app = FastAPI(title="one")
app.on_event("startup")(starter(app))
@app.get("/")
def home(): return 1
"""
MADE = """
from fastapi import FastAPI
from .routes import router
seen = []
def create_app():
    app = FastAPI(title="one")
    @app.on_event("startup")
    async def start(): seen.append(app.title)
    app.include_router(router)
    return app
app = create_app()
"""


@pytest.mark.parametrize("started", [True, False])
async def test_an_app_that_is_made_again_keeps_the_handlers_that_are_added_to_it(lab, started):
    app = lab(main=AROUND)
    app.here = True
    live = app.main.app
    handlers = live.router.on_startup
    async with served(live) if started else contextlib.nullcontext():
        app.arrive(main=AROUND.replace('title="one"', 'title="one", docs_url=None'))
        assert len(live.router.on_startup) == 1 and live.docs_url is None
        assert live.router.on_startup is handlers
        app.undo()
    assert live.router.on_startup is handlers and len(handlers) == 1 and live.docs_url == "/docs"


@pytest.mark.parametrize("started", [True, False])
def test_so_does_one_that_a_function_makes(lab, started):
    routes = "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/a')\ndef a(): return 1\n"
    app = lab(routes=routes, main=MADE)
    app.here = True
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        start = served(app.main.app)
        if started:
            loop.run_until_complete(start.__aenter__())
        app.arrive(routes=routes, main=MADE.replace("include_router(router)", "include_router(router, prefix='/x')"))
        if started:
            loop.run_until_complete(start.__aexit__(None, None, None))
    assert len(app.main.app.router.on_startup) == 1 and app.main.seen == ["one"] * started


HANDLERS = """
from fastapi import FastAPI
seen = []
app = FastAPI()
@app.get("/")
def home(): return 1
@app.on_event("startup")
async def start(): seen.append("start")
@app.on_event("shutdown")
async def stop(): seen.append("stop")
"""
OTHERS = {
    "one comes": ("@app.on_event", "@app.on_event('shutdown')\ndef first(): seen.append('first')\n@app.on_event"),
    "one gets another name": ("stop():", "halt():"),
    "one goes": ('@app.on_event("shutdown")\nasync def stop(): seen.append("stop")\n', ""),
    "it is no handler any more": ('@app.on_event("shutdown")\n', ""),
    "it stops instead": ('async def start(): seen.append("start")\n@app.on_event("shutdown")\n', ""),
    "another order": (
        HANDLERS[HANDLERS.index("@app.on") :],
        "@app.on_event('shutdown')\ndef a(): seen.append('a')\n" + HANDLERS[HANDLERS.index("@app.on") :],
    ),
}


@pytest.mark.parametrize("started", [True, False])
@pytest.mark.parametrize(("old", "new"), OTHERS.values(), ids=OTHERS)
def test_handlers_that_decorators_add_follow(lab, old, new, started):
    app = lab(main=HANDLERS)
    app.here = True
    live, after = app.main.app, HANDLERS.replace(old, new, 1)
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        start = served(live)
        if started:
            loop.run_until_complete(start.__aenter__())
        if started and 'event("startup")\nasync def start' not in after:
            with pytest.raises(Refused, match="start-up"):
                app.arrive(main=after)
            loop.run_until_complete(start.__aexit__(None, None, None))
            return
        app.arrive(main=after)
        cold = app.cold_here(main=after)[0][f"{app.top}.main"].app
        for name in ("on_startup", "on_shutdown"):
            assert [f.__name__ for f in getattr(live.router, name)] == [f.__name__ for f in getattr(cold.router, name)]
        app.undo()
        assert [f.__name__ for f in live.router.on_shutdown] == ["stop"]
        if started:
            loop.run_until_complete(start.__aexit__(None, None, None))
            assert app.main.seen == ["start", "stop"]
