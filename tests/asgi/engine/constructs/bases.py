"""Bases that stand in another order, or change under classes that derive from several. None may be refused."""

CASES = {
    "the bases of two classes are turned round, and a third derives from both": """
        --- m
        from abc import ABCMeta, abstractmethod
        from typing import Generic, TypeVar
        T = TypeVar("T", covariant=True)
        U = TypeVar("U", contravariant=True)
        class Closed(metaclass=ABCMeta):
            def close(self): return "closed"
        class Receive(Generic[T], Closed):
            @abstractmethod
            def receive(self) -> T: ...
        class Send(Generic[U], Closed):
            @abstractmethod
            def send(self, item: U): ...
        class Both(Receive[T], Send[T]):
            def both(self): return 1
        class Memory(Both[int]):
            def receive(self): return 1
            def send(self, item): return item
        +++ m
        from abc import ABCMeta, abstractmethod
        from typing import Generic, TypeVar
        T = TypeVar("T", covariant=True)
        U = TypeVar("U", contravariant=True)
        class Closed(metaclass=ABCMeta):
            def close(self): return "closed"
        class Receive(Closed, Generic[T]):
            @abstractmethod
            def receive(self) -> T: ...
        class Send(Closed, Generic[U]):
            @abstractmethod
            def send(self, item: U): ...
        class Both(Receive[T], Send[T]):
            def both(self): return 1
        class Memory(Both[int]):
            def receive(self): return 1
            def send(self, item): return item
        === hold
        held = m.Memory()
        === ask
        [c.__name__ for c in m.Memory.__mro__]
        [c.__name__ for c in m.Both.__mro__]
        held.close(), held.send(2), isinstance(held, m.Receive)
        [type(c).__name__ for c in m.Memory.__mro__]
        [c.__name__ for c in m.Receive.__subclasses__()]
    """,
    "mixins turned round under classes whose metaclass is type, in two modules": """
        --- a
        class Base:
            def who(self): return ["base"]
        class Mixin:
            def who(self): return ["mixin", *super().who()] if hasattr(super(), "who") else ["mixin"]
        class One(Mixin, Base): pass
        class Two(Mixin, Base): pass
        --- b
        from .a import One, Two
        class Three(One, Two):
            def who(self): return ["three", *super().who()]
        +++ a
        class Base:
            def who(self): return ["base"]
        class Mixin:
            def who(self): return ["mixin", *super().who()] if hasattr(super(), "who") else ["mixin"]
        class One(Base, Mixin): pass
        class Two(Base, Mixin): pass
        +++ b
        from .a import One, Two
        class Three(One, Two):
            def who(self): return ["three", *super().who()]
        === hold
        held = b.Three()
        === ask
        held.who()
        [c.__name__ for c in b.Three.__mro__]
        type(b.Three) is type
    """,
    "a metaclass with an mro of its own sees its classes' bases turned round": """
        --- m
        class Meta(type):
            def mro(cls): return super().mro()
        class Base(metaclass=Meta): pass
        class Mixin(metaclass=Meta): pass
        class One(Mixin, Base): pass
        class Two(Mixin, Base): pass
        class Three(One, Two): pass
        +++ m
        class Meta(type):
            def mro(cls): return super().mro()
        class Base(metaclass=Meta): pass
        class Mixin(metaclass=Meta): pass
        class One(Base, Mixin): pass
        class Two(Base, Mixin): pass
        class Three(One, Two): pass
        === hold
        held = m.Three()
        === ask
        [c.__name__ for c in m.Three.__mro__]
        type(held.__class__) is m.Meta
        m.Meta.__subclasses__()
    """,
    "a base between gets a base of its own, and what derives from both lists them otherwise": """
        --- m
        class A:
            def f(self): return "a"
        class B:
            def f(self): return "b"
        class C(A, B): pass
        class D(A): pass
        class E(C, D): pass
        +++ m
        class A:
            def f(self): return "a"
        class B(A):
            def f(self): return "b"
        class C(B): pass
        class D(A): pass
        class E(C, D): pass
        === hold
        held = m.E()
        === ask
        [c.__name__ for c in m.E.__mro__]
        held.f()
    """,
}

HALF_WAY = {
    "bases are turned round, and what comes after them can't be done": """
        --- m
        from typing import NamedTuple
        class Base: pass
        class Mixin: pass
        class One(Mixin, Base): pass
        class Two(Mixin, Base): pass
        class Point(NamedTuple):
            x: int = 1
        +++ m
        from dataclasses import dataclass
        class Base: pass
        class Mixin: pass
        class One(Base, Mixin): pass
        class Two(Mixin, Base): pass
        @dataclass
        class Point:
            x: int = 1
        === ask
        m.Base.__subclasses__()
    """,
}
"""What is refused in the middle of it is undone: who derives from whom, in the order that it had."""
