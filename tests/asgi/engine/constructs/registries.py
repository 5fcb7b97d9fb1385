CASES = {
    "register by name: one goes": """
        --- m
        REG = {}
        def register(name):
            def enter(f):
                REG[name] = f
                return f
            return enter
        @register("a")
        def a(): return 1
        @register("b")
        def b(): return 2
        +++ m
        REG = {}
        def register(name):
            def enter(f):
                REG[name] = f
                return f
            return enter
        @register("b")
        def b(): return 3
        === hold
        reg = m.REG
        b = m.b
        === ask
        {k: f() for k, f in reg.items()}
        b(), m.b is b, reg["b"] is b
    """,
    "register by name: the name changes": """
        --- m
        REG = {}
        def register(name):
            def enter(f):
                REG[name] = f
                return f
            return enter
        @register("a")
        def a(): return 1
        @register("b")
        def b(): return 2
        +++ m
        REG = {}
        def register(name):
            def enter(f):
                REG[name] = f
                return f
            return enter
        @register("x")
        def a(): return 1
        @register("b")
        def b(): return 2
        === hold
        reg = m.REG
        === use
        m.REG["mine"] = len
        === ask
        list(reg) => ['x', 'b', 'mine']
    """,
    "register in a list: one comes between": """
        --- m
        HOOKS = []
        def hook(f):
            HOOKS.append(f)
            return f
        @hook
        def a(): return 1
        @hook
        def c(): return 3
        +++ m
        HOOKS = []
        def hook(f):
            HOOKS.append(f)
            return f
        @hook
        def a(): return 1
        @hook
        def b(): return 2
        @hook
        def c(x=1): return 3 + x
        === hold
        hooks = m.HOOKS
        c = m.c
        === ask
        [f() for f in hooks]
        c(), m.HOOKS is hooks
    """,
    "a registering decorator that wraps": """
        --- m
        import functools
        HOOKS = []
        def hook(f):
            @functools.wraps(f)
            def inner(*a): return ("in", f(*a))
            HOOKS.append(inner)
            return inner
        @hook
        def a(): return 1
        @hook
        def c(): return 3
        +++ m
        import functools
        HOOKS = []
        def hook(f):
            @functools.wraps(f)
            def inner(*a): return ("in2", f(*a))
            HOOKS.append(inner)
            return inner
        @hook
        def c(x=1): return 3 + x
        === hold
        hooks = m.HOOKS
        c = m.c
        === ask
        [f() for f in hooks]
        c(), hooks[0] is c
    """,
    "a registering decorator changes its body": """
        --- m
        REG = {}
        def register(f):
            REG[f.__name__] = f
            return f
        @register
        def a(): return 1
        @register
        def b(): return 2
        +++ m
        REG = {}
        def register(f):
            REG[f.__name__.upper()] = f
            return f
        @register
        def a(): return 1
        @register
        def b(): return 2
        === hold
        reg = m.REG
        === ask
        {k: f() for k, f in reg.items()}
    """,
    "an object's registering method": """
        --- base
        class Plugins:
            def __init__(self): self.found = {}
            def register(self, name):
                def enter(f):
                    self.found[name] = f
                    return f
                return enter
        plugins = Plugins()
        --- m
        from .base import plugins
        @plugins.register("a")
        def a(): return 1
        @plugins.register("b")
        def b(): return 2
        +++ base
        class Plugins:
            def __init__(self): self.found = {}
            def register(self, name):
                def enter(f):
                    self.found[name] = f
                    return f
                return enter
        plugins = Plugins()
        +++ m
        from .base import plugins
        @plugins.register("a")
        def a(x=2): return 1 + x
        @plugins.register("c")
        def c(): return 3
        === hold
        p = base.plugins
        a = m.a
        === ask
        {k: f() for k, f in p.found.items()}
        a() , p.found["a"] is a
    """,
    "a class decorator registers": """
        --- m
        REG = {}
        def register(cls):
            REG[cls.__name__] = cls
            return cls
        @register
        class A:
            x = 1
        @register
        class B:
            x = 2
        +++ m
        REG = {}
        def register(cls):
            REG[cls.__name__] = cls
            return cls
        @register
        class A:
            x = 10
        @register
        class C:
            x = 3
        === hold
        reg = m.REG
        a = m.A()
        === ask
        {k: c.x for k, c in reg.items()}
        a.x, type(a) is m.A, reg["A"] is m.A
    """,
    "a class decorator with a name that changes": """
        --- m
        REG = {}
        def register(name):
            def enter(cls):
                REG[name] = cls
                return cls
            return enter
        @register("a")
        class A:
            x = 1
        @register("b")
        class B:
            x = 2
        +++ m
        REG = {}
        def register(name):
            def enter(cls):
                REG[name] = cls
                return cls
            return enter
        @register("z")
        class A:
            x = 1
        @register("b")
        class B:
            x = 2
        === hold
        reg = m.REG
        a = m.A()
        === ask
        {k: c.x for k, c in reg.items()}
        reg["z"] is type(a)
    """,
    "__init_subclass__ registers in a table: one goes": """
        --- m
        REG = {}
        class Base:
            def __init_subclass__(cls, key=None, **kw):
                super().__init_subclass__(**kw)
                REG[key or cls.__name__] = cls
        class A(Base, key="a"): pass
        class B(Base, key="b"): pass
        +++ m
        REG = {}
        class Base:
            def __init_subclass__(cls, key=None, **kw):
                super().__init_subclass__(**kw)
                REG[key or cls.__name__] = cls
        class A(Base, key="aa"): pass
        === hold
        reg = m.REG
        A = m.A
        === ask
        reg
        list(reg.values())[0] is A
    """,
    "a metaclass registers: the key changes": """
        --- m
        class Meta(type):
            registry = {}
            def __new__(mcs, name, bases, ns, **kw):
                cls = super().__new__(mcs, name, bases, ns)
                mcs.registry[ns.get("key", name)] = cls
                return cls
        class A(metaclass=Meta):
            key = "a"
        class B(metaclass=Meta):
            key = "b"
        +++ m
        class Meta(type):
            registry = {}
            def __new__(mcs, name, bases, ns, **kw):
                cls = super().__new__(mcs, name, bases, ns)
                mcs.registry[ns.get("key", name)] = cls
                return cls
        class A(metaclass=Meta):
            key = "aa"
        class B(metaclass=Meta):
            key = "b"
        === hold
        reg = m.Meta.registry
        === ask
        sorted(reg)
    """,
    "singledispatch: register by call": """
        --- m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        def for_int(x): return "int"
        f.register(int, for_int)
        f.register(str, lambda x: "str")
        +++ m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        def for_int(x): return "int"
        f.register(float, for_int)
        f.register(str, lambda x: "text")
        === hold
        f = m.f
        f(1), f(1.0), f("")
        === ask
        f(1), f(1.0), f("")
    """,
    "singledispatch: register with annotations": """
        --- m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        @f.register
        def _(x: int): return "int"
        @f.register
        def _(x: str): return "str"
        +++ m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        @f.register
        def _(x: int): return "int2"
        @f.register
        def _(x: str): return "str2"
        @f.register
        def _(x: list): return "list"
        === hold
        f = m.f
        f(1), f([]), f("")
        === ask
        f(1), f([]), f(""), f(1.0)
    """,
    "singledispatch: one goes": """
        --- m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        @f.register(int)
        def a(x): return "int"
        @f.register(str)
        def b(x): return "str"
        +++ m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        @f.register(str)
        def b(x): return "str"
        === hold
        f = m.f
        f(1), f("")
        === ask
        f(1), f("")
    """,
    "singledispatchmethod: one comes": """
        --- m
        import functools
        class C:
            @functools.singledispatchmethod
            def f(self, x): return "any"
            @f.register
            def _(self, x: int): return "int"
        +++ m
        import functools
        class C:
            @functools.singledispatchmethod
            def f(self, x): return "any"
            @f.register
            def _(self, x: int): return "int2"
            @f.register
            def _(self, x: str): return "str"
        === hold
        c = m.C()
        c.f(1), c.f("")
        === ask
        c.f(1), c.f(""), c.f(1.0)
    """,
    "an abstract class registers another": """
        --- m
        import abc
        class A(abc.ABC): pass
        class X: pass
        class Y: pass
        A.register(X)
        +++ m
        import abc
        class A(abc.ABC): pass
        class X: pass
        class Y: pass
        A.register(Y)
        === hold
        x, y = m.X(), m.Y()
        isinstance(x, m.A), isinstance(y, m.A)
        === ask
        isinstance(x, m.A), isinstance(y, m.A)
    """,
    "an abstract class registers by decorator": """
        --- m
        import abc
        class A(abc.ABC): pass
        class X: pass
        +++ m
        import abc
        class A(abc.ABC): pass
        @A.register
        class X: pass
        === hold
        x = m.X()
        isinstance(x, m.A)
        === ask
        isinstance(x, m.A)
    """,
    "atexit": """
        --- m
        import atexit
        def bye(): pass
        def ciao(): pass
        atexit.register(bye)
        +++ m
        import atexit
        def bye(): pass
        def ciao(): pass
        atexit.register(ciao)
        === ask
        1
    """,
    "copyreg": """
        --- m
        import copyreg
        class X: pass
        def one(x): return (X, ())
        def two(x): return (X, ())
        copyreg.pickle(X, one)
        +++ m
        import copyreg
        class X: pass
        def one(x): return (X, ())
        def two(x): return (X, ())
        copyreg.pickle(X, two)
        === ask
        __import__("copyreg").dispatch_table[m.X].__name__
    """,
    "a registry in a class attribute": """
        --- m
        class Registry:
            items = {}
            @classmethod
            def add(cls, name):
                def enter(f):
                    cls.items[name] = f
                    return f
                return enter
        @Registry.add("a")
        def a(): return 1
        @Registry.add("b")
        def b(): return 2
        +++ m
        class Registry:
            items = {}
            @classmethod
            def add(cls, name):
                def enter(f):
                    cls.items[name] = f
                    return f
                return enter
        @Registry.add("a")
        def a(): return 1
        @Registry.add("c")
        def c(): return 2
        === hold
        items = m.Registry.items
        === ask
        {k: f() for k, f in items.items()}
    """,
    "a module that registers comes": """
        --- base
        REG = []
        def register(f): REG.append(f); return f
        --- a
        from .base import register
        @register
        def a(): return "a"
        +++ base
        REG = []
        def register(f): REG.append(f); return f
        +++ a
        from . import b
        from .base import register
        @register
        def a(): return "a"
        +++ b
        from .base import register
        @register
        def b(): return "b"
        === hold
        reg = base.REG
        === ask
        [f() for f in reg]
    """,
    "a module that registers goes": """
        --- base
        REG = []
        def register(f): REG.append(f); return f
        --- b
        from .base import register
        @register
        def b(): return "b"
        --- a
        from . import b
        from .base import register
        @register
        def a(): return "a"
        +++ base
        REG = []
        def register(f): REG.append(f); return f
        +++ a
        from .base import register
        @register
        def a(): return "a"
        xxx b
        === hold
        reg = base.REG
        === ask
        [f() for f in reg]
    """,
    "star import of a module with calls on __all__": """
        --- m
        __all__ = []
        def export(f):
            __all__.append(f.__name__)
            return f
        @export
        def a(): return 1
        def b(): return 2
        --- n
        from .m import *
        +++ m
        __all__ = []
        def export(f):
            __all__.append(f.__name__)
            return f
        @export
        def a(): return 1
        @export
        def b(): return 2
        +++ n
        from .m import *
        === ask
        sorted(k for k in vars(n) if not k.startswith("__"))
    """,
    "star import comes": """
        --- m
        a = 1
        b = 2
        --- n
        from .m import a
        c = a
        +++ m
        a = 1
        b = 2
        +++ n
        from .m import *
        c = a + b
        === ask
        n.b, n.c
    """,
    "star import goes": """
        --- m
        a = 1
        b = 2
        --- n
        from .m import *
        c = a
        +++ m
        a = 1
        b = 2
        +++ n
        from .m import a
        c = a
        === ask
        hasattr(n, "b"), n.c
    """,
    "star import of a library comes": """
        --- n
        from string import digits
        c = digits
        +++ n
        from string import *
        c = digits + ascii_lowercase
        === ask
        n.c, hasattr(n, "punctuation")
    """,
    "star import of a library goes": """
        --- n
        from string import *
        c = digits
        +++ n
        from string import digits
        c = digits
        === ask
        n.c, hasattr(n, "punctuation")
    """,
    "star imports change places": """
        --- a
        x = "a"
        --- b
        x = "b"
        --- n
        from .a import *
        from .b import *
        +++ a
        x = "a"
        +++ b
        x = "b"
        +++ n
        from .b import *
        from .a import *
        === ask
        n.x
    """,
    "imports of one name change places": """
        --- a
        x = "a"
        --- b
        x = "b"
        --- n
        from .a import x
        from .b import x
        +++ a
        x = "a"
        +++ b
        x = "b"
        +++ n
        from .b import x
        from .a import x
        === ask
        n.x
    """,
    "two assignments change places": """
        --- n
        x = 1
        x = 2
        +++ n
        x = 2
        x = 1
        === ask
        n.x
    """,
    "importlib at module level": """
        --- a
        x = 1
        --- b
        x = 2
        --- n
        import importlib
        mod = importlib.import_module(".a", __package__)
        y = mod.x
        +++ a
        x = 1
        +++ b
        x = 2
        +++ n
        import importlib
        mod = importlib.import_module(".b", __package__)
        y = mod.x
        === ask
        n.y, n.mod.__name__
    """,
    "importlib in a loop": """
        --- a
        x = 1
        --- b
        x = 2
        --- n
        import importlib
        MODS = {}
        for name in ("a",):
            MODS[name] = importlib.import_module(f".{name}", __package__)
        +++ a
        x = 1
        +++ b
        x = 2
        +++ n
        import importlib
        MODS = {}
        for name in ("a", "b"):
            MODS[name] = importlib.import_module(f".{name}", __package__)
        === hold
        mods = n.MODS
        === ask
        sorted(mods)
    """,
    "globals() in a loop": """
        --- n
        for name in ("A", "B"):
            globals()[name] = name.lower()
        +++ n
        for name in ("A", "C"):
            globals()[name] = name.lower()
        === ask
        n.C, hasattr(n, "B")
    """,
    "a sorted registry": """
        --- m
        class Step:
            def __init__(self, n, f): self.n, self.f = n, f
        STEPS = []
        def step(n):
            def enter(f):
                STEPS.append(Step(n, f))
                STEPS.sort(key=lambda s: s.n)
                return f
            return enter
        @step(2)
        def b(): return "b"
        @step(1)
        def a(): return "a"
        +++ m
        class Step:
            def __init__(self, n, f): self.n, self.f = n, f
        STEPS = []
        def step(n):
            def enter(f):
                STEPS.append(Step(n, f))
                STEPS.sort(key=lambda s: s.n)
                return f
            return enter
        @step(2)
        def b(): return "b"
        @step(3)
        def a(): return "a"
        @step(0)
        def z(): return "z"
        === hold
        steps = m.STEPS
        first = m.STEPS[1]
        === ask
        [(s.n, s.f()) for s in steps]
    """,
    "a counter in a registry object": """
        --- m
        class Bus:
            def __init__(self): self.handlers = []; self.sent = 0
            def on(self, f): self.handlers.append(f); return f
            def send(self): self.sent += 1; return [h() for h in self.handlers]
        bus = Bus()
        @bus.on
        def a(): return 1
        +++ m
        class Bus:
            def __init__(self): self.handlers = []; self.sent = 0
            def on(self, f): self.handlers.append(f); return f
            def send(self): self.sent += 1; return [h() for h in self.handlers]
        bus = Bus()
        @bus.on
        def a(): return 1
        @bus.on
        def b(): return 2
        === hold
        bus = m.bus
        send = m.bus.send
        === use
        send(); send()
        === ask
        send() => [1, 2]
        bus.sent => 3
    """,
    "entering twice is harmless: a set of classes": """
        --- m
        KINDS = set()
        def kind(cls): KINDS.add(cls); return cls
        @kind
        class A: x = 1
        @kind
        class B: x = 2
        +++ m
        KINDS = set()
        def kind(cls): KINDS.add(cls); return cls
        @kind
        class A: x = 1
        class B: x = 2
        === hold
        kinds = m.KINDS
        === ask
        sorted(c.__name__ for c in kinds)
    """,
    "a star import whose source changes, and a definition after it": """
        --- m
        a = 1
        def f(): return "m"
        --- n
        from .m import *
        def f(): return "n"
        c = a
        +++ m
        a = 2
        def f(): return "m"
        d = 5
        +++ n
        from .m import *
        def f(): return "n"
        c = a
        === hold
        f = n.f
        === ask
        n.f(), n.a, n.c, n.d, f()
    """,
    "a star import that hid a name goes": """
        --- m
        a = 1
        --- n
        a = 5
        from .m import *
        +++ m
        a = 1
        +++ n
        a = 5
        === ask
        n.a
    """,
    "star imports through a package": """
        --- pkg__a
        x = 1
        y = 2
        --- pkg
        from .a import *
        --- n
        from .pkg import *
        z = x
        +++ pkg__a
        x = 10
        w = 3
        +++ pkg
        from .a import *
        +++ n
        from .pkg import *
        z = x
        === ask
        n.x, n.z, hasattr(n, "y"), n.w
    """,
}
