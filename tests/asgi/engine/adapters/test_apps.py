"""The description of a FastAPI app changes on the living app; the rest is in test_construct."""

from __future__ import annotations

APP = """
from fastapi import Depends, FastAPI
NAME, VERSION = "chat", "1"
def user(): return 1
app = FastAPI(title=NAME, version=VERSION)
@app.get("/")
def home(): return 1
"""


def test_a_title_and_a_version_change(lab):
    app = lab(m=APP)
    before = app.m.app
    assert before.openapi()["info"] == {"title": "chat", "version": "1"}
    app.upgrade(m=APP.replace("title=NAME", "title=NAME.upper(), description='All of it'"))
    assert app.m.app is before
    assert before.openapi()["info"] == {"title": "CHAT", "version": "1", "description": "All of it"}
    app.undo()
    assert before.openapi()["info"] == {"title": "chat", "version": "1"}


def test_a_constant_that_the_description_reads_changes(lab):
    app = lab(m=APP)
    app.upgrade(m=APP.replace('"chat", "1"', '"chat", "2"'))
    assert app.m.app.openapi()["info"]["version"] == "2"
    assert [route.path for route in app.m.app.routes][-1] == "/"


def test_another_callee_is_refused(lab):
    refusal = lab(m=APP).refused(m=APP.replace("FastAPI(", "dict("))
    assert refusal.name == "app"
