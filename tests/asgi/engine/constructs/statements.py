"""What statements of a module do beside binding names: registries filled by calls, items, loops and decorators."""

CASES = {
    "a call on a list comes": """
        --- m
        REG = []
        def a(): return 1
        def b(): return 2
        REG.append(a)
        +++ m
        REG = []
        def a(): return 1
        def b(): return 2
        REG.append(a)
        REG.append(b)
        === hold
        reg = m.REG
        === ask
        [f() for f in reg]
        m.REG is reg
    """,
    "a call on a list goes": """
        --- m
        REG = []
        def a(): return 1
        def b(): return 2
        REG.append(a)
        REG.append(b)
        +++ m
        REG = []
        def a(): return 1
        def b(): return 2
        REG.append(b)
        === hold
        reg = m.REG
        === ask
        [f() for f in reg]
        m.REG is reg
    """,
    "calls on a list change places": """
        --- m
        REG = []
        REG.append(1)
        REG.append(2)
        +++ m
        REG = []
        REG.append(2)
        REG.append(1)
        === hold
        reg = m.REG
        === ask
        reg
    """,
    "a call on a list comes, and the program has appended": """
        --- m
        REG = []
        REG.append("a")
        +++ m
        REG = []
        REG.append("a")
        REG.append("b")
        === hold
        reg = m.REG
        === use
        m.REG.append("mine")
        === ask
        reg => ['a', 'b', 'mine']
    """,
    "an item is set by a statement that comes": """
        --- m
        T = {}
        T["a"] = 1
        +++ m
        T = {}
        T["a"] = 1
        T["b"] = 2
        === hold
        t = m.T
        === ask
        t
        m.T is t
    """,
    "an item is set by a statement that goes": """
        --- m
        T = {}
        T["a"] = 1
        T["b"] = 2
        +++ m
        T = {}
        T["b"] = 2
        === hold
        t = m.T
        === ask
        t
    """,
    "an item's value changes, and the program has added one": """
        --- m
        T = {}
        T["a"] = 1
        +++ m
        T = {}
        T["a"] = 2
        === hold
        t = m.T
        === use
        m.T["mine"] = 3
        === ask
        t => {'a': 2, 'mine': 3}
    """,
    "an item's value changes, and the program has changed it": """
        --- m
        T = {}
        T["a"] = 1
        +++ m
        T = {}
        T["a"] = 2
        === use
        m.T["a"] = 3
        === ask
        1 => 'refused'
    """,
    "an update of a dict changes": """
        --- m
        D = {"x": 0}
        D.update({"a": 1}, b=2)
        N = len(D)
        +++ m
        D = {"x": 0}
        D.update({"a": 1, "c": 3})
        N = len(D)
        === hold
        d = m.D
        === ask
        d, m.N
    """,
    "a loop fills a table": """
        --- m
        T = {}
        for x in ("a", "b"):
            T[x] = len(T)
        +++ m
        T = {}
        for x in ("a", "b", "c"):
            T[x] = len(T) * 10
        === hold
        t = m.T
        === ask
        t, m.x
    """,
    "a loop makes functions in a table": """
        --- m
        T = {}
        def make(n):
            def f(): return n
            return f
        for n in (1, 2):
            T[n] = make(n)
        +++ m
        T = {}
        def make(n):
            def f(): return n * 10
            return f
        for n in (1, 2, 3):
            T[n] = make(n)
        === hold
        t = m.T
        f = m.T[1]
        === ask
        [g() for g in t.values()]
        f()
    """,
    "a block that registers conditionally": """
        --- m
        FLAG = False
        REG = []
        if FLAG:
            REG.append("x")
        +++ m
        FLAG = True
        REG = []
        if FLAG:
            REG.append("x")
        === hold
        reg = m.REG
        === ask
        reg
    """,
    "a block that registers comes": """
        --- m
        REG = []
        +++ m
        REG = []
        if len(REG) == 0:
            REG.append("x")
        else:
            REG.append("y")
        === hold
        reg = m.REG
        === ask
        reg
    """,
    "try and except import": """
        --- m
        try:
            import no_such_module_one as found
        except ImportError:
            found = None
        NAME = "json" if found is None else "other"
        +++ m
        try:
            import json as found
        except ImportError:
            found = None
        NAME = "json" if found is None else "other"
        === ask
        m.found.__name__, m.NAME
    """,
    "a with statement": """
        --- m
        import contextlib
        OUT = []
        @contextlib.contextmanager
        def noted(what):
            OUT.append(what)
            yield
        with noted("a"):
            X = 1
        +++ m
        import contextlib
        OUT = []
        @contextlib.contextmanager
        def noted(what):
            OUT.append(what)
            yield
        with noted("b"):
            X = 2
        === hold
        out = m.OUT
        === ask
        out, m.X
    """,
    "an augmented assignment comes": """
        --- m
        N = 1
        N += 1
        M = N
        +++ m
        N = 1
        N += 1
        N += 5
        M = N
        === ask
        m.N, m.M
    """,
    "an augmented assignment goes": """
        --- m
        N = 1
        N += 1
        M = N
        +++ m
        N = 1
        M = N
        === ask
        m.N, m.M
    """,
    "an augmented assignment of a list": """
        --- m
        L = [1]
        L += [2]
        +++ m
        L = [1]
        L += [3]
        === hold
        l = m.L
        === ask
        l, m.L is l
    """,
    "an augmented item": """
        --- m
        C = {"n": 1}
        C["n"] += 1
        +++ m
        C = {"n": 1}
        C["n"] += 2
        === hold
        c = m.C
        === ask
        c
    """,
    "tuple unpacking": """
        --- m
        A, (B, *C) = 1, (2, 3)
        D = A + B
        +++ m
        A, (B, *C) = 4, (5, 6, 7)
        D = A + B
        === ask
        m.A, m.B, m.C, m.D
    """,
    "chained assignments": """
        --- m
        A = B = []
        A.append(1)
        +++ m
        A = B = []
        A.append(2)
        === hold
        a = m.A
        === ask
        a, m.B is a, m.A is a
    """,
    "a chained assignment into an item": """
        --- m
        T = {}
        X = T["x"] = [1]
        +++ m
        T = {}
        X = T["x"] = [2]
        === hold
        t, x = m.T, m.X
        === ask
        t, x, t["x"] is x
    """,
    "a match statement": """
        --- m
        MODE = ("fast", 1)
        match MODE:
            case ("fast", n): LEVEL = n
            case _: LEVEL = 0
        +++ m
        MODE = ("slow", 1)
        match MODE:
            case ("fast", n): LEVEL = n
            case ("slow", n): LEVEL = -n
            case _: LEVEL = 0
        === ask
        m.LEVEL
    """,
    "a walrus in a condition": """
        --- m
        if (n := 3) > 2:
            X = n
        +++ m
        if (n := 5) > 2:
            X = n * 2
        === ask
        m.n, m.X
    """,
    "conditional definitions": """
        --- m
        import sys
        if sys.version_info >= (3, 8):
            def f(): return 1
        else:
            def f(): return 2
        +++ m
        import sys
        if sys.version_info >= (3, 9):
            def f(x=5): return 10 + x
        else:
            def f(): return 2
        === hold
        f = m.f
        === ask
        f(), m.f is f
    """,
    "a class in a condition": """
        --- m
        import sys
        if sys.version_info >= (3, 8):
            class C:
                def f(self): return 1
        +++ m
        import sys
        if sys.version_info >= (3, 8):
            class C:
                def f(self): return 1
                def g(self): return 2
        === hold
        c = m.C()
        === ask
        c.f(), c.g()
    """,
    "a del statement comes": """
        --- m
        a = 1
        b = 2
        +++ m
        a = 1
        b = 2
        del a
        === ask
        hasattr(m, "a"), m.b
    """,
    "a del statement goes": """
        --- m
        a = 1
        b = 2
        del a
        +++ m
        a = 1
        b = 2
        === ask
        m.a, m.b
    """,
    "a del of an item": """
        --- m
        T = {"a": 1, "b": 2}
        del T["a"]
        +++ m
        T = {"a": 1, "b": 2}
        del T["b"]
        === hold
        t = m.T
        === ask
        t
    """,
    "a loop's counter": """
        --- m
        total = 0
        for i in range(3):
            total += i
        +++ m
        total = 0
        for i in range(5):
            total += i
        === ask
        m.total, m.i
    """,
    "a global counter in a function": """
        --- m
        count = 0
        def bump():
            global count
            count += 1
        bump()
        +++ m
        count = 0
        def bump():
            global count
            count += 1
        bump()
        bump()
        === ask
        m.count
    """,
    "__all__ grows by statements": """
        --- m
        __all__ = ["a"]
        def a(): pass
        def b(): pass
        __all__.append("b")
        --- n
        from .m import *
        +++ m
        __all__ = ["a"]
        def a(): pass
        def b(): pass
        def c(): pass
        __all__ += ["c"]
        +++ n
        from .m import *
        === ask
        m.__all__
        sorted(k for k in vars(n) if not k.startswith("__"))
    """,
    "an attribute of a function": """
        --- m
        def f(): pass
        f.kind = "a"
        f.other = 1
        +++ m
        def f(): pass
        f.kind = "b"
        === hold
        f = m.f
        === ask
        vars(f)
    """,
    "an attribute of a class": """
        --- m
        class C: pass
        C.kind = "a"
        C.other = 1
        +++ m
        class C: pass
        C.kind = "b"
        === hold
        c = m.C()
        === ask
        c.kind, hasattr(c, "other")
    """,
    "a method patched on": """
        --- m
        class C:
            def f(self): return 1
        def g(self): return 2
        C.g = g
        +++ m
        class C:
            def f(self): return 1
        def g(self): return 2
        def h(self): return 3
        C.g = h
        C.h = h
        === hold
        c = m.C()
        === ask
        c.g(), c.h()
    """,
    "a setattr loop on a class": """
        --- m
        class C: pass
        for name in ("a", "b"):
            setattr(C, name, name.upper())
        +++ m
        class C: pass
        for name in ("b", "c"):
            setattr(C, name, name.upper())
        === hold
        c = m.C()
        === ask
        sorted(k for k in vars(type(c)) if not k.startswith("__"))
    """,
    "an object of a class: calls on it": """
        --- m
        class Registry:
            def __init__(self): self.items = {}
            def add(self, name, f): self.items[name] = f
        R = Registry()
        def a(): return 1
        def b(): return 2
        R.add("a", a)
        R.add("b", b)
        +++ m
        class Registry:
            def __init__(self): self.items = {}
            def add(self, name, f): self.items[name] = f
        R = Registry()
        def a(): return 1
        def b(): return 2
        R.add("a", a)
        R.add("c", b)
        === hold
        r = m.R
        items = m.R.items
        === ask
        {k: f() for k, f in r.items.items()}
        items is r.items, m.R is r
    """,
    "an object of a class: calls on it, and the program has called": """
        --- m
        class Registry:
            def __init__(self): self.items = {}; self.hits = 0
            def add(self, name, f): self.items[name] = f
            def get(self, name): self.hits += 1; return self.items[name]
        R = Registry()
        R.add("a", 1)
        R.add("b", 2)
        +++ m
        class Registry:
            def __init__(self): self.items = {}; self.hits = 0
            def add(self, name, f): self.items[name] = f
            def get(self, name): self.hits += 1; return self.items[name]
        R = Registry()
        R.add("a", 10)
        R.add("c", 3)
        === hold
        r = m.R
        === use
        m.R.get("a"); m.R.add("mine", 9)
        === ask
        r.items => {'a': 10, 'c': 3, 'mine': 9}
        r.hits => 1
    """,
    "an object of a class: another module's calls": """
        --- base
        class Registry:
            def __init__(self): self.items = {}
            def add(self, name, f): self.items[name] = f
        R = Registry()
        --- m
        from .base import R
        R.add("a", 1)
        --- n
        from . import base
        base.R.add("n", 2)
        +++ base
        class Registry:
            def __init__(self): self.items = {}
            def add(self, name, f): self.items[name] = f
        R = Registry()
        +++ m
        from .base import R
        R.add("a", 5)
        +++ n
        from . import base
        === hold
        r = base.R
        === ask
        r.items
    """,
    "a function fills a table": """
        --- m
        T = {}
        def put(k, v):
            T[k] = v
        put("a", 1)
        put("b", 2)
        +++ m
        T = {}
        def put(k, v):
            T[k] = v
        put("a", 1)
        put("c", 2)
        === hold
        t = m.T
        === ask
        t
    """,
    "a function that fills a table changes": """
        --- m
        T = {}
        def put(k, v):
            T[k] = v
        put("a", 1)
        +++ m
        T = {}
        def put(k, v):
            T[k] = v * 10
        put("a", 1)
        === hold
        t = m.T
        === ask
        t
    """,
    "a function fills the table that it is handed": """
        --- m
        T = {}
        def put(table, k):
            table[k] = k
        put(T, "a")
        +++ m
        T = {}
        def put(table, k):
            table[k] = k
        put(T, "b")
        === hold
        t = m.T
        === ask
        t
    """,
    "sys.setrecursionlimit": """
        --- m
        import sys
        sys.setrecursionlimit(sys.getrecursionlimit())
        +++ m
        import sys
        sys.setrecursionlimit(sys.getrecursionlimit() + 1)
        === ask
        1
    """,
    "a table of a table": """
        --- m
        T = {"a": {}, "b": {}}
        T["a"]["x"] = 1
        T["b"]["y"] = 2
        +++ m
        T = {"a": {}, "b": {}}
        T["a"]["x"] = 3
        === hold
        a = m.T["a"]
        b = m.T["b"]
        === ask
        a, b, m.T
    """,
    "a copy of a table": """
        --- m
        A = {}
        A["x"] = 1
        B = dict(A)
        B["y"] = 2
        +++ m
        A = {}
        A["x"] = 5
        B = dict(A)
        B["y"] = 2
        === hold
        a, b = m.A, m.B
        === ask
        a, b
    """,
    "a default that holds a registry": """
        --- m
        REG = []
        def f(x, reg=REG): return (x, reg)
        REG.append(1)
        +++ m
        REG = []
        def f(x, reg=REG): return (x, reg)
        REG.append(2)
        === hold
        f = m.f
        === ask
        f(0), f(0)[1] is m.REG
    """,
    "a set": """
        --- m
        S = set()
        S.add("a")
        S |= {"b"}
        +++ m
        S = set()
        S.add("c")
        S |= {"b"}
        === hold
        s = m.S
        === ask
        sorted(s)
    """,
    "sorting a list in place": """
        --- m
        L = [3, 1, 2]
        L.sort()
        +++ m
        L = [3, 1, 2]
        L.sort(reverse=True)
        === hold
        l = m.L
        === ask
        l
    """,
    "an assertion changes": """
        --- m
        X = 1
        assert X == 1
        +++ m
        X = 2
        assert X == 2, "two"
        === ask
        m.X
    """,
    "a partly read object: only a reading call": """
        --- m
        D = {"a": 1}
        D.get("a")
        print
        +++ m
        D = {"a": 1}
        D.get("b")
        === ask
        m.D
    """,
    "a while loop": """
        --- m
        L = []
        while len(L) < 3:
            L.append(len(L))
        +++ m
        L = []
        while len(L) < 4:
            L.append(len(L) * 2)
        === hold
        l = m.L
        === ask
        l
    """,
    "a table with functions of the app, called by key": """
        --- m
        def a(): return 1
        def b(): return 2
        T = {}
        T["f"] = a
        T["g"] = lambda: 5
        +++ m
        def a(): return 1
        def b(): return 2
        T = {}
        T["f"] = b
        T["g"] = lambda: 6
        === hold
        t = m.T
        g = m.T["g"]
        === ask
        t["f"](), t["g"](), g()
    """,
    "a loop over __all__ that sets where its names are from": """
        --- a
        class A: pass
        def f(): pass
        --- b
        class B: pass
        --- pkg
        from .a import A, f
        from .b import B
        __all__ = ["A", "f"]
        for __name in __all__:
            setattr(locals()[__name], "__module__", __name__)
        +++ a
        class A: pass
        def f(): pass
        +++ b
        class B: pass
        +++ pkg
        from .a import A, f
        from .b import B
        __all__ = ["A", "B", "f"]
        for __name in __all__:
            setattr(locals()[__name], "__module__", __name__)
        === ask
        [x.__module__ == pkg.__name__ for x in (pkg.A, pkg.B, pkg.f)]
    """,
    "a loop over all names, and del of its name": """
        --- a
        class A: pass
        --- b
        class B: pass
        --- pkg
        from .a import A
        for __value in list(locals().values()):
            if getattr(__value, "__module__", "").endswith(".a"):
                __value.__module__ = __name__
        del __value
        +++ a
        class A: pass
        +++ b
        class B: pass
        +++ pkg
        from .a import A
        from .b import B
        for __value in list(locals().values()):
            if getattr(__value, "__module__", "").endswith((".a", ".b")):
                __value.__module__ = __name__
        del __value
        === ask
        pkg.A.__module__ == pkg.__name__, pkg.B.__module__ == pkg.__name__, hasattr(pkg, "__value")
    """,
    "a block with a function that it calls": """
        --- m
        released = False
        version = "1"
        if not released:
            import re
            def get_version(tag):
                return re.sub("x", "y", tag) + "a"
            version = get_version(version)
        +++ m
        released = False
        version = "1x"
        if not released:
            import re
            def get_version(tag):
                return re.sub("x", "y", tag) + "b"
            version = get_version(version)
        === hold
        g = m.get_version
        === ask
        m.version, g("x"), m.get_version is g
    """,
}
