"""More of what random modules are made of: shapes that applications have, a library's and their own. See `kinds`."""

from __future__ import annotations

from .kinds import KINDS, Kind

REAL = {
    # -- pydantic, FastAPI
    "model": Kind(
        "class {name}(pydantic.BaseModel):\n    base: int = {a}\n    f{b}: object = {c}\n    def m1(self):\n"
        "        return self.base, {c}",
        "cls",
    ),
    "model of models": Kind(
        "class {name}_inner(pydantic.BaseModel):\n    n{a}: int = {b}\n"
        "class {name}(pydantic.BaseModel):\n    base: int = {c}\n    inner: {name}_inner = {name}_inner()",
        "cls",
    ),
    "validated": Kind(
        "class {name}(pydantic.BaseModel):\n    base: int = {a}\n    @pydantic.field_validator('base')\n"
        "    @classmethod\n    def check(cls, value):\n        return value + {b}",
        "cls",
    ),
    "router": Kind(
        "{name} = fastapi.APIRouter(prefix='/{name}')\n@{name}.get('/r{a}')\ndef {name}_get(x: int = {b}):\n"
        "    return x, {c}"
    ),
    "dependency": Kind(
        "def {name}_dep(q: int = {a}):\n    return q, {b}\n{name} = fastapi.APIRouter()\n"
        "@{name}.get('/d')\ndef {name}_get(found=fastapi.Depends({name}_dep)):\n    return found, {c}"
    ),
    "app factory": Kind(
        "def {name}_make():\n    app = fastapi.FastAPI(title='t{a}')\n    @app.get('/f{b}')\n    def get():\n"
        "        return {c}\n    return app\n{name} = {name}_make()"
    ),
    # -- attributes under names that are worked out
    "fields": Kind(
        "class {name}:\n    FIELDS = ('base', 'f{a}', 'f{b}')\n    def __init__(self):\n        cls = type(self)\n"
        "        for field in cls.FIELDS:\n            setattr(self, field, {c})\n"
        "    def got(self):\n        return [getattr(self, f) for f in self.FIELDS][-1]",
        "base",
    ),
    "defaults": Kind(
        "class {name}:\n    defaults = {{'base': {a}, 'f{b}': {c}}}\n    def __init__(self, **given):\n"
        "        for key, value in {{**self.defaults, **given}}.items():\n            self.__dict__[key] = value\n"
        "    def got(self):\n        return {{n: getattr(self, n) for n in self.defaults}}",
        "base",
    ),
    "derived fields": Kind(
        "class {name}_base:\n    FIELDS = ['base']\n    def __init__(self):\n"
        "        for kind in type(self).__mro__:\n            for field in vars(kind).get('FIELDS', ()):\n"
        "                setattr(self, field, {a})\n    def got(self):\n"
        "        return self.__dict__.get('f{b}', 'none')\n"
        "class {name}({name}_base):\n    FIELDS = ['f{b}', 'f{c}']",
        "base",
    ),
    # -- classes
    "init enum": Kind(
        "class {name}(enum.Enum):\n    A = ({a}, 'x')\n    B = ({b}, 'y')\n    def __init__(self, n, t):\n"
        "        self.n = n\n    def m1(self):\n        return self.n, {c}",
        "cls",
    ),
    "text enum": Kind("class {name}(str, enum.Enum):\n    A = 'a{a}'\n    B = 'b{b}'", "cls"),
    "of a generic": Kind(
        "class {name}_of(typing.Generic[T]):\n    base = {a}\n    def m1(self):\n        return {b}\n"
        "class {name}({name}_of[int]):\n    def m2(self):\n        return super().m1(), {c}",
        "base",
    ),
    "manager": Kind(
        "class {name}:\n    base = {a}\n    def __enter__(self):\n        return self, {b}\n"
        "    def __exit__(self, *exc):\n        return {c} > 9",
        "cls",
    ),
    "async manager": Kind(
        "@contextlib.asynccontextmanager\nasync def {name}(x={a}):\n    yield x, {value}, {c}",
        "fn",
    ),
    "setter": Kind(
        "class {name}:\n    _n = {a}\n    base = {b}\n    @property\n    def n(self):\n        return self._n, {c}\n"
        "    @n.setter\n    def n(self, value):\n        self._n = value",
        "base",
    ),
    "data descriptor": Kind(
        "class {name}_field:\n    def __set_name__(self, owner, name):\n        self.key = '_' + name + '{a}'\n"
        "    def __get__(self, obj, owner=None):\n"
        "        return self if obj is None else obj.__dict__.get(self.key, {b})\n"
        "    def __set__(self, obj, value):\n        obj.__dict__[self.key] = value\n"
        "class {name}:\n    base = {c}\n    f = {name}_field()\n    def __init__(self):\n        self.f = {c}",
        "cls",
    ),
    "slots inherit": Kind(
        "class {name}_base:\n    __slots__ = ('s', '__weakref__')\n    def m1(self):\n        return {a}\n"
        "class {name}({name}_base):\n    __slots__ = ('t{b}',)\n    base = {c}",
        "cls",
    ),
    "made by type": Kind("{name} = type('{name}', (), {{'base': {a}, 'm1': lambda self: ({b}, {c})}})", "cls"),
    "functional tuple": Kind("{name} = collections.namedtuple('{name}', 'base f{a}', defaults=({b}, {c}))", "cls"),
    "overloaded": Kind(
        "@typing.overload\ndef {name}(x: int) -> int: ...\n@typing.overload\ndef {name}(x: str = ...) -> str: ...\n"
        "def {name}(x={a}):\n    return x, {value}, {c}",
        "fn",
    ),
    "class decorator": Kind(
        "def {name}_with(cls):\n    cls.added{a} = lambda self: {b}\n    return cls\n"
        "@{name}_with\nclass {name}:\n    base = {c}",
        "base",
    ),
    "classmethod maker": Kind(
        "class {name}:\n    made = []\n    base = {a}\n    @classmethod\n    def make(cls, n={b}):\n"
        "        cls.made.append(n)\n        return n, {c}\n{name}.make()",
        "cls",
    ),
    # -- registers, events, state
    "events": Kind(
        "class {name}_bus:\n    def __init__(self):\n        self.handlers = collections.defaultdict(list)\n"
        "    def on(self, event):\n        def put(f):\n            self.handlers[event].append(f)\n"
        "            return f\n"
        "        return put\n{name} = {name}_bus()\n@{name}.on('e{a}')\ndef {name}_one(x={b}):\n    return x, {c}"
    ),
    "begun": Kind(
        "def {name}(n={a}):\n    while True:\n        yield n, {b}\n{name}_live = {name}()\nnext({name}_live)\n"
        "{name}_n = {c}",
        "fn",
    ),
    "under way": Kind(
        "class {name}_pause:\n    def __await__(self): yield\ndef {name}_called(x, y={a}):\n    return x, {b}\n"
        "async def {name}(x={a}):\n    while True:\n        await {name}_pause()\n        {name}_called({c})\n"
        "{name}_live = {name}()\n{name}_live.send(None)",
        "fn",
    ),
    "random": Kind("{name} = random.Random({a})\n{name}_n = {b}"),
    "lazy module": Kind(
        "def __getattr__(name):\n    if name == '{name}_lazy':\n        globals()[name] = value = [{a}, {value}]\n"
        "        return value\n    raise AttributeError(name)"
    ),
    "variable with a token": Kind(
        "{name} = contextvars.ContextVar('{name}')\ndef {name}_set(x={a}):\n    token = {name}.set(x)\n"
        "    {name}.reset(token)\n    return {c}"
    ),
    "cache by hand": Kind(
        "_{name} = {{}}\ndef {name}(x={a}):\n    if x not in _{name}:\n        _{name}[x] = x, {b}\n    return {c}",
        "fn",
    ),
    "retry": Kind(
        "def {name}_retry(times={a}, on=(ValueError,)):\n    def put(f):\n        @functools.wraps(f)\n"
        "        async def again(*args, **kw):\n            for _ in range(times + 1):\n                try:\n"
        "                    return await f(*args, **kw)\n                except on:\n                    continue\n"
        "        return again\n    return put\n@{name}_retry({b})\nasync def {name}(x=0):\n    return x, {c}",
        "fn",
    ),
    "registry class": Kind(
        "class {name}_of:\n    def __init__(self):\n        self.kinds = {{}}\n    def add(self, key, **options):\n"
        "        def put(cls):\n            self.kinds[key] = cls, options\n            return cls\n"
        "        return put\n"
        "{name}_all = {name}_of()\n@{name}_all.add('k{a}', n={b})\nclass {name}:\n    base = {c}",
        "cls",
    ),
    "method table": Kind(
        "class {name}:\n    base = {a}\n    def m1(self):\n        return {b}\n    def m2(self):\n        return {c}\n"
        "    table = {{'m1': m1, 'm2': m2}}",
        "cls",
    ),
}
EVERY = {**KINDS, **REAL}
LIBRARIES_TOO = "import fastapi, pydantic, random\n"
