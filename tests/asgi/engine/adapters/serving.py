"""Two releases of a web app: upgraded in place, it must answer as a cold import of the second one does, and undone as
the first one did."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import httpx

from tests.asgi.engine.lab import Lab
from tests.asgi.engine.pairs import pair

Request = tuple[str, str, Any]


async def answers(app: Any, requests: list[Request]) -> list[tuple[int, Any]]:
    """Status and body of each (`METHOD`, path, JSON or None), the OpenAPI document last."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    found: list[tuple[int, Any]] = []
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for method, path, body in [*requests, ("GET", "/openapi.json", None)]:
            response = await client.request(method, path, json=body)
            found.append((response.status_code, response.text))
    await asyncio.sleep(0)  # the loop holds what woke this task, and so the last answer of a thread, until it goes on
    return found


async def serves(
    make: Callable[..., Lab], text: str, requests: list[Request], name: str = "app", but: tuple[str, ...] = ()
) -> Lab:
    """Bring the app of `text` (a `pair`) to its new release and back; the lab, for further questions."""
    old, new = pair(text)
    lab = make(**old)
    app = getattr(lab.main, name)
    before = await answers(app, requests)
    lab.upgrade(**new)
    assert getattr(lab.main, name) is app
    assert lab.differs(but, **new) == []
    cold = getattr(sys.modules[f"{lab.cold[-1]}.main"], name)
    live = [(status, body.replace(lab.top, "TOP")) for status, body in await answers(app, requests)]
    wanted = [(status, body.replace(lab.cold[-1], "TOP")) for status, body in await answers(cold, requests)]
    for asked, has, wants in zip([*requests, "openapi"], live, wanted, strict=True):
        assert has == wants, asked
    lab.undo()
    assert await answers(app, requests) == before
    return lab
