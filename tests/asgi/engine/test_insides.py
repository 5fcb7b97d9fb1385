"""What is in a library's object, as a digest: the same for the same, another for another, nothing for the unseen."""

from __future__ import annotations

import argparse
import random
import re
import string
import sys
import threading
import types
import zoneinfo
from email.policy import EmailPolicy
from string import Template

import pytest
from jinja2 import Environment
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import MetaData, create_engine
from sqlalchemy.orm import sessionmaker

from flyhot_asgi.engine.verification.fingerprint import describe
from flyhot_asgi.engine.verification.insides import INSIDE, Insides, looked_at


def said(value: object) -> str | None:
    return Insides({}, frozenset(), "").of(value)


def closing(over):
    def get():
        return over

    return types.SimpleNamespace(get=get)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


PAIRS = {
    "an engine": lambda n: create_engine(f"sqlite:///{n}.db"),
    "an engine's pool": lambda n: create_engine("sqlite:///x.db", pool_recycle=100 + n),
    "a session maker": lambda n: sessionmaker(create_engine(f"sqlite:///{n}.db"), expire_on_commit=False),
    "a counter": lambda n: Counter(f"seen_{n}", "what was seen", registry=CollectorRegistry()),
    "an environment": lambda n: Environment(trim_blocks=bool(n)),
    "a template": lambda n: Template(f"{n} $name"),
    "a closure": lambda n: closing(over=n),
    "slots": lambda n: Slotted(n),
    "a thread that waits": lambda n: threading.Timer(60 + n, print),
    "a policy": lambda n: EmailPolicy(max_line_length=70 + n),
    "an order": lambda n: types.SimpleNamespace(items=[n, 2, 1]),
    "a cycle": lambda n: (lambda one: setattr(one, "me", one) or one)(types.SimpleNamespace(n=n)),
}


@pytest.mark.parametrize("make", PAIRS.values(), ids=PAIRS)
def test_two_of_the_same_are_alike_and_others_are_not(make):
    assert said(make(1)) is not None
    assert said(make(1)) == said(make(1))
    assert said(make(1)) != said(make(0))


@pytest.mark.parametrize("value", [random.Random(1), MetaData(), iter([1]), types.SimpleNamespace(r=random.Random(2))])
def test_of_what_cannot_be_looked_into_nothing_is_said(value):
    assert said(value) is None


@pytest.mark.parametrize("value", [1, "x", [1], re.compile("x"), zoneinfo.ZoneInfo("UTC"), len, string, Slotted])
def test_what_a_description_tells_needs_no_digest(value):
    assert not looked_at(value)


def test_what_the_app_has_is_told_by_name(tmp_path):
    """So an object that holds the app's settings is the same, whatever these say."""
    module = types.ModuleType("shop")
    module.settings = argparse.Namespace(size=1)
    module.holder = argparse.Namespace(kept=module.settings)
    texts = []
    for size in (1, 2):
        module.settings.size = size
        found = describe({"shop": module}, str(tmp_path), ["shop"], insides=True)
        texts.append([found["shop:settings (inside)"], found["shop:holder (inside)"]])
    assert texts[0][0] != texts[1][0] and texts[0][1] == texts[1][1]


def test_a_description_of_the_living_process_has_none_of_it(tmp_path):
    module = types.ModuleType("shop")
    module.kept = argparse.Namespace(size=1)
    assert not any(path.endswith(INSIDE) for path in describe({"shop": module}, str(tmp_path), ["shop"]))


def test_no_code_of_the_object_runs():
    class Touchy:
        def __getattribute__(self, name):
            raise AssertionError(name)

        def __eq__(self, other):
            raise AssertionError

        __hash__ = None

        def __repr__(self):
            raise AssertionError

    touchy = Touchy()
    object.__setattr__(touchy, "n", 1)
    assert said(types.SimpleNamespace(held=touchy)) is not None
    assert "Touchy" not in sys.modules
