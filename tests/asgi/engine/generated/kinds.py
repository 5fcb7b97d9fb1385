"""What random modules are made of: the text of each kind of definition, and of each member of a class.

In a text `{name}` is the definition's own, `{a}` `{b}` `{c}` are its numbers, `{value}` `{fn}` `{cls}` `{base}` `{obj}`
what it reads: another definition of that role, or something of the language where there is none to read.
"""

from __future__ import annotations

from dataclasses import dataclass

FALLBACK = {"value": "0", "fn": "len", "cls": "object", "base": "object", "obj": "None"}


@dataclass(frozen=True)
class Kind:
    """`role`: what others may take it for. `members`: it is a class with a body of random members."""

    text: str
    role: str = ""
    members: bool = False


KINDS = {
    # -- values
    "constant": Kind("{name} = {a}", "value"),
    "sum": Kind("{name} = ({value}, {b})", "value"),
    "list": Kind("{name} = [{a}, {b}, {value}]", "value"),
    "dict": Kind("{name} = {{'a': {a}, 'b': {{'c': {b}}}, 'o': {value}}}", "value"),
    "set": Kind("{name} = {{{a}, {b}, {c}}}", "value"),
    "comprehension": Kind("{name} = [{value} for _i in range({b})]", "value"),
    "text": Kind("{name} = f'{{{value}}} and {c}'", "value"),
    "chosen": Kind("{name} = {b} if {value} else {c}", "value"),
    "annotated": Kind("{name}: int | tuple = {value}", "value"),
    "computed": Kind("{name} = [{fn}, {a}]"),
    "called": Kind("{name} = sorted([{a}, {b}, {c}], key=lambda n: n % ({a} + 2))", "value"),
    "alias": Kind("{name} = {fn}", "fn"),
    "kinds": Kind("{name} = ({cls}, int)", "value"),
    "unpacked": Kind("{name}, {name}_too = {a}, {value}", "value"),
    # -- functions
    "function": Kind("def {name}(x={a}, *, y={value}):\n    'Doc {b}.'\n    return x, y, {c}", "fn"),
    "reader": Kind("def {name}(*args):\n    return {value}, {fn}, {c}", "fn"),
    "typed": Kind("def {name}(x: '{cls}' = {value}) -> {cls}:\n    return x", "fn"),
    "async": Kind("async def {name}(x={a}):\n    return x, {c}", "fn"),
    "generator": Kind("def {name}(n={b}):\n    yield {value}\n    yield {c}", "fn"),
    "nested": Kind(
        "def {name}(x={a}):\n    n = {b}\n    def inner():\n        return n, x, {c}\n    return inner", "fn"
    ),
    "wrapped": Kind("@deco\ndef {name}(x={value}):\n    return x, {c}", "fn"),
    "kept": Kind("@keep\ndef {name}(x={a}):\n    return x, {c}", "fn"),
    "both": Kind("@keep\n@deco\ndef {name}(x={a}):\n    return x, {value}, {c}", "fn"),
    "labelled": Kind("@label({a})\ndef {name}(x={b}):\n    return x, {c}", "fn"),
    "registered": Kind("@register\ndef {name}(x={a}):\n    return x, {c}", "fn"),
    "named": Kind("@table.entry('k{a}')\ndef {name}(x={b}):\n    return x, {c}", "fn"),
    "cached": Kind("@functools.lru_cache\ndef {name}(x={a}):\n    return x, {value}, {c}", "fn"),
    "context": Kind("@contextlib.contextmanager\ndef {name}(x={a}):\n    yield x, {c}", "fn"),
    "dispatched": Kind(
        "@functools.singledispatch\ndef {name}(x={a}):\n    return x, {b}\n"
        "@{name}.register\ndef _{name}_int(x: int):\n    return {c}",
        "fn",
    ),
    "lambda": Kind("{name} = lambda x={a}: (x, {c})", "fn"),
    "closure": Kind("{name} = maker({value})", "fn"),
    "counting": Kind("{name} = counter({a})", "fn"),
    "partial": Kind("{name} = functools.partial({fn}, {a})", "fn"),
    "table": Kind("{name} = {{'f': lambda: {c}, 'g': {fn}, 'h': lambda x={a}: x}}"),
    # -- statements
    "block": Kind("if {a} > 2:\n    {name} = {b}\nelse:\n    {name} = {c}", "value"),
    "tried": Kind("try:\n    import no_such_{a}\nexcept ImportError:\n    {name} = {b}", "value"),
    "guarded": Kind("try:\n    def {name}(x={a}):\n        return x, {c}\nfinally:\n    pass", "fn"),
    "loop": Kind("{name} = {{}}\nfor _i in range({a}):\n    {name}[_i] = {value}, {b}"),
    "loop of functions": Kind(
        "{name} = {{}}\nfor _i in range({a}):\n    {name}[_i] = lambda i=_i: (i, {c})",
    ),
    "filled": Kind("{name} = []\n{name}.append({value})\n{name}.append({fn})"),
    "augmented": Kind("{name} = {a}\n{name} += {b}", "value"),
    "put": Kind("{name} = table\ntable.put('p{a}', {value})"),
    "told": Kind("{name} = {a}\nregister({fn})", "value"),
    # -- classes
    "class": Kind("class {name}({base}):\n    'Doc {b}.'\n    base = {value}", "base", True),
    "made": Kind(
        "class {name}({base}):\n    def __init__(self):\n        self.x{a} = {value}\n"
        "    def got(self):\n        return self.x{a}, {c}",
        "base",
        True,
    ),
    "slots": Kind("class {name}:\n    __slots__ = ('s{a}', 's{b}_')\n    base = {value}", "base", True),
    "abstract": Kind(
        "class {name}(abc.ABC):\n    base = {a}\n    @abc.abstractmethod\n    def m{b}(self): ...", "cls", True
    ),
    "data": Kind(
        "@dataclasses.dataclass\nclass {name}({base}):\n    f{a}: int = {b}\n    base: object = {value}", "base", True
    ),
    "frozen": Kind(
        "@dataclasses.dataclass(frozen=True)\nclass {name}:\n    base: int = {a}\n    g{b}: int = {c}", "cls"
    ),
    "tuple": Kind("class {name}(typing.NamedTuple):\n    base: int = {a}\n    t{b}: object = {value}", "cls"),
    "enum": Kind("class {name}(enum.Enum):\n    A = {a}\n    B{b} = 'b{c}'", "cls"),
    "flags": Kind("class {name}(enum.IntFlag):\n    A = 1\n    B{b} = 2\n    C = 4", "cls"),
    "typed dict": Kind("class {name}(typing.TypedDict):\n    k{a}: int", "cls"),
    "protocol": Kind("class {name}(typing.Protocol):\n    def m{a}(self) -> int: ...", "cls"),
    "generic": Kind("class {name}(typing.Generic[T]):\n    base = {value}", "base", True),
    "plugin": Kind("class {name}(Plugin, tag={a}):\n    base = {b}", "base", True),
    "meta": Kind("class {name}(metaclass=Meta):\n    base = {value}", "cls", True),
    "marked": Kind("@mark({a})\nclass {name}({base}):\n    base = {b}", "base", True),
    "total": Kind(
        "@functools.total_ordering\nclass {name}:\n    base = {a}\n"
        "    def __lt__(self, other):\n        return {b} < {c}\n"
        "    def __eq__(self, other):\n        return self is other\n"
        "    __hash__ = object.__hash__",
        "base",
    ),
    "error": Kind("class {name}(ValueError):\n    base = {value}", "cls", True),
    # -- objects
    "object": Kind("{name} = {cls}()", "obj"),
    "objects": Kind("{name} = [{cls}(), {cls}()]"),
    "by name": Kind("{name} = {{'a': {cls}(), 'b': {obj}}}"),
    "method of": Kind("{name} = {obj}.__repr__"),
    "method": Kind("{name} = getattr({obj}, 'm1', {a})"),
    "attribute": Kind("{name} = getattr({cls}, 'base', {a})", "value"),
    "set attribute": Kind("{name} = Box()\n{name}.n = {value}\n{name}.m = {b}", "obj"),
    "box": Kind("{name} = Box({value})", "obj"),
    # -- what real modules have beside
    "deep": Kind("{name} = {{'a': [{{'b': ({value}, {fn})}}], 'c': {{{a}: [{obj}]}}}}"),
    "shared": Kind("{name}_row = [{a}]\n{name} = [{name}_row, {name}_row, {{'r': {name}_row, 'v': {value}}}]"),
    "registry loop": Kind(
        "{name} = {{}}\nfor _f in ({fn}, len):\n    {name}[_f.__name__, {a}] = _f\n{name}_n = len({name}) + {b}"
    ),
    "by suffix": Kind("{name} = {{k: v for k, v in globals().items() if k.endswith('{a}') and isinstance(v, int)}}"),
    "by getattr": Kind("{name} = getattr({cls}, 'by_' + 'meta', getattr({obj}, 'n', {a}))", "value"),
    "namespace": Kind("{name} = types.SimpleNamespace(a={value}, b={b})", "obj"),
    "chain": Kind("{name} = collections.ChainMap({{'a': {value}}}, {{'b': {b}}})"),
    "getter": Kind("{name} = operator.itemgetter({a}, {b})", "value"),
    "default dict": Kind("{name} = collections.defaultdict(list)\n{name}[{a}].append({value})"),
    "ordered": Kind("{name} = collections.OrderedDict([({a}, {value}), ({b}, {c})])", "value"),
    "weak registry": Kind("{name} = weakref.WeakSet()\n{name}.add(Box)\n{name}.add({fn} if {a} > 2 else Box)"),
    "context variable": Kind("{name} = contextvars.ContextVar('{name}', default={a})"),
    "new type": Kind("{name} = typing.NewType('{name}', int)\n{name}_or = int | ({a}).__class__"),
    "alias of types": Kind("{name} = dict[str, {cls}] if {a} else list[int]", "value"),
    "walrus": Kind("{name} = [(_y := {a} + 1), _y * {b}]", "value"),
    "star unpacking": Kind("{name}, *{name}_rest = [{a}, {b}, {value}]", "value"),
    "lambda of a loop": Kind("{name} = [(lambda k: lambda: (k, {c}))(_k) for _k in range({a})]"),
    "deleted": Kind("_{name}_tmp = {a}\n{name} = _{name}_tmp + {b}\ndel _{name}_tmp", "value"),
    "match": Kind("match {a}:\n    case 0 | 1:\n        {name} = {b}\n    case _:\n        {name} = {c}", "value"),
    "set by function": Kind(
        "def _{name}_set():\n    global {name}\n    {name} = ({value}, {a})\n_{name}_set()", "value"
    ),
    "module getattr": Kind(
        "def __getattr__(name):\n    if name == '{name}_lazy':\n        return {a}\n    raise AttributeError(name)"
    ),
    "sub dispatch": Kind(
        "@functools.singledispatch\ndef {name}(x={a}):\n    return x\n"
        "{name}.register({cls} if isinstance({cls}, type) and {cls} is not object else str)(lambda x: {c})",
        "fn",
    ),
    "partial method": Kind(
        "class {name}:\n    base = {a}\n    def m1(self, x={b}):\n        return x, {c}\n"
        "    pm = functools.partialmethod(m1, {a})",
        "base",
    ),
    "ordered enum": Kind(
        "class {name}(enum.Enum):\n    A = enum.auto()\n    B{b} = enum.auto()\n    def m{a}(self):\n"
        "        return self.value, {c}",
        "cls",
    ),
    "flag": Kind("class {name}(enum.Flag):\n    A = 1\n    B = 2\n    D{a} = 4\n    AB = 3", "cls"),
    "data fields": Kind(
        "@dataclasses.dataclass(kw_only=True, order={a} > 2)\nclass {name}:\n    base: int = {b}\n"
        "    rows: list = dataclasses.field(default_factory=lambda: [{c}])\n    k{a}: object = None",
        "cls",
    ),
    "slotted data": Kind(
        "@dataclasses.dataclass(slots=True)\nclass {name}:\n    base: int = {a}\n    def m1(self):\n"
        "        return self.base, {c}",
        "cls",
    ),
    "hook": Kind(
        "class {name}:\n    kinds = {{}}\n    base = {a}\n    def __init_subclass__(cls, **kw):\n"
        "        super().__init_subclass__(**kw)\n"
        "        {name}.kinds[cls.__name__] = {b}\n        cls.hooked = {c}",
        "base",
    ),
    "subclassed": Kind(
        "class {name}_base({base}):\n    base = {a}\nclass {name}({name}_base):\n    def m1(self):\n"
        "        return super().__getattribute__('base'), {c}",
        "base",
    ),
    "class body loop": Kind(
        "class {name}:\n    base = {a}\n    for _k in range({b}):\n        locals()['at%d' % _k] = _k + {c}", "cls"
    ),
    "runtime protocol": Kind(
        "@typing.runtime_checkable\nclass {name}(typing.Protocol):\n    def m{a}(self): ...\n"
        "{name}_is = [isinstance({obj}, {name}), isinstance(Box(), {name})]",
        "cls",
    ),
    "subclass hook": Kind(
        "class {name}(abc.ABC):\n    base = {a}\n    @classmethod\n    def __subclasshook__(cls, other):\n"
        "        return hasattr(other, 'm{b}') or NotImplemented\n{name}_is = issubclass(Box, {name})",
        "cls",
    ),
    "getter class": Kind(
        "class {name}:\n    base = {a}\n    def __getitem__(self, k):\n        return {b}\n"
        "{name}_got = {name}()[0] + {c}",
        "cls",
    ),
    "async generator": Kind("async def {name}(x={a}):\n    yield x, {value}\n    yield {c}", "fn"),
    "stateful": Kind("@stateful({a})\ndef {name}(x={b}):\n    return x, {value}, {c}", "fn"),
    "made twice": Kind(
        "def {name}(x={a}):\n    return x, 1\n{name}_first = {name}\ndef {name}(x={b}):\n    return x, {c}", "fn"
    ),
}
"""`object` of a class that can't be made without arguments makes no release: such pairs are left out."""

MEMBERS = {
    "method": "def {name}(self, x={a}):\n    return getattr(self, 'base', None), x, {c}",
    "m1": "def m1(self):\n    return {a}, {c}",
    "reads": "def {name}(self):\n    return {value}, {c}",
    "super": "def {name}(self):\n    return super().__init__, {c}",
    "cell": "def {name}(self):\n    return __class__.__name__, {c}",
    "static": "@staticmethod\ndef {name}(x={a}):\n    return x, {c}",
    "classmethod": "@classmethod\ndef {name}(cls, x={a}):\n    return cls.__name__, x, {c}",
    "property": "@property\ndef {name}(self):\n    return {c}",
    "cached": "@functools.cached_property\ndef {name}(self):\n    return {c}",
    "wrapped": "@deco\ndef {name}(self, x={a}):\n    return x, {c}",
    "attribute": "{name} = {a}",
    "reading attribute": "{name} = {value}",
    "function attribute": "{name} = {fn}",
    "lambda": "{name} = lambda self: ({a}, {c})",
    "described": "{name} = Described({a})",
    "nested": "class {name}:\n    n = {a}\n    def m(self):\n        return {c}",
    "annotation": "{name}: int = {a}",
    "partialmethod": "{name} = functools.partialmethod(lambda self, x: (x, {c}), {a})",
    "getter": "{name} = property(operator.attrgetter('__class__'))",
    "cached getter": "{name} = functools.cached_property(lambda self: {c})",
    "local class": (
        "def {name}(self):\n    class Inner:\n        n = {a}\n"
        "        def m(self): return __class__.n, {c}\n    return Inner().m()"
    ),
    "nested super": (
        "def {name}(self):\n    def inner():\n        return super(__class__, self).__init__\n    return inner(), {c}"
    ),
    "walrus": "def {name}(self):\n    return [(y := {a}), y, {c}]",
    "call": "def __call__(self, x={a}):\n    return x, {c}",
    "getattr": (
        "def __getattr__(self, name):\n    if name == 'g{a}':\n        return {c}\n    raise AttributeError(name)"
    ),
    "len": "def __len__(self):\n    return {a}",
    "hook": "def __init_subclass__(cls, **kw):\n    super().__init_subclass__()\n    cls.hooked{a} = {c}",
    "hash": "def __hash__(self):\n    return {a}\ndef __eq__(self, other):\n    return self is other",
    "repr": "def __repr__(self):\n    return 'r{a}'",
    "eq": "def __eq__(self, other):\n    return {a} == {b}\n__hash__ = object.__hash__",
}
SLOTLESS = ("cached", "annotation")
"""Members that classes with slots, or dataclasses before others, can't have."""

PARTS = """import functools
T = typing.TypeVar("T")
ALL = []
def deco(f):
    @functools.wraps(f)
    def wrapper(*args, **kw):
        return ("d{a}", f(*args, **kw))
    return wrapper
def keep(f):
    f.kept = {b}
    return f
def label(n):
    def put(f):
        f.label = (n, {c})
        return f
    return put
def register(f):
    ALL.append(f)
    return f
def maker(n):
    def made(x={a}):
        return n, x, {b}
    return made
def counter(n):
    def count():
        nonlocal n
        n += {c}
        return n
    return count
def stateful(n):
    def put(f):
        seen = []
        @functools.wraps(f)
        def wrapper(*args):
            seen.append(n)
            return len(seen) > {b}, f(*args)
        wrapper.seen = seen
        return wrapper
    return put
def mark(n):
    def put(cls):
        cls.marked = (n, {a})
        return cls
    return put
class Table:
    def __init__(self):
        self.entries = {{}}
    def entry(self, key):
        def put(f):
            self.entries[key] = f
            return f
        return put
    def put(self, key, value):
        self.entries[key] = value
table = Table()
class Plugin:
    found = {{}}
    def __init_subclass__(cls, tag=0):
        Plugin.found[cls.__name__] = (tag, {b})
class Meta(type):
    made = []
    def __new__(mcs, name, bases, namespace):
        cls = super().__new__(mcs, name, bases, namespace)
        cls.by_meta = {c}
        mcs.made.append(name)
        return cls
class Described:
    def __init__(self, n):
        self.n = n
    def __set_name__(self, owner, name):
        self.name = name
    def __get__(self, obj, owner=None):
        return self.n, self.name, {a}
class Box:
    def __init__(self, n=0):
        self.n = n
        self.k = {b}
    def m1(self):
        return self.n, {c}
"""
PARTS_NAMES = (
    # what the others import
    "T ALL deco keep label register stateful maker counter mark table Plugin Meta Described Box"
).split()
LIBRARIES = (
    "import abc, collections, contextlib, contextvars, dataclasses, enum, functools, operator, types, typing, weakref\n"
)
