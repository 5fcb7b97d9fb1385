"""Lists of routes that have a name, and what is made of them: `routes = [Route(…)]`, `Starlette(routes=routes)`."""

from __future__ import annotations

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.asgi.engine.pairs import pair
from tests.asgi.engine.started import served

from .serving import answers, serves

STARLETTE = """
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from flyhot_asgi import LiveView, live_routes
async def home(request): return PlainTextResponse("home")
async def other(request): return PlainTextResponse("other")
class Page(HTTPEndpoint):
    async def get(self, request): return PlainTextResponse("page")
class View(LiveView):
    async def mount(self, params, session): self.state = {}
    def render(self): return "live"
async def echo(websocket): await websocket.accept()
class Mounted:
    def __init__(self): self.count = 0
    async def __call__(self, scope, receive, send): await PlainTextResponse("mounted")(scope, receive, send)
mounted = Mounted()
LISTS
"""
ASKED = [("GET", path, None) for path in ("/", "/page", "/m/o", "/m/p", "/named", "/other", "/sub/x")]
MADE = "app = Starlette(routes=routes)"
FOLLOW = {
    "one more": ('routes = [Route("/", home)]', 'routes = [Route("/", home), Route("/other", other)]'),
    "another place": (
        'routes = [Route("/", home), Route("/{any}", other)]',
        'routes = [Route("/page", Page), Route("/{any}", other), Route("/", home)]',
    ),
    "one that goes": ('routes = [Route("/", home), Route("/other", other)]', 'routes = [Route("/", home)]'),
    "another endpoint": ('routes = [Route("/", home)]', 'routes = [Route("/", Page, name="page")]'),
    "a websocket": ('routes = [Route("/", home)]', 'routes = [Route("/", home), WebSocketRoute("/ws", echo)]'),
    "beside live views": (
        'routes = [Route("/", home), *live_routes("/live", View)]',
        'routes = [Route("/", home), Route("/other", other), *live_routes("/live", View)]',
    ),
    "beside what is mounted": (
        'routes = [Mount("/m", routes=[Route("/o", other)]), Mount("/named", mounted), Mount("/s", StaticFiles())]',
        'routes = [Mount("/m", routes=[Route("/p", home)]), Mount("/named", mounted), Mount("/s", StaticFiles())]',
    ),
    "a list in a list": (
        'inner = [Route("/o", other)]\nroutes = [Route("/", home), Mount("/m", routes=inner)]',
        'inner = [Route("/o", other), Route("/p", home)]\nroutes = [Route("/", home), Mount("/m", routes=inner)]',
    ),
    "a router of it": (
        'inner = [Route("/x", home)]\nsub = Router(routes=inner)\nroutes = [Mount("/sub", sub)]',
        'inner = [Route("/x", other)]\nsub = Router(routes=inner)\nroutes = [Mount("/sub", sub)]',
    ),
    "a router whose routes are written out in the call": (
        'sub = Router(routes=[Route("/x", home)])\nroutes = [Mount("/sub", sub)]',
        'sub = Router(routes=[Route("/x", other)])\nroutes = [Mount("/sub", sub)]',
    ),
    "two lists": (
        'a = [Route("/", home)]\nb = [Route("/page", Page)]\nroutes = a + b',
        'a = [Route("/", home)]\nb = [Route("/page", Page), Route("/other", other)]\nroutes = a + b',
    ),
}
STATEFUL = {
    "what is mounted has no other name": (
        'routes = [Route("/", home), Mount("/named", Mounted())]',
        'routes = [Route("/", other), Mount("/named", Mounted())]',
    ),
    "an endpoint that is an object without a name": (
        'routes = [Route("/", home), Route("/named", Mounted())]',
        'routes = [Route("/", other), Route("/named", Mounted())]',
    ),
    "an app in an app": (
        'routes = [Route("/", home), Mount("/sub", Starlette(routes=[Route("/x", home)]))]',
        'routes = [Route("/", other), Mount("/sub", Starlette(routes=[Route("/x", home)]))]',
    ),
}


def released(before: str, after: str, made: str = MADE) -> str:
    sides = [STARLETTE.replace("LISTS", f"{one}\n{made}").splitlines() for one in (before, after)]
    old, new = ("\n".join(f"    {line}" for line in side) for side in sides)
    return f"    --- main\n{old}\n    +++ main\n{new}"


@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize(("before", "after"), FOLLOW.values(), ids=FOLLOW)
async def test_a_list_that_changes_is_followed(lab, before, after, looks):
    await serves(looking(lab, looks), released(before, after), ASKED)


GONE = 'async def gone(request): return PlainTextResponse("gone")\n'
LISTED = {
    "by a list with a name": ('routes = [Route("/", home)GOES]', MADE),
    "in the call": ("", 'app = Starlette(routes=[Route("/", home)GOES])'),
    "in a list in a list": ('inner = [Route("/o", home)GOES]\nroutes = [Mount("/m", routes=inner)]', MADE),
}


@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize(("listed", "made"), LISTED.values(), ids=LISTED)
async def test_what_goes_with_its_route(lab, listed, made, looks):
    before = [text.replace("GOES", ', Route("/gone", gone)') for text in (GONE + listed, made)]
    after = [text.replace("GOES", "") for text in (listed, made)]
    text = released("\n".join(before), "\n".join(after), "")
    await serves(looking(lab, looks), text, [*ASKED, ("GET", "/gone", None)])
    old, new = pair(text)
    app = looking(lab, looks)(**old)
    async with served(app.main.app):  # its lifespan holds the app, and so its routes
        app.upgrade(**new)
    assert not hasattr(app.main, "gone")


async def test_a_function_makes_the_app_of_it(lab):
    made = "def create():\n    return Starlette(routes=routes)\napp = create()"
    await serves(looking(lab, True), released(*FOLLOW["one more"], made), ASKED)


def looking(lab, looks):
    """`looks`: the living process is compared with a cold import, as it is where a release is deployed."""

    def make(**files):
        made = lab(**files)
        made.looks = looks
        return made

    return make


async def test_the_list_comes_from_another_module(lab):
    text = STARLETTE.replace("LISTS", 'routes = [Route("/", home)]')
    app = lab(urls=text, main=f"from starlette.applications import Starlette\nfrom .urls import routes\n{MADE}\n")
    routes, router = app.urls.routes, app.main.app.router
    app.upgrade(main=app.sources[f"{app.top}.main"].text, urls=text.replace("home)]", 'home), Route("/other", other)]'))
    assert app.main.routes is app.urls.routes is routes and len(routes) == 2 and app.main.app.router is router
    assert await answers(app.main.app, [("GET", "/other", None)]) == [(200, "other"), (404, "Not Found")]
    app.undo()
    assert app.urls.routes is routes and len(routes) == 1 == len(router.routes)


async def test_what_the_program_added_stays(lab):
    before, after = (STARLETTE.replace("LISTS", f"{one}\n{MADE}") for one in FOLLOW["one more"])
    app = lab(main=before)
    late = Route("/late", lambda request: PlainTextResponse("late"))
    app.main.app.router.routes.append(late)
    app.upgrade(main=after)
    assert [route.path for route in app.main.app.router.routes] == ["/", "/other", "/late"]
    app.undo()
    assert [route.path for route in app.main.app.router.routes] == ["/", "/late"]


@pytest.mark.parametrize(("before", "after"), STATEFUL.values(), ids=STATEFUL)
@pytest.mark.parametrize("looks", [False, True])
async def test_what_may_have_state_is_not_made_again(lab, before, after, looks):
    old, new = (STARLETTE.replace("LISTS", f"{one}\n{MADE}") for one in (before, after))
    app = lab(main=old)
    app.looks = looks
    assert any("state" in refusal.reason for refusal in app.plan(main=new).refusals)
