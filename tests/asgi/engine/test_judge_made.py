"""Living instances that would lack what making one sets now, under names that no method writes out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .lab import Lab

HELD = "\nONE = Thing()\n"
WORKED_OUT = {
    "the dict is updated from a constant": """
DEFAULTS = {"a": 1}
class Thing:
    def __init__(self, **given): self.__dict__.update({**DEFAULTS, **given})
""",
    "`vars`, a union and a copy": """
DEFAULTS = {"a": 1}
class Thing:
    def __init__(self, **given):
        values = DEFAULTS | given
        vars(self).update(values.copy())
""",
    "a loop over the keys": """
DEFAULTS = {"a": 1}
class Thing:
    def __init__(self, **given):
        for name, value in DEFAULTS.items():
            setattr(self, name, given.get(name, value))
""",
    "items are set": """
DEFAULTS = {"a": 1}
class Thing:
    def __init__(self):
        for name in DEFAULTS: self.__dict__[name] = DEFAULTS[name]
""",
    "by a method of a base": """
DEFAULTS = {"a": 1}
class Base:
    def __init__(self): self._fill(**DEFAULTS)
    def _fill(self, **values):
        self.__dict__ = {k: v for k, v in {**DEFAULTS, **values}.items()}
class Thing(Base): pass
""",
    "by a function that is handed the instance": """
DEFAULTS = {"a": 1}
def fill(thing, values):
    for name in DEFAULTS: setattr(thing, name, values[name])
class Thing:
    def __init__(self): fill(self, DEFAULTS)
""",
    "by what a function returns": """
DEFAULTS = {"a": 1}
def defaults():
    found = dict(DEFAULTS)
    return found
class Thing:
    def __init__(self): self.__dict__.update(defaults())
""",
}
GROWS = ('{"a": 1}', '{"a": 1, "b": 2}')


@pytest.mark.parametrize("name", WORKED_OUT)
def test_a_constant_that_names_attributes_grows(lab: Callable[..., Lab], name: str) -> None:
    text = WORKED_OUT[name] + HELD
    app = lab(m=text)
    refusal = app.refused(m=text.replace(*GROWS))
    assert refusal.name == "Thing" and "1 living instance(s) lack the attribute `b`" in refusal.reason


LIST = """
FIELDS = ["a", "b"]
class Thing:
    extra = ("c", "d")
    def __init__(self):
        for name in FIELDS: setattr(self, name, None)
        for name in self.extra: setattr(self, name, 0)
        put(self)
def put(thing): thing.e = 1
"""


@pytest.mark.parametrize(
    ("old", "new", "lacks"),
    [
        ('"a", "b"]', '"a", "b", "x"]', "x"),
        ('"a", "b"]\n', '"a", "b"]\nFIELDS.append("x")\n', "x"),
        ('"a", "b"]\n', '"a", "b"]\nFIELDS += ["x"]\n', "x"),
        ('("c", "d")', '("c", "d", "x")', "x"),
        ("thing.e = 1", "thing.e = thing.f = 1", "f"),
        ("thing.e = 1", 'thing.e = 1; setattr(thing, "f", 2)', "f"),
    ],
)
def test_lists_class_attributes_and_functions(lab: Callable[..., Lab], old: str, new: str, lacks: str) -> None:
    app = lab(m=LIST + HELD)
    assert f"lack the attribute `{lacks}`" in app.refused(m=(LIST + HELD).replace(old, new)).reason


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"a": 1}', '{"a": 2}'),  # another value of the same attribute
        ('{"a": 1}', '{"a": "b"}'),
        ('{"a": 1}', "{}"),
    ],
)
def test_what_adds_no_attribute_is_done(lab: Callable[..., Lab], old: str, new: str) -> None:
    text = WORKED_OUT["the dict is updated from a constant"] + HELD
    app = lab(m=text)
    app.upgrade(m=text.replace(old, new))
    assert app.m.ONE.a == 1


@pytest.mark.parametrize("held", ["", "\nONE = Thing.__new__(Thing)\n"], ids=["none", "one that was never initialised"])
def test_nobody_lacks_it(lab: Callable[..., Lab], held: str) -> None:
    text = WORKED_OUT["the dict is updated from a constant"] + held
    app = lab(m=text)
    app.upgrade(m=text.replace(*GROWS))
    assert app.m.Thing().b == 2


BASE_SETS = """
class Base:
    def __init__(self): self.kept = dict()
class Worker(Base):
{init}    def work(self): return {read}
ONE = {made}
"""


@pytest.mark.parametrize("init", ["", "    def __init__(self):\n        self.own = 1\n        super().__init__()\n"])
@pytest.mark.parametrize("made", ["Worker()", "Worker.__new__(Worker)"], ids=["made", "never initialised"])
def test_what_the_init_of_a_base_sets_is_lacked_by_nobody(lab: Callable[..., Lab], init: str, made: str) -> None:
    app = lab(m=BASE_SETS.format(init=init, read="1", made=made))
    app.upgrade(m=BASE_SETS.format(init=init, read="len(self.kept)", made=made))
    assert app.m.Worker().work() == 0


def test_what_the_init_of_a_base_would_set_is_lacked_where_nobody_asks_for_it(lab: Callable[..., Lab]) -> None:
    init = "    def __init__(self): self.own = 1\n"
    app = lab(m=BASE_SETS.format(init=init, read="1", made="Worker()"))
    plan = app.plan(m=BASE_SETS.format(init=init, read="len(self.kept)", made="Worker()"))
    assert "lack the attribute `kept`" in plan.refusals[0].reason


def test_a_default_of_the_class_is_enough(lab: Callable[..., Lab]) -> None:
    text = WORKED_OUT["the dict is updated from a constant"] + HELD
    app = lab(m=text)
    app.upgrade(m=text.replace(*GROWS).replace("class Thing:\n", "class Thing:\n    b = 0\n"))
    assert app.m.ONE.b == 0


@pytest.mark.parametrize("asked", ["type(self)", "self.__class__", "self", "cls"])
def test_a_list_of_the_derived_class_grows(lab: Callable[..., Lab], asked: str) -> None:
    text = f"""
class Base:
    FIELDS = ("a",)
    def __init__(self):
        cls = type(self)
        for name in {asked}.FIELDS: setattr(self, name, 0)
class Thing(Base):
    FIELDS = ("a", "b")
HELD = [Thing()]
"""
    app = lab(m=text)
    assert "lack the attribute `x`" in app.refused(m=text.replace('"a", "b")', '"a", "b", "x")')).reason


def test_a_class_that_names_attributes_grows(lab: Callable[..., Lab]) -> None:
    text = """
class Defaults:
    a = 1
class Thing:
    def __init__(self):
        for name in vars(Defaults):
            if not name.startswith("_"): setattr(self, name, getattr(Defaults, name))
HELD = [Thing()]
"""
    app = lab(m=text)
    refusal = app.refused(m=text.replace("    a = 1", "    a = 1\n    b = 2"))
    assert "lack the attribute `b`" in refusal.reason


def test_a_constant_of_another_module(lab: Callable[..., Lab]) -> None:
    names = 'DEFAULTS = {"a": 1}\n'
    text = "from .names import DEFAULTS as D\nfrom . import names\n" + (
        "class Thing:\n    def __init__(self, **given):\n        self.__dict__.update(D, **given)\n"
        "class Other:\n    def __init__(self): vars(self).update(names.DEFAULTS)\n"
        "ONE, OTHER = Thing(), Other()\n"
    )
    app = lab(names=names, m=text)
    plan = app.plan(names=names.replace(*GROWS), m=text)
    assert {r.name for r in plan.refusals if "lack the attribute `b`" in r.reason} == {"Thing", "Other"}
