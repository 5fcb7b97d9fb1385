"""Classes that attrs makes: a second class for slots, methods out of generated text."""

from __future__ import annotations

CASES = {
    "attrs: a field with a default": """
        --- m
        from attrs import define
        @define
        class A:
            x: int
            def twice(self): return 2 * self.x
        a = A(1)
        +++ m
        from attrs import define
        @define
        class A:
            x: int
            def twice(self): return 3 * self.x
        a = A(1)
        === hold
        K = m.A
        show = m.A.__repr__
        === ask
        K is m.A
        m.a.twice()
        K(2) == m.A(2)
        show(m.a)
    """,
    "attrs: told the same in other words": """
        --- m
        from attrs import define, field
        @define(slots=True)
        class A:
            _log: list = field(init=False)
            def __attrs_post_init__(self): self._log = [1]
        +++ m
        from attrs import define, field
        @define
        class A:
            _log: list = field(init=False)
            def __attrs_post_init__(self): self._log = [1, 2]
        === hold
        K = m.A
        held = [m.A.__init__, m.A.__repr__, m.A.__eq__]
        === ask
        K is m.A
        K()._log
        [one is vars(m.A)[one.__name__] for one in held]
        repr(K())
    """,
    "attrs: a field more in a class that nobody made": """
        --- m
        from attrs import frozen, field
        @frozen
        class A:
            x: int = 1
        def make(): return A()
        +++ m
        from attrs import frozen, field, Factory
        @frozen
        class A:
            x: int = 1
            tags: list = Factory(list)
        def make(): return A(x=2)
        === hold
        K = m.A
        make = m.make
        === ask
        K is m.A
        make()
        K.__slots__
        hash(K.__name__) == hash(type(make()).__name__)
    """,
    "attrs: without slots, a field more": """
        --- m
        import attr
        @attr.s(auto_attribs=True)
        class A:
            x: int = 1
        a = A()
        +++ m
        import attr
        @attr.s(auto_attribs=True, order=False)
        class A:
            x: int = 1
            y: int = 2
        a = A()
        === hold
        K = m.A
        === ask
        K is m.A
        K()
        m.a.x
    """,
    "attrs: a plain class becomes one": """
        --- m
        class A:
            def __init__(self, x): self.x = x
            def name(self): return "a"
        +++ m
        import attrs
        @attrs.define(slots=False)
        class A:
            x: int
            def name(self): return "b"
        === hold
        K = m.A
        name = m.A.name
        === ask
        K is m.A
        K(1)
        name(K(1))
        K(1) == K(1)
    """,
    "attrs: a validator and a converter change": """
        --- m
        from attrs import define, field, validators
        @define
        class A:
            x: int = field(converter=int, validator=validators.gt(0))
        +++ m
        from attrs import define, field, validators
        @define
        class A:
            x: int = field(converter=float, validator=validators.lt(0))
        === hold
        K = m.A
        === ask
        K(-1)
        [f.name for f in m.A.__attrs_attrs__]
    """,
}
