"""`@validate_call`: what pydantic made of the function is in its wrapper's closure, and is the release's afterwards."""

from __future__ import annotations

import pytest

from ..pairs import pair

EDITS = {
    "its parameters": ("def f(a: int, b=1): return a, b", "def f(a: float, c=3, b=1): return a, c, b", "(3.0, 3, 1)"),
    "its options": (
        "def f(a: int): return a",
        "def f(a: int) -> str: return 'x' * a",
        "'xxx'",
    ),
}
MODULE = """
    --- m
    from pydantic import validate_call
    CLS@validate_call(validate_return=True)
    CLSOLD
    +++ m
    from pydantic import validate_call
    CLS@validate_call(validate_return=True)
    CLSNEW
"""


@pytest.mark.parametrize("name", EDITS)
def test_a_validated_call_checks_what_the_release_says(lab, name):
    before, after, given = EDITS[name]
    app = lab(**(sides := pair(MODULE.replace("CLS", "").replace("OLD", before).replace("NEW", after)))[0])
    held = app.m.f
    held("3")
    app.arrive(**sides[1])
    assert repr(held("3")) == given and app.m.f is held
    app.undo()
    assert held("3") == (3 if name == "its options" else (3, 1))


def test_a_validated_method_checks_what_the_release_says(lab):
    text = (
        "--- m\nfrom pydantic import validate_call\nclass C:\n    @validate_call\n    def f(self, a: int): return a\n"
    )
    old, new = pair(text + text.replace("--- m", "+++ m").replace("a: int", "a: float"))
    app = lab(**old)
    held = app.m.C()
    held.f("3")
    app.arrive(**new)
    assert repr(held.f("3")) == "3.0"
