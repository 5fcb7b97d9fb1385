"""What is alive: instances, frames, tasks, caches, members that went."""

CASES = {
    "__init__ gains an attribute; an instance lives": """
        --- m
        class A:
            def __init__(self): self.x = 1
            def f(self): return self.x
        +++ m
        class A:
            def __init__(self): self.x = 1; self.y = 2
            def f(self): return self.x + self.y
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "__init__ gains an attribute; none lives": """
        --- m
        class A:
            def __init__(self): self.x = 1
            def f(self): return self.x
        +++ m
        class A:
            def __init__(self): self.x = 1; self.y = 2
            def f(self): return self.x + self.y
        === ask
        m.A().f()
    """,
    "__init__ gains an attribute; only a bare instance lives": """
        --- m
        class A:
            def __init__(self): self.x = 1
            def f(self): return self.x
        +++ m
        class A:
            def __init__(self): self.x = 1; self.y = 2
            def f(self): return self.x + self.y
        === hold
        a = object.__new__(m.A)
        === ask
        m.A().f()
    """,
    "__init__ gains an attribute with a default in the class": """
        --- m
        class A:
            def __init__(self): self.x = 1
            def f(self): return self.x
        +++ m
        class A:
            y = 2
            def __init__(self): self.x = 1; self.y = 2
            def f(self): return self.x + self.y
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "__init__ gains an attribute that a property answers": """
        --- m
        class A:
            def __init__(self): self.x = 1
        +++ m
        class A:
            def __init__(self): self.x = 1; self._y = 2
            @property
            def y(self): return getattr(self, "_y", 2)
            def f(self): return self.y
        === hold
        a = m.A()
        === ask
        a.y
    """,
    "__init__ gains an attribute that __getattr__ answers": """
        --- m
        class A:
            def __init__(self): self.x = 1
        +++ m
        class A:
            def __init__(self): self.x = 1; self.y = 2
            def __getattr__(self, name): return 2
            def f(self): return self.y
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "an attribute that a method sets lazily": """
        --- m
        class A:
            def f(self): return 1
        +++ m
        class A:
            def f(self):
                self.cache = 5
                return self.cache
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "a helper of __init__ gains an attribute": """
        --- m
        class A:
            def __init__(self): self.reset()
            def reset(self): self.x = 1
            def f(self): return self.x
        +++ m
        class A:
            def __init__(self): self.reset()
            def reset(self): self.x = 1; self.y = 2
            def f(self): return self.y
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "a base's __init__ gains an attribute": """
        --- m
        class Base:
            def __init__(self): self.x = 1
        class A(Base):
            def f(self): return self.x
        +++ m
        class Base:
            def __init__(self): self.x = 1; self.y = 2
        class A(Base):
            def f(self): return self.y
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "__init__ comes": """
        --- m
        class A:
            def f(self): return 1
        +++ m
        class A:
            def __init__(self): self.y = 2
            def f(self): return self.y
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "a base comes with an attribute": """
        --- m
        class Base:
            def __init__(self): self.y = 2
        class A:
            def f(self): return 1
        +++ m
        class Base:
            def __init__(self): self.y = 2
        class A(Base):
            def f(self): return self.y
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "setattr in __init__": """
        --- m
        class A:
            def __init__(self): setattr(self, "x", 1)
            def f(self): return self.x
        +++ m
        class A:
            def __init__(self):
                setattr(self, "x", 1)
                setattr(self, "y", 2)
            def f(self): return self.y
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "self.__dict__.update in __init__": """
        --- m
        class A:
            def __init__(self): self.__dict__.update(x=1)
            def f(self): return self.x
        +++ m
        class A:
            def __init__(self): self.__dict__.update(x=1, y=2)
            def f(self): return self.y
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "an attribute set by another function": """
        --- m
        class A: pass
        def make():
            a = A()
            a.x = 1
            return a
        def use(a): return a.x
        +++ m
        class A: pass
        def make():
            a = A()
            a.x = 1
            a.y = 2
            return a
        def use(a): return a.y
        === hold
        a = m.make()
        === ask
        m.use(a)
    """,
    "a class in a function; its __init__ gains an attribute": """
        --- m
        def make():
            class A:
                def __init__(self): self.x = 1
                def f(self): return self.x
            return A
        +++ m
        def make():
            class A:
                def __init__(self): self.x = 1; self.y = 2
                def f(self): return self.y
            return A
        === hold
        a = m.make()()
        === ask
        a.f()
    """,
    "a Protocol that can't be asked for instances": """
        --- m
        from typing import Protocol
        class P(Protocol):
            def __init__(self): self.x = 1
            def f(self): return self.x
        class A(P): pass
        +++ m
        from typing import Protocol
        class P(Protocol):
            def __init__(self): self.x = 1; self.y = 2
            def f(self): return self.x
        class A(P): pass
        === hold
        K = m.A
        === ask
        K().y
    """,
    "an attribute set by another function, of a parameter": """
        --- m
        class A:
            def __init__(self): self.x = 1
        def prepare(a, n):
            a.x = n
        def use(a): return a.x
        +++ m
        class A:
            def __init__(self): self.x = 1
        def prepare(a, n):
            a.x = n
            a.y = n
        def use(a): return a.y
        === hold
        a = m.A(); m.prepare(a, 2)
        === ask
        m.use(a)
    """,
    "an attribute set by another function, that only it reads": """
        --- m
        class A: pass
        def make():
            a = A()
            a.x = 1
            return a.x
        +++ m
        class A: pass
        def make():
            a = A()
            a.x = 1
            a.y = 2
            return a.x + a.y
        === hold
        a = m.A()
        === ask
        m.make()
    """,
    "an attribute is renamed": """
        --- m
        class A:
            def __init__(self): self.old = 1
            def f(self): return self.old
        +++ m
        class A:
            def __init__(self): self.new = 1
            def f(self): return self.new
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "an attribute's value changes": """
        --- m
        class A:
            def __init__(self): self.x = 1
        a = A()
        +++ m
        class A:
            def __init__(self): self.x = 2
        a = A()
        === ask
        m.A().x
    """,
    "__slots__ gain one; an instance lives": """
        --- m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
            def f(self): return self.x
        +++ m
        class A:
            __slots__ = ("x", "y")
            def __init__(self): self.x = 1; self.y = 2
            def f(self): return self.y
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "__slots__ gain one; none lives": """
        --- m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        +++ m
        class A:
            __slots__ = ("x", "y")
            def __init__(self): self.x = 1; self.y = 2
        === hold
        K = m.A
        === ask
        m.A().y
        K().y
    """,
    "a slotted class gains a method": """
        --- m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        +++ m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
            def f(self): return self.x
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "a dataclass gains a field; an instance lives": """
        --- m
        from dataclasses import dataclass, field
        @dataclass
        class A:
            x: int
        +++ m
        from dataclasses import dataclass, field
        @dataclass
        class A:
            x: int
            y: list = field(default_factory=list)
        === hold
        a = m.A(1)
        === ask
        a
    """,
    "a dataclass gains a field with a default; an instance lives": """
        --- m
        from dataclasses import dataclass
        @dataclass
        class A:
            x: int
        +++ m
        from dataclasses import dataclass
        @dataclass
        class A:
            x: int
            y: int = 5
        === hold
        a = m.A(1)
        === ask
        a
        a == m.A(1)
    """,
    "a dataclass gains a field; none lives": """
        --- m
        from dataclasses import dataclass
        @dataclass
        class A:
            x: int
        +++ m
        from dataclasses import dataclass
        @dataclass
        class A:
            x: int
            y: int
        === hold
        K = m.A
        === ask
        K(1, 2)
    """,
    "an enum member goes, and somebody holds it": """
        --- m
        import enum
        class C(enum.Enum):
            A = 1
            B = 2
        class H: pass
        +++ m
        import enum
        class C(enum.Enum):
            A = 1
        class H: pass
        === use
        m.H.c = [m.C.B]
        === ask
        m.H.c[0] in m.C => True
    """,
    "an enum member goes, nobody holds it": """
        --- m
        import enum
        class C(enum.Enum):
            A = 1
            B = 2
        +++ m
        import enum
        class C(enum.Enum):
            A = 1
        === ask
        list(m.C)
        hasattr(m.C, "B")
    """,
    "an enum member's value": """
        --- m
        import enum
        class C(enum.Enum):
            A = 1
            B = 2
        +++ m
        import enum
        class C(enum.Enum):
            A = 1
            B = 3
        === hold
        b = m.C.B; d = {m.C.A: "a"}
        === ask
        b.value
        m.C(3) is b
        d[m.C.A]
    """,
    "an enum gains a member": """
        --- m
        import enum
        class C(enum.Enum):
            A = 1
        +++ m
        import enum
        class C(enum.Enum):
            A = 1
            Z = 26
        === hold
        a = m.C.A; K = m.C
        === ask
        [x.name for x in K]
        a is m.C.A
        K(26).name
        len(K)
    """,
    "a generator runs on the old code": """
        --- m
        def f():
            yield 1
            yield 2
        +++ m
        def f():
            yield 10
            yield 20
        === use
        g = m.f(); next(g)
        === ask
        next(g) => 2
        list(m.f()) => [10, 20]
    """,
    "a coroutine runs on, and calls new code": """
        --- m
        class Pause:
            def __await__(self): yield
        def h(): return 1
        async def f():
            await Pause()
            return h()
        +++ m
        class Pause:
            def __await__(self): yield
        def h(): return 2
        async def f():
            await Pause()
            return h() + 100
        === use
        c = m.f(); c.send(None)
        === ask
        [c.send(None) for _ in [1]] => StopIteration: 2
    """,
    "a running coroutine holds a deleted function": """
        --- m
        class Pause:
            def __await__(self): yield
        def h(): return 1
        async def f():
            held = h
            await Pause()
            return held()
        +++ m
        class Pause:
            def __await__(self): yield
        async def f():
            await Pause()
            return 2
        === use
        c = m.f(); c.send(None)
        === ask
        m.f.__name__ => 'f'
    """,
    "a constant that was mutated": """
        --- m
        LIMITS = {"a": 1}
        def f(): return LIMITS["a"]
        def put(v): LIMITS["a"] = v
        +++ m
        LIMITS = {"a": 1}
        def f(): return LIMITS["a"] * 10
        def put(v): LIMITS["a"] = v
        === use
        m.put(7)
        === ask
        m.f() => 70
    """,
    "a constant that was mutated and changed": """
        --- m
        LIMITS = {"a": 1}
        def put(v): LIMITS["a"] = v
        +++ m
        LIMITS = {"a": 2}
        def put(v): LIMITS["a"] = v
        === use
        m.put(7)
        === ask
        m.LIMITS => either
    """,
    "a subclass in a function": """
        --- m
        class Base:
            def f(self): return 1
        def make():
            class K(Base):
                def g(self): return 1
            return K
        +++ m
        class Base:
            def f(self): return 2
        def make():
            class K(Base):
                def g(self): return 2
            return K
        === hold
        k = m.make()()
        === ask
        k.f()
        k.g()
    """,
    "a class in a function gains a method": """
        --- m
        def make():
            class K:
                def g(self): return 1
            return K
        +++ m
        def make():
            class K:
                def g(self): return 2
                def h(self): return 3
            return K
        === hold
        k = m.make()()
        === ask
        k.g()
        k.h()
    """,
    "a class in a function at module level gains a method": """
        --- m
        def make():
            class K:
                def g(self): return 1
            return K
        K = make()
        +++ m
        def make():
            class K:
                def g(self): return 2
                def h(self): return 3
            return K
        K = make()
        === hold
        k = m.K()
        === ask
        k.h()
    """,
    "a weak registry": """
        --- m
        import weakref
        ALL = weakref.WeakSet()
        class A:
            def __init__(self): ALL.add(self)
            def f(self): return 1
        +++ m
        import weakref
        ALL = weakref.WeakSet()
        class A:
            def __init__(self): ALL.add(self)
            def f(self): return 2
        === hold
        a = m.A()
        === ask
        a.f()
        len(m.ALL)
    """,
    "an instance in a closure of a library": """
        --- m
        class A:
            def __call__(self): return 1
        +++ m
        class A:
            def __call__(self): return 2
        === hold
        lib.append(m.A()); a = m.A()
        === ask
        a()
    """,
    "a compiled expression made by old code": """
        --- m
        import re
        PATTERN = "a+"
        RX = re.compile(PATTERN)
        def f(s): return bool(RX.match(s))
        +++ m
        import re
        PATTERN = "b+"
        RX = re.compile(PATTERN)
        def f(s): return bool(RX.match(s))
        === hold
        held = m.f
        === ask
        held("b")
        m.RX.pattern
    """,
    "a value computed by a function": """
        --- m
        def compute(): return 1
        X = compute()
        Y = {"x": X}
        +++ m
        def compute(): return 2
        X = compute()
        Y = {"x": X}
        === hold
        held = m.Y
        === ask
        m.X
        held
    """,
    "a value computed by a method": """
        --- m
        class C:
            def go(self): return 1
        X = C().go()
        +++ m
        class C:
            def go(self): return 2
        X = C().go()
        === ask
        m.X
    """,
    "a value computed in another module": """
        --- n
        def compute(): return helper()
        def helper(): return 1
        --- m
        from .n import compute
        X = compute()
        +++ n
        def compute(): return helper()
        def helper(): return 2
        === ask
        m.X
    """,
    "a value computed with a property": """
        --- m
        class C:
            @property
            def p(self): return 1
        c = C()
        X = c.p
        +++ m
        class C:
            @property
            def p(self): return 2
        c = C()
        X = c.p
        === ask
        m.X
    """,
    "a value computed with an operator": """
        --- m
        class C:
            def __add__(self, o): return 1
        X = C() + 1
        +++ m
        class C:
            def __add__(self, o): return 2
        X = C() + 1
        === ask
        m.X
    """,
    "a value computed by an f-string": """
        --- m
        class C:
            def __str__(self): return "one"
        X = f"{C()}"
        +++ m
        class C:
            def __str__(self): return "two"
        X = f"{C()}"
        === ask
        m.X
    """,
    "a value computed by a comprehension": """
        --- m
        def sq(x): return x
        X = [sq(i) for i in range(3)]
        Y = list(map(sq, range(3)))
        +++ m
        def sq(x): return x * x
        X = [sq(i) for i in range(3)]
        Y = list(map(sq, range(3)))
        === ask
        m.X
        m.Y
    """,
    "a class attribute computed by a function": """
        --- m
        def compute(): return 1
        class A:
            x = compute()
            y = [compute()]
        +++ m
        def compute(): return 2
        class A:
            x = compute()
            y = [compute()]
        === hold
        a = m.A()
        === ask
        a.x
        a.y
    """,
}
