"""Apps made by a function: what it hands to the framework is kept there, not called."""

from __future__ import annotations

from collections.abc import Callable

from .lab import Lab

FACTORY = """
from fastapi import FastAPI

def twice(n):
    return n * 2

async def index():
    return "one"

def make():
    app = FastAPI(title=str(twice(1)))
    app.add_api_route("/", index)
    return app

app = make()
"""


def test_the_body_of_an_endpoint_that_a_factory_registers_is_swapped(lab: Callable[..., Lab]) -> None:
    one = lab(m=FACTORY)
    app = one.m.app
    plan = one.upgrade(m=FACTORY.replace('"one"', '"two"'))
    assert [step.name for step in plan.steps] == ["index"]
    assert one.m.app is app


def test_what_a_factory_calls_has_another_body_and_the_app_stays_the_same_object(lab: Callable[..., Lab]) -> None:
    one = lab(m=FACTORY)
    one.here = True
    app = one.m.app
    one.arrive(m=FACTORY.replace("n * 2", "n * 3"))
    assert one.m.app is app and app.title == "3"
    one.undo()
    assert app.title == "2"


def test_a_factory_is_not_called_again_if_nobody_knows_what_the_program_registered(lab: Callable[..., Lab]) -> None:
    plan = lab(m=FACTORY).plan(m=FACTORY.replace("n * 2", "n * 3"))
    assert [refusal.name for refusal in plan.refusals] == ["app"]
    assert "not known" in plan.refusals[0].reason
