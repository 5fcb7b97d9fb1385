"""Requests in flight, and scopes that servers keep, have the routes by which they came: those are in nobody's way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import starlette.routing

from ..constructs.case import case, judge
from ..lab import Lab

_HEAD = """
from fastapi import Depends, FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI()
waiting = []

"""
_BEFORE = """
async def prefix():
    return "-"


async def name(prefix: str = Depends(prefix)):
    return prefix + "x"


@app.get("/"{})
async def home(name: str = Depends(name)):
    for one in waiting:
        await one
    return PlainTextResponse(name)
"""
_AFTER = """
async def name():
    return "y"


@app.get("/")
async def home(name: str = Depends(name)):
    for one in waiting:
        await one
    return PlainTextResponse(name)
"""
_ASK = """
sent = []


class Later:
    def __await__(self):
        yield


async def receive():
    return {"type": "http.request"}


async def send(message):
    sent.append(message)


def ask():
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/",
             "raw_path": b"/", "root_path": "", "scheme": "http", "query_string": b"", "headers": [], "client": None,
             "server": None, "state": {}}
    return main.app(scope, receive, send)


def go_on(request):
    try:
        request.send(None)
    except StopIteration:
        return "answered"


"""


def test_a_request_in_flight_ends_with_the_dependencies_that_it_has_solved(tmp_path):
    text = f"""
--- main
{_HEAD}{_BEFORE.format("")}
+++ main
{_HEAD}{_AFTER}
=== hold
{_ASK}
=== use
main.waiting.append(Later())
lib.append(ask())
go_on(lib[0])
=== ask
len(sent) => 0
go_on(lib[0]) => 'answered'
(sent[0]["status"], sent[1]["body"]) => (200, b'-x')
lib.append(ask()) => None
main.waiting.clear() => None
go_on(lib[1]) => 'answered'
(sent[2]["status"], sent[3]["body"]) => (200, b'y')
"""
    verdict = judge(case(text), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


_MIDDLEWARE = """
class Stamp:
    def __init__(self, app, header="x"):
        self.app = app
        self.header = header

    async def __call__(self, scope, receive, send):
        async def stamped(message):
            await send({{**message, "by": {}}})

        await self.app(scope, receive, stamped)


app.add_middleware(Stamp)


@app.get("/")
async def home():
    for one in waiting:
        await one
    return PlainTextResponse("a")
"""


def test_a_closure_of_a_request_in_flight_ends_on_its_old_code(tmp_path):
    """Its new code needs a variable that the old one has no place for."""
    text = f"""
--- main
{_HEAD}{_MIDDLEWARE.format(1)}
+++ main
{_HEAD}{_MIDDLEWARE.format("len(self.header) + 1")}
=== hold
{_ASK}
=== use
main.waiting.append(Later())
lib.append(ask())
go_on(lib[0])
=== ask
go_on(lib[0]) => 'answered'
sent[0]["by"] => 1
main.waiting.clear() => None
go_on(ask()) => 'answered'
sent[2]["by"] => 2
"""
    verdict = judge(case(text), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


def test_a_closure_that_a_lifespan_or_a_websocket_has_no_use_for_is_in_nobodys_way(tmp_path):
    """The middleware made it for them as well, and handed on what it got."""
    handed = "await self.app(scope, receive, stamped if scope['type'] == 'http' else send)"
    old, new = (
        _MIDDLEWARE.format(by).replace("await self.app(scope, receive, stamped)", handed)
        for by in ("1", "len(self.header) + 1")
    )
    text = f"""
--- main
{_HEAD}{old}
+++ main
{_HEAD}{new}
=== hold
{_ASK}


async def started():
    if not lib:
        lib.append("started")
        return {{"type": "lifespan.startup"}}
    await Later()


=== use
lib.append(main.app({{"type": "lifespan", "asgi": {{}}}}, started, send))
lib.insert(0, lib[0])
go_on(lib[0])
=== ask
go_on(ask()) => 'answered'
sent[-1]["by"] => 2
"""
    verdict = judge(case(text), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


def test_one_that_somebody_keeps_beyond_the_request_is_in_the_way(tmp_path):
    text = f"""
--- main
{_HEAD}{_MIDDLEWARE.format(1)}
+++ main
{_HEAD}{_MIDDLEWARE.format("len(self.header) + 1")}
=== hold
{_ASK}
=== use
import gc
main.waiting.append(Later())
lib.append(ask())
go_on(lib[0])
lib.append([one for one in gc.get_objects() if type(one) is type(ask) and one.__name__ == "stamped"])
=== ask
len(sent) => 0
"""
    verdict = judge(case(text), tmp_path, here=True)
    assert verdict.word == "refused", verdict.why


def test_a_scope_that_a_server_keeps_holds_no_route_of_an_earlier_release(lab: Callable[..., Lab], kept_by_a_library):
    app = lab(main=_HEAD + _BEFORE.format(""))
    main = app.main
    scope = {"type": "http", "asgi": {}, "path": "/", "route": main.app.routes[-1], "endpoint": main.home}
    kept_by_a_library(scope)
    app.upgrade(main=_HEAD + _BEFORE.format(', summary="s"'))
    assert all(one is not scope["route"] for one in main.app.routes)
    app.upgrade(main=_HEAD + _AFTER)
    assert not hasattr(main, "prefix")


@pytest.mark.parametrize("key", ["state", "user"])
def test_what_a_scope_has_besides_counts(lab: Callable[..., Lab], kept_by_a_library, key: str):
    app = lab(main="def old():\n    return 1\n\n\ndef other():\n    return 2\n")
    kept_by_a_library({"type": "websocket", "asgi": {}, key: {"callback": app.main.old}})
    plan = app.plan(main="def other():\n    return 2\n")
    assert any("still held by" in one.reason for one in plan.refusals), plan.refusals


@pytest.fixture
def kept_by_a_library(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    def keep(value: object) -> None:
        monkeypatch.setattr(starlette.routing, "kept", [value], raising=False)

    return keep
