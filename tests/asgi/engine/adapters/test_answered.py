"""What is registered again asks functions that answer out of their cache: what made the answer is not done again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flyhot_asgi.engine import Refused
from tests.asgi.engine.lab import Lab

from .serving import answers

SETTINGS = """
import functools, os, shutil
class Settings:
    def __init__(self):
        self.debug = True
        with open(os.environ["MADE"], "a") as file:
            file.write("made ")
        shutil.copyfile(os.environ["MADE"], os.environ["MADE"] + ".copy")
@functools.lru_cache%s
def get_settings(%s):
    return Settings()
"""
HANDLERS = """
from fastapi.responses import JSONResponse
from .settings import get_settings
def register(app):
    settings = get_settings(%s)
    if not settings.debug:
        return
    @app.exception_handler(KeyError)
    async def missing(request, exc):
        return JSONResponse({"missing": str(exc)}, status_code=404)
"""
MAIN = """
from fastapi import FastAPI
from .handlers import register
from .routes import router
def make(prefix):
    app = FastAPI()
    app.include_router(router, prefix=prefix)
    return app
app = make("/v1")
register(app)
"""
ROUTES = """
from fastapi import APIRouter
from pydantic import BaseModel
router = APIRouter()
class Item(BaseModel):
    name: str = "x"
@router.get("/item")
def item() -> Item:
    return Item()
@router.get("/none")
def none():
    return {}["k"]
"""
ONCE = {"settings": SETTINGS % ("", ""), "handlers": HANDLERS % "", "main": MAIN, "routes": ROUTES}
ASKED = [("GET", path, None) for path in ("/v1/item", "/v1/none", "/v2/item", "/v2/none")]
EDIT = {"main": MAIN.replace('make("/v1")', 'make("/v2")')}
RUNS = {
    "the function takes arguments": ({"settings": SETTINGS % ("", "debug=True")}, {}),
    "its body is another one": ({}, {"settings": (SETTINGS % ("", "")).replace("return", "print()\n    return")}),
    "it keeps one answer for each": ({"settings": SETTINGS % ("(maxsize=4)", "*names")}, {}),
    "nothing is kept": ({"settings": (SETTINGS % ("", "")).replace("@functools", "#")}, {}),
}


async def test_what_made_the_answer_is_not_done_again(
    lab: Callable[..., Lab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MADE", str(tmp_path / "made"))
    app = lab(**ONCE)
    app.here = True
    before, settings = await answers(app.main.app, ASKED), app.handlers.get_settings()
    cold, _, _ = app.cold_here(**ONCE | EDIT)
    after = await answers(cold[f"{app.top}.main"].app, ASKED)
    assert after != before
    app.arrive(**ONCE | EDIT)
    assert await answers(app.main.app, ASKED) == after
    assert app.handlers.get_settings() is settings
    app.undo()
    app.main.app.openapi_schema = None
    assert await answers(app.main.app, ASKED) == before


@pytest.mark.parametrize(("written", "edited"), RUNS.values(), ids=RUNS)
def test_what_would_run_is_refused(
    lab: Callable[..., Lab],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: dict[str, str],
    edited: dict[str, str],
) -> None:
    monkeypatch.setenv("MADE", str(tmp_path / "made"))
    app = lab(**ONCE | written)
    app.here = True
    with pytest.raises(Refused) as raised:
        app.arrive(**ONCE | written | EDIT | edited)
    assert "shutil.copyfile" in str(raised.value.reasons[0])
