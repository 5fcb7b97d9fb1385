"""Objects whose state lies beside them (weak registers, finalizers), and functions that give way to other things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flyhot_asgi.engine import Refused

from .lab import Lab

FINALIZE = """
import weakref
class A: pass
a = A()
def bye(x): pass
F = weakref.finalize(a, bye, 1)
F.atexit = False
"""
REGISTER = """
import weakref
REGISTER = weakref.WeakValueDictionary()
class A:
    def __init__(self, name):
        self.name = name
        REGISTER[name] = self
a = A("x")
"""


def _comes(lab: Callable[..., Lab], old: str, new: str) -> Lab:
    app = lab(m=old)
    app.here = True
    app.comes(m=new)
    return app


def test_a_finalizer_with_another_argument_is_not_taken_for_the_same(lab: Callable[..., Lab]) -> None:
    with pytest.raises(Refused, match=r"held by weakref\.finalize"):
        _comes(lab, FINALIZE, FINALIZE.replace("bye, 1", "bye, 2"))


def test_an_instance_under_another_key_of_a_weak_register(lab: Callable[..., Lab]) -> None:
    with pytest.raises(Refused, match="REGISTER"):
        _comes(lab, REGISTER, REGISTER.replace('A("x")', 'A("y")'))


def test_what_the_program_registered_weakly_lives_on(lab: Callable[..., Lab]) -> None:
    app = lab(m=REGISTER)
    app.here = True
    held = [app.m.A(str(n)) for n in range(3)]
    app.comes(m=REGISTER.replace("self.name = name", "self.name = str(name)"))
    assert sorted(app.m.REGISTER) == ["0", "1", "2", "x"] and held


def test_a_function_that_gives_way_to_a_class_stays_what_it_was_for_who_holds_it(lab: Callable[..., Lab]) -> None:
    app = lab(m="def f(): return 1\n")
    held: dict[str, Any] = {"outside": app.m.f}
    app.upgrade(m="class f:\n    x = 2\n")
    assert isinstance(app.m.f, type) and held["outside"]() == 1


TEMPLATE = """
import jinja2
def up(text): return text.upper()
E = jinja2.Environment()
E.filters["up"] = up
T = E.from_string("{{ 'a'|up }} {{ x }}")
class A:
    t = T
def render(): return T.render(x=1), A.t.render(x=1)
"""


def test_a_template_that_was_compiled_of_another_text(lab: Callable[..., Lab]) -> None:
    """The functions that jinja2 makes of both have the same name."""
    app = lab(m=TEMPLATE)
    app.here = True
    assert app.m.render() == ("A 1", "A 1")
    app.comes(m=TEMPLATE.replace("|up }} {{", "|up }}! {{"))
    assert app.m.render() == ("A! 1", "A! 1")


def test_a_name_is_given_to_a_module_of_others_and_its_object_gets_another(lab: Callable[..., Lab]) -> None:
    old = {
        "m": "import json as j\njson = j.JSONDecoder()\n",
        "n": "from .m import json\ndef read(t): return json.decode(t)\n",
    }
    new = {
        "m": "from json import decoder as json\nreader = json.JSONDecoder(strict=False)\n",
        "n": "from .m import reader\ndef read(t): return reader.decode(t)\n",
    }
    app = lab(**old)
    app.here = True
    app.m.json.seen = True
    app.comes(**new)
    assert app.n.read("[1]") == [1] and not app.m.reader.strict and not hasattr(app.n, "json")


def test_a_value_that_an_import_of_the_app_s_takes_the_place_of_is_not_given_up(lab: Callable[..., Lab]) -> None:
    app = lab(m="rooms = {}\n", other="x = 1\n")
    app.here = True
    app.m.rooms["a"] = 1
    with pytest.raises(Refused, match="would be lost"):
        app.arrive(m="from .other import rooms\n", other="x = 1\nrooms = {}\n")
