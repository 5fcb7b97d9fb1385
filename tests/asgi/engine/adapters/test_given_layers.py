"""Middleware and handlers of errors that an app's constructor is given: the stack is built of the release's."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge

APP = """
    --- m
    import asyncio, httpx
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    class Tag:
        def __init__(self, app, name="n"): self.app, self.name = app, name
        async def __call__(self, scope, receive, send):
            async def tell(message):
                if message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], (b"x-tag", self.name.encode())]
                await send(message)
            await self.app(scope, receive, tell)
    async def home(request): return PlainTextResponse("home")
    async def lost(request, exc): return PlainTextResponse("lost", 404)
    layers = [Middleware(Tag, name="a"), Middleware(Tag, name="b")]
    app = Starlette(routes=[Route("/", home)], middleware=layers, exception_handlers={404: lost})
    app.state.kept = []
    async def ask(path):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            answer = await client.get(path)
            return answer.status_code, answer.text, answer.headers.get_list("x-tag")
    def told(): return asyncio.run(ask("/")), asyncio.run(ask("/nowhere"))
"""
EDITS = {
    "an option changes": ('name="b"', 'name="c"'),
    "one comes": ("layers = [", 'layers = [Middleware(Tag, name="z"), '),
    "one goes": ('Middleware(Tag, name="a"), ', ""),
    "they are written out": ("middleware=layers", 'middleware=[Middleware(Tag, name="c")]'),
    "an error has another handler": ("{404: lost}", "{404: home}"),
}


@pytest.mark.parametrize(("before", "after"), EDITS.values(), ids=EDITS)
def test_the_stack_follows(before, after, tmp_path):
    new = APP.replace("--- m", "+++ m").replace(before, after)
    text = f"{APP}{new}    === hold\n    held = m.app\n    === use\n    m.told(); held.state.kept.append(1)\n"
    verdict = judge(
        case(f"{text}    === ask\n    m.told()\n    m.app is held\n    held.state.kept => [1]\n"), tmp_path, here=True
    )
    assert verdict.word == "right", verdict.why
