"""What commits of libraries do. Each of these is right: none may be refused."""

CASES = {
    "a submodule takes the place of what its package bound": """
        --- pkg
        from .one import value
        --- pkg.one
        value = 1
        +++ pkg
        from .names import one
        from .one import value
        +++ pkg.names
        one = "a name"
        === hold
        held = pkg.one
        === ask
        pkg.one.value
        held.value
    """,
    "a package's name takes the place of its submodule": """
        --- pkg
        from .one import value
        --- pkg.one
        value = 1
        +++ pkg
        from .one import value
        from .names import one
        +++ pkg.names
        one = "a name"
        === ask
        pkg.one
    """,
    "a loop over all names tells new exports where they are": """
        --- pkg
        from .one import A
        for value in list(locals().values()):
            if getattr(value, "__module__", "").startswith(__name__ + "."):
                value.__module__ = __name__
        del value
        --- pkg.one
        class A: pass
        +++ pkg
        from .one import A, B
        for value in list(locals().values()):
            if getattr(value, "__module__", "").startswith(__name__ + "."):
                value.__module__ = __name__
        del value
        +++ pkg.one
        class A: pass
        class B:
            def f(self): return 1
        === hold
        held = pkg.A()
        === ask
        pkg.A.__module__.count(".")
        pkg.B.__module__.count(".")
        held.__class__ is pkg.A
        hasattr(pkg, "value")
    """,
}
