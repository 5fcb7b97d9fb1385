"""Functions in a class whose first parameter is no instance of it: what they read is no attribute of its instances."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .lab import Lab

SERVICE = """
from typing import Protocol
class Session:
    def query(self, of): return [of]
class Queries(Protocol):
    def query(self, of): ...
class Base: pass
class Service(Base):
    def name(self): return "service"
service = Service()
"""
ADDED = "    def search(db{}, of): return db.query(of)\nservice ="


def test_an_annotated_first_parameter_of_another_class(lab: Callable[..., Lab]) -> None:
    app = lab(m=SERVICE)
    app.upgrade(m=SERVICE.replace("service =", ADDED.format(": Session")))
    assert app.m.Service.search(app.m.Session(), 1) == [1]


@pytest.mark.parametrize("told", ["", ": Service", ": Base", ": object", ": Queries", ": 'Session'", ": Unknown"])
def test_what_may_be_an_instance_is_one(lab: Callable[..., Lab], told: str) -> None:
    text = "from __future__ import annotations\n" + SERVICE
    refusal = lab(m=text).refused(m=text.replace("service =", ADDED.format(told)))
    assert refusal.name == "Service" and "1 living instance(s) lack the attribute `query`" in refusal.reason
