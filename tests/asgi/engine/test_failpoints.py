"""A failure at any journaled step is undone exactly, whatever the construct.

In the suite a sample of the constructs; `FLYHOT_FAILPOINTS=all pytest tests/asgi/engine/test_failpoints.py` tries all.
"""

from __future__ import annotations

import asyncio
import os
import sys
import types

import pytest

from .constructs.case import _program, case
from .constructs.test_constructs import ALL
from .failpoints import Failpoints
from .lab import Lab

SAMPLE = list(ALL) if os.environ.get("FLYHOT_FAILPOINTS") == "all" else list(ALL)[5::16]


@pytest.fixture
def library(monkeypatch):
    """What the constructs' programs keep things in."""
    module = types.ModuleType("some_library")
    module.kept, module.__file__ = [], asyncio.__file__
    monkeypatch.setitem(sys.modules, "some_library", module)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_failure_at_any_step_of_a_construct_is_undone_exactly(name, tmp_path, library):
    one = case(ALL[name])
    app = Lab(tmp_path, **one.old)
    try:
        space = _program(app.top, one.hold)
        exec(one.use, space)
        plan = app.plan(**one.new)
        if not plan.refusals:
            points = Failpoints(app, plan)
            points.try_all()
            assert points.found == []
            assert points.steps
    finally:
        app.close()
