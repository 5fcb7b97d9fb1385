"""What instances and tables keep of constants and functions that change lives on, and the plan tells it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .lab import Lab

OLD = """
LIMIT = 1
OTHER = 7
RATE = 2
CACHE = {}
ROOMS = {}
def work(x): return x
def cached(x):
    if x not in CACHE:
        CACHE[x] = work(x)
    return CACHE[x]
def room(x): return ROOMS.setdefault(x, object())
class C:
    def __init__(self, limit=LIMIT):
        self.limit = limit
        self.other = OTHER
        self.rate = RATE * 2
"""
NEW = OLD.replace("LIMIT = 1", "LIMIT = 5").replace("def work(x): return x", "def work(x): return x + 1")


@pytest.fixture
def app(tmp_path) -> Iterator[Lab]:
    found = Lab(tmp_path, m=OLD)
    yield found
    found.close()


def test_attributes_that_were_a_constant_are_told(app):
    living = [app.m.C(), app.m.C(), app.m.C(limit=9)]
    notes = app.upgrade(m=NEW).notes
    assert [n for n in notes if "2 living instance(s) of `C` keep the `limit`" in n and "m.py:15" in n], notes
    assert not [n for n in notes if "`other`" in n or "`rate`" in n], notes
    assert [one.limit for one in living] == [1, 1, 9]


def test_tables_that_functions_filled_are_told(app):
    app.m.cached(3), app.m.room(1)
    notes = app.upgrade(m=NEW).notes
    assert [n for n in notes if "`CACHE` keeps 1 entry, which `cached` put there" in n], notes
    assert not [n for n in notes if "ROOMS" in n], notes
    assert app.m.cached(3) == 3


def test_nothing_is_told_where_nothing_lives_on(app):
    notes = app.upgrade(m=NEW).notes
    assert not [n for n in notes if "CACHE" in n or "living instance" in n], notes
