"""Structs of msgspec: what their metaclass made of them lies where nobody can write."""

from __future__ import annotations

import pytest

from .case import case, judge

pytest.importorskip("msgspec")

RIGHT = {
    "what is annotated as of the class, and methods": """
        --- m
        from typing import ClassVar
        import msgspec
        class S(msgspec.Struct):
            a: int
            def f(self): return self.a
        class T(S):
            b: int = 1
        KEPT = [S(1), T(2, 3)]
        +++ m
        from typing import ClassVar
        import msgspec
        class S(msgspec.Struct):
            a: int
            _by: ClassVar[int]
            def f(self): return self.a + 1
            def g(self): return self.f() * 2
        class T(S):
            b: int = 1
            by: ClassVar[bool]
        KEPT = [S(1), T(2, 3)]
        === hold
        held = m.KEPT[1]
        K = m.S
        === ask
        held.g()
        m.T.__annotations__
        K is m.S
    """,
    "a field comes, and a struct derives from it": """
        --- m
        import msgspec
        class S(msgspec.Struct):
            a: int
            def f(self): return self.a
        class T(S):
            b: int = 1
        def make(): return S(1)
        +++ m
        import msgspec
        class S(msgspec.Struct):
            a: int
            c: str = "x"
            def f(self): return self.a + 1
        class T(S):
            b: int = 1
        def make(): return S(1, "y").f()
        === hold
        kept = [m.S, m.T]
        === ask
        m.make()
        m.T(1, c="q").c
        m.T.__struct_fields__
        m.T.__struct_defaults__
        kept[0] is m.S and kept[1] is m.T
    """,
    "another default": """
        --- m
        import msgspec
        class S(msgspec.Struct):
            a: int = 1
        +++ m
        import msgspec
        class S(msgspec.Struct):
            a: int = 2
        === ask
        m.S().a
    """,
    "a new struct": """
        --- m
        import msgspec
        class S(msgspec.Struct):
            a: int = 1
        +++ m
        import msgspec
        class S(msgspec.Struct):
            a: int = 1
        class T(S, frozen=True):
            b: int = 2
        === ask
        m.T().b
    """,
}
REFUSED = {
    "a field comes while a struct lives": """
        --- m
        import msgspec
        class S(msgspec.Struct):
            a: int
        +++ m
        import msgspec
        class S(msgspec.Struct):
            a: int
            c: str = "x"
        === hold
        held = m.S(3)
    """,
    "a field comes while a struct lives that the collector knows": """
        --- m
        import msgspec
        class S(msgspec.Struct):
            a: list
        +++ m
        import msgspec
        class S(msgspec.Struct):
            a: list
            c: str = "x"
        === hold
        held = m.S([3])
    """,
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_struct_changes(name, tmp_path):
    verdict = judge(case(RIGHT[name]), tmp_path, counted=False)
    assert verdict.word == "right", verdict.why


@pytest.mark.parametrize("name", REFUSED)
def test_fields_of_structs_that_live_are_refused(name, tmp_path):
    verdict = judge(case(REFUSED[name]), tmp_path, counted=False)
    assert verdict.word == "refused", verdict.why
