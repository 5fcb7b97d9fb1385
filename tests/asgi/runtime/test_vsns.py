"""The vsn of a class, read from a release's sources."""

from __future__ import annotations

import pytest

from flyhot_asgi.engine import SourceModule
from flyhot_asgi.runtime.vsns import ClassVsns

from .conftest import Importer

TEXT = """
class Base:
    x = 1


class Child(Base):
    def f(self):
        return 1

    class Inner:
        y = 1


if True:
    class Guarded:
        z = 1


def make():
    class Local:
        w = 1
    return Local
"""


@pytest.fixture
def module(imported: Importer):
    return imported("TOP_vsns.py", TEXT)


def vsn_of(module, text: str, cls: type) -> str:
    source = SourceModule(module.__name__, module.__file__, text, False, "m.py")
    return ClassVsns({module.__name__: source}).of(cls)


def changed(module, cls: type, old: str, new: str) -> bool:
    assert old in TEXT
    return vsn_of(module, TEXT, cls) != vsn_of(module, TEXT.replace(old, new), cls)


def test_its_own_source_counts(module) -> None:
    assert changed(module, module.Child, "return 1", "return 2")
    assert not changed(module, module.Base, "return 1", "return 2")


def test_a_changed_base_is_a_changed_class(module) -> None:
    assert changed(module, module.Child, "x = 1", "x = 2")


def test_an_inner_class_and_a_guarded_and_a_local_one_are_found(module) -> None:
    assert changed(module, module.Child.Inner, "y = 1", "y = 2")
    assert changed(module, module.Guarded, "z = 1", "z = 2")
    assert changed(module, module.make(), "w = 1", "w = 2")


def test_layout_and_comments_do_not_count(module) -> None:
    assert not changed(module, module.Base, "    x = 1", "    # one\n    x  =  1")


def test_an_attribute_vsn_is_the_last_word(module) -> None:
    text = TEXT.replace("    x = 1", "    vsn = 3\n    x = 1")
    assert vsn_of(module, text, module.Base) == vsn_of(module, text.replace("x = 1", "x = 2"), module.Base) == "3"
    assert vsn_of(module, text.replace("vsn = 3", "vsn: str = 'b'"), module.Base) == "b"
    assert len(vsn_of(module, text.replace("vsn = 3", "vsn = compute()"), module.Base)) == 12


def test_a_class_that_the_release_does_not_know_has_none(module) -> None:
    assert vsn_of(module, "", module.Base) == ""
    assert vsn_of(module, TEXT, dict) == ""
