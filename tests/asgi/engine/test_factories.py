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


def test_the_body_of_a_function_that_a_factory_calls_is_refused(lab: Callable[..., Lab]) -> None:
    plan = lab(m=FACTORY).plan(m=FACTORY.replace("n * 2", "n * 3"))
    assert [refusal.name for refusal in plan.refusals] == ["app"]
    assert "twice" in plan.refusals[0].reason
