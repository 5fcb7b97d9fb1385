"""What a module sets on its app lives on when the app is made otherwise: by its constructor, or as a whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.asgi.engine.lab import Lab

from .serving import answers

MAIN = """
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
%s
def custom(app):
    return {**get_openapi(title="mine", version="7", routes=app.routes), "x-of": app.openapi_version}
app.openapi = lambda: custom(app)
app.openapi_version = "3.0.2"
app.router.redirect_slashes = False
@app.get("/a/")
def a(): return "a"
"""
MAKING = {
    "by its constructor": ("app = FastAPI(separate_input_output_schemas=True)", "True", "False"),
    "as a whole": (
        "def make(n): return FastAPI(title='t', swagger_ui_parameters={'n': n})\napp = make(1)",
        "make(1)",
        "make(2)",
    ),
}


@pytest.mark.parametrize(("making", "old", "new"), MAKING.values(), ids=MAKING)
async def test_what_is_set_on_an_app_lives_on(lab: Callable[..., Lab], making: str, old: str, new: str) -> None:
    before, after = MAIN % making, MAIN % making.replace(old, new)
    asked = [("GET", path, None) for path in ("/a", "/a/")]
    app = lab(main=before)
    app.here = True
    live, said = app.main.app, await answers(app.main.app, asked)
    app.arrive(main=after)
    cold, _, _ = app.cold_here(main=after)
    assert app.main.app is live
    assert await answers(live, asked) == await answers(cold[f"{app.top}.main"].app, asked)
    app.undo()
    live.openapi_schema = None
    assert await answers(live, asked) == said
