"""Blocks at module level that append routes to an app's list."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..constructs.case import case, judge

_HEAD = """
from fastapi import FastAPI
from starlette.routing import WebSocketRoute

app = FastAPI()


async def a(ws):
    await ws.accept()


async def b(ws):
    await ws.accept()

"""
_APPEND = "app.router.routes.append(WebSocketRoute({}))"
CHANGES = {
    "a loop over a dict": (
        'for path, endpoint in {"/a": a}.items():\n    ' + _APPEND.format("path, endpoint"),
        'for path, endpoint in {"/a": a, "/b": b}.items():\n    ' + _APPEND.format("path, endpoint"),
    ),
    "a loop over a table": (
        'TABLE = {"/a": a}\nfor path in TABLE:\n    ' + _APPEND.format("path, TABLE[path]"),
        'TABLE = {"/b": b}\nfor path in TABLE:\n    ' + _APPEND.format("path, TABLE[path]"),
    ),
    "what the loop does": (
        'for path in ("/a",):\n    ' + _APPEND.format("path, a"),
        'for path in ("/a",):\n    ' + _APPEND.format('"/v1" + path, a'),
    ),
    "a condition": (
        "if app.title:\n    " + _APPEND.format('"/a", a'),
        "if app.title:\n    " + _APPEND.format('"/a", a') + "\n    " + _APPEND.format('"/b", b'),
    ),
    "its own list": ("if True:\n    pass", 'if app.title:\n    app.routes.extend([WebSocketRoute("/b", b)])'),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("direction", ["up", "down"])
def test_routes_of_a_block_are_those_of_the_release(name: str, direction: str, tmp_path: Path) -> None:
    sides = CHANGES[name] if direction == "up" else tuple(reversed(CHANGES[name]))
    old, new = (_HEAD + side for side in sides)
    ask = "sorted(route.path for route in main.app.routes)"
    verdict = judge(case(f"--- main\n{old}\n+++ main\n{new}\n=== ask\n{ask}"), tmp_path, here=True)
    assert verdict.word == "right", verdict.why
