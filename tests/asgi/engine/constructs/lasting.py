"""What living instances lack when a constant names one attribute more, however the code goes over the constant."""

_SHAPES = {
    "the class under a local name": "cls = type(self)\nfor f in cls.FIELDS: setattr(self, f, None)",
    "getattr of the class": "for f in getattr(type(self), 'FIELDS', ()): setattr(self, f, None)",
    "along the mro": "for k in type(self).__mro__:\n    for f in vars(k).get('FIELDS', ()): setattr(self, f, None)",
    "super's __setattr__": "for f in self.FIELDS: super().__setattr__(f, None)",
    "its dict under a local name": "d = vars(self)\nfor f in self.FIELDS: d[f] = None",
    "a partial": "put = functools.partial(setattr, self)\nfor f in self.FIELDS: put(f, None)",
    "map": "list(map(lambda f: setattr(self, f, None), self.FIELDS))",
    "a method is handed the names": "self._fill(self.FIELDS)",
    "with something before": "for f in self.FIELDS: setattr(self, f'_{f}', None)",
    "another dict": "self.__dict__ = dict.fromkeys(self.FIELDS)",
}
_TEXT = """
--- m
import functools
class C:
    FIELDS = ["a"]
    def __init__(self):
        {body}
    def _fill(self, names):
        for name in names: setattr(self, name, None)
class S(C):
    FIELDS = {old}
+++ m
import functools
class C:
    FIELDS = ["a"]
    def __init__(self):
        {body}
    def _fill(self, names):
        for name in names: setattr(self, name, None)
class S(C):
    FIELDS = {new}
=== use
o = m.S()
lib.append(o)
=== ask
o.{asked} => None
"""


def _case(body: str, old: str, new: str, asked: str) -> str:
    indented = body.replace("\n", "\n        ")
    return _TEXT.format(body=indented, old=old, new=new, asked=asked)


CASES = {
    **{
        f"a subclass's list of names grows: {name}": _case(
            body, '["a"]', '["a", "b"]', "_b" if "f'_{f}'" in body else "b"
        )
        for name, body in _SHAPES.items()
    },
    "pairs of name and default": _case(
        "for f, v in getattr(self, 'FIELDS'): setattr(self, f, v)", '[("a", 1)]', '[("a", 1), ("b", None)]', "b"
    ).replace('FIELDS = ["a"]', 'FIELDS = [("a", 1)]'),
    "type hints": """
        --- m
        import typing
        class C:
            def __init__(self):
                for n in typing.get_type_hints(type(self)): setattr(self, n, None)
        class S(C):
            a: int
        +++ m
        import typing
        class C:
            def __init__(self):
                for n in typing.get_type_hints(type(self)): setattr(self, n, None)
        class S(C):
            a: int
            b: int
        === use
        o = m.S()
        lib.append(o)
        === ask
        o.b => None
    """,
    "a metaclass sets what a constant elsewhere names": """
        --- names
        COLUMNS = {"first": "a"}
        --- m
        from . import names
        class Meta(type):
            def __call__(cls, *args):
                made = super().__call__(*args)
                for value in names.COLUMNS.values():
                    put = object.__setattr__
                    put(made, value, None)
                return made
        class C(metaclass=Meta):
            pass
        +++ names
        COLUMNS = {"first": "a", "second": "b"}
        === use
        o = m.C()
        lib.append(o)
        === ask
        o.b => None
    """,
}

RIGHT = {
    "texts that are no attributes": """
        --- m
        class C:
            COLOURS = ["red"]
            def __init__(self):
                self.__dict__["n"] = len(self.COLOURS)
            def colours(self): return self.COLOURS
        +++ m
        class C:
            COLOURS = ["red", "blue"]
            def __init__(self):
                self.__dict__["n"] = len(self.COLOURS)
            def colours(self): return self.COLOURS
        === use
        o = m.C()
        lib.append(o)
        === ask
        o.colours() => ['red', 'blue']
    """,
    "names for which the class answers": """
        --- m
        class C:
            SHOWN = ["a"]
            b = 2
            def __init__(self): self.a = 1
            def show(self): return {n: getattr(self, n) for n in self.SHOWN}
        +++ m
        class C:
            SHOWN = ["a", "b", "show"]
            b = 2
            def __init__(self): self.a = 1
            def show(self): return [n for n in self.SHOWN if getattr(self, n)]
        === use
        o = m.C()
        lib.append(o)
        === ask
        o.show() => ['a', 'b', 'show']
    """,
    "texts in a list that was empty": """
        --- m
        ORIGINS = []
        class C:
            def __init__(self): self.__dict__["n"] = len(ORIGINS)
            def show(self): return ORIGINS
        +++ m
        ORIGINS = ["http"]
        class C:
            def __init__(self): self.__dict__["n"] = len(ORIGINS)
            def show(self): return ORIGINS
        === use
        o = m.C()
        lib.append(o)
        === ask
        o.show() => ['http']
    """,
    "names of what is left out": """
        --- m
        class C:
            HIDDEN = {"a"}
            def __init__(self): self.a = self.b = 1
            def show(self): return [n for n in vars(self) if n not in self.HIDDEN]
        +++ m
        class C:
            HIDDEN = {"a", "c"}
            def __init__(self): self.a = self.b = 1
            def show(self): return [n for n in vars(self) if n not in self.HIDDEN]
        === use
        o = m.C()
        lib.append(o)
        === ask
        o.show() => ['b']
    """,
    "names for which the class answers from now on": """
        --- m
        class C:
            SHOWN = ["a"]
            def __init__(self): self.a = 1
            def show(self): return [getattr(self, n) for n in self.SHOWN]
        +++ m
        class C:
            SHOWN = ["a", "b", "c"]
            c = 3
            def __init__(self): self.a = 1
            @property
            def b(self): return 2
            def show(self): return [getattr(self, n) for n in self.SHOWN]
        === use
        o = m.C()
        lib.append(o)
        === ask
        o.show() => [1, 2, 3]
    """,
    "only what is done with the names changes": """
        --- m
        class C:
            NAMES = ["a"]
            def __init__(self): self.a = 1
            def show(self): return [getattr(self, n, 0) for n in self.NAMES]
        +++ m
        class C:
            NAMES = ["a"]
            def __init__(self): self.a = 1
            def show(self): return [getattr(self, n, 0) + 1 for n in self.NAMES]
        === use
        o = m.C()
        lib.append(o)
        === ask
        o.show() => [2]
    """,
}
