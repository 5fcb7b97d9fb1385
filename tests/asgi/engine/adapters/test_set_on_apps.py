"""Statements at module level that set what an app's constructor sets, and what a factory puts into its state."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge

_APP = """
--- m
from fastapi import Depends, FastAPI, Request
app = FastAPI()
def first(): return 1
def second(): return 2
def custom(): return {{"custom": 1}}
@app.get("/")
def index(one=Depends(first)): return one
{old}
+++ m
from fastapi import Depends, FastAPI, Request
app = FastAPI()
def first(): return 1
def second(): return 2
def custom(): return {{"custom": 1}}
@app.get("/")
def index(one=Depends(first)): return one
{new}
=== ask
m.app.title, m.app.version, m.app.debug, m.app.router.redirect_slashes, m.app.openapi().get("custom")
[(one.__name__, other.__name__) for one, other in m.app.dependency_overrides.items()]
"""
RIGHT = {
    "a title comes": ("pass", "app.title = 'A'"),
    "a title changes": ("app.title = 'A'", "app.title = 'B'\napp.version = '9'"),
    "a title goes": ("app.title = 'A'", "pass"),
    "it is debugged": ("pass", "app.debug = True"),
    "of its router": ("pass", "app.router.redirect_slashes = False"),
    "with a method of its own": ("pass", "app.openapi = custom\napp.title = 'A'"),
    "its own method stays": ("app.openapi = custom\napp.title = 'A'", "app.openapi = custom"),
    "an override comes": ("pass", "app.dependency_overrides[first] = second"),
    "an override goes": ("app.dependency_overrides[first] = second", "pass"),
    "an override changes": (
        "app.dependency_overrides[first] = second",
        "def third(): return 3\napp.dependency_overrides[first] = third",
    ),
}
_FACTORY = """
--- m
from fastapi import FastAPI
def create_app():
    app = FastAPI()
    app.state.hits = 0
    return app
app = create_app()
+++ m
from fastapi import FastAPI
def create_app():
    app = FastAPI(title="B")
    app.state.hits = {value}
    return app
app = create_app()
=== use
m.app.state.hits = 7
=== ask
m.app.state.hits, m.app.title => (7, 'B')
"""


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_set_on_an_app_is_as_in_a_cold_import(name, tmp_path):
    old, new = RIGHT[name]
    verdict = judge(case(_APP.format(old=old, new=new)), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


def test_what_the_program_made_of_its_state_lives_on_where_the_factory_sets_it_as_before(tmp_path):
    verdict = judge(case(_FACTORY.format(value="0")), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


def test_where_the_factory_sets_it_otherwise_too_nobody_knows_which_is_meant(tmp_path):
    verdict = judge(case(_FACTORY.format(value="1")), tmp_path, here=True)
    assert verdict.word == "refused" and "`state.hits`" in verdict.why[0], verdict.why


@pytest.mark.parametrize("part", ["title", "debug"])
@pytest.mark.parametrize("name", ["a title comes", "a title changes", "it is debugged", "an override comes"])
def test_what_the_program_set_is_not_lost(name, part, tmp_path):
    old, new = RIGHT[name]
    text = _APP.format(old=old, new=new)
    text = text.replace("=== ask", f"=== use\nm.app.{part} = 'P'\n=== ask\nm.app.{part} => 'P'").rpartition(
        "m.app.title, "
    )[0]
    verdict = judge(case(text), tmp_path, here=True)
    assert verdict.word == ("right" if name == "an override comes" else "refused"), verdict.why


def test_a_handler_that_the_program_set_is_not_lost(tmp_path):
    text = _FACTORY.format(value="0").replace("m.app.state.hits = 7", "m.app.exception_handlers[KeyError] = print")
    verdict = judge(case(text.partition("=== ask")[0] + "=== ask\nm.app.title => 'B'"), tmp_path, here=True)
    assert verdict.word == "refused" and "a handler of its exceptions" in verdict.why[0], verdict.why
