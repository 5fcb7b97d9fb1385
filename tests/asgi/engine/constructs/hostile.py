"""Programs of several modules by a judge who had seen no table: what it found wrong, or refused for no true reason."""

REFUSED = frozenset({"attrs, no slots: a field with a default comes, and instances live"})

CASES = {
    "attrs, no slots: a field with a default comes, and instances live": """
        --- m
        import attrs
        @attrs.define(slots=False)
        class P:
            x: int = 0
            def area(self): return self.x
        live = [P(1)]
        +++ m
        import attrs
        @attrs.define(slots=False)
        class P:
            x: int = 0
            y: int = 7
            def area(self): return self.x * self.y
        live = [P(1)]
        === ask
        m.live[0].area()
        m.live == [m.P(1)]
    """,
    "a table holds a partial of a partial, and what it binds changes": """
        --- f
        def send(host, port, *, retries=1): return (host, port, retries)
        --- m
        from functools import partial
        from .f import send
        local = partial(send, "localhost", retries=3)
        local80 = partial(local, 80)
        table = {"a": local80, "b": partial(local, 443)}
        +++ m
        from functools import partial
        from .f import send
        local = partial(send, "127.0.0.1", retries=5)
        local80 = partial(local, 80)
        table = {"a": local80, "b": partial(local, 443)}
        === hold
        held = m.table
        === ask
        held["a"](), held["b"](), m.local80()
        held["a"] is m.local80
    """,
    "a generic base is told another argument, and an instance lives": """
        --- repo
        from typing import Generic, TypeVar, get_args
        T = TypeVar("T")
        class Repo(Generic[T]):
            def __init__(self): self.items = {}
            def __init_subclass__(cls, **kw):
                super().__init_subclass__(**kw)
                cls.model = get_args(cls.__orig_bases__[0])[0]
            def add(self, key, *args):
                self.items[key] = self.model(*args)
                return self.items[key]
        --- m
        from .repo import Repo
        class User:
            def __init__(self, name): self.name = name
        class Post:
            def __init__(self, title): self.title = title
        class Things(Repo[User]): pass
        things = Things()
        +++ m
        from .repo import Repo
        class User:
            def __init__(self, name): self.name = name
        class Post:
            def __init__(self, title): self.title = title
        class Things(Repo[Post]): pass
        things = Things()
        === hold
        held = m.things
        === ask
        held.add(1, "x").title
        m.Things.model is m.Post
        held is m.things
    """,
}
