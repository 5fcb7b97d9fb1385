"""Middleware of the app's own classes gains options: its layer is made anew, as long as nobody is in it and nothing of
what it keeps would be lost."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge

TEXT = """
    import asyncio, httpx
    from fastapi import FastAPI, Request
    from starlette.middleware.base import BaseHTTPMiddleware
    async def _get(path):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            response = await client.get(path)
        return response.status_code, response.text, response.headers.get("x")
    def get(path): return asyncio.run(_get(path))
    app = FastAPI()
    class Plain:
        def __init__(self, app):
            self.app = app
        async def __call__(self, scope, receive, send):
            async def told(message):
                if message["type"] == "http.response.start":
                    message["headers"].append((b"x", b"1"))
                await send(message)
            await self.app(scope, receive, told)
    class Timing(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            response = await call_next(request)
            response.headers["x"] = "1"
            return response
    class Limit:
        def __init__(self, app):
            self.app, self.seen = app, {}
        async def __call__(self, scope, receive, send):
            self.seen[1] = self.seen.get(1, 0) + 1
            await self.app(scope, receive, send)
    ADD
    @app.get("/")
    def home(): return "home"
"""
ASK = """
    === use
    m.get("/")
    === ask
    m.get("/")
    [type(m.app.middleware_stack.app).__name__, vars(m.app.middleware_stack.app).get("value")]
"""
PLAIN = (
    ("def __init__(self, app):\n            self.app = app\n", "def __init__(self, app, value=b'2'):\n"
     "            self.app, self.value = app, value\n"),
    ('b"1"', "self.value"),
)  # fmt: skip
TIMING = (
    ("        async def dispatch", "        def __init__(self, app, value='t'):\n            super().__init__(app)\n"
     "            self.value = value\n        async def dispatch"),
    ('"1"\n            return', "self.value\n            return"),
)  # fmt: skip
LIMIT = (("self.app, self.seen = app, {}", "self.app, self.seen, self.value = app, {}, 5"), ("+ 1", "+ self.value"))


def verdict_of(added: str, edits: tuple[tuple[str, str], ...], then: str, path: object) -> tuple[str, list[str]]:
    old = new = TEXT.replace("ADD", f"app.add_middleware({added})")
    for before, after in (*edits, (f"add_middleware({added})", f"add_middleware({then})")):
        assert before in new
        new = new.replace(before, after)
    verdict = judge(case(f"\n    --- m{old}\n    +++ m{new}{ASK}"), path, here=True)  # type: ignore[arg-type]
    return verdict.word, verdict.why


@pytest.mark.parametrize(
    ("added", "edits", "then"),
    [
        ("Plain", PLAIN, "Plain, value=b'9'"),
        ("Plain", PLAIN, "Plain"),
        ("Timing", TIMING, "Timing, value='9'"),
        ("Timing", TIMING, "Timing"),
    ],
)
def test_it_gains_an_option(added, edits, then, tmp_path):
    word, why = verdict_of(added, edits, then, tmp_path)
    assert word == "right", why


def test_it_keeps_something(tmp_path):
    word, why = verdict_of("Limit", LIMIT, "Limit", tmp_path)
    assert word == "refused" and "lack the attribute `value`" in why[0], why
