"""An installed library that works on the routes of an app when they were registered, as libraries for pages do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Response
from fastapi.dependencies.utils import get_parameterless_sub_dependant
from fastapi.routing import APIRoute, request_response


def page(response: Response, size: int = 10) -> None:
    response.headers["x-size"] = str(size)


def add_paging(app: FastAPI) -> None:
    """Routes take `size`; and when the app starts, those that came since."""
    _work_on(app.routes)
    before = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Any]:
        _work_on(app.routes)
        async with before(app) as state:
            yield state

    app.router.lifespan_context = lifespan


def _work_on(routes: list[Any]) -> None:
    for route in _every(routes):
        depends = Depends(page)
        route.dependencies.append(depends)
        part = get_parameterless_sub_dependant(depends=depends, path=route.path_format)
        route.dependant.dependencies.append(part)
        route.app = request_response(route.get_route_handler())


def _every(routes: list[Any]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from _every(inner.routes)
