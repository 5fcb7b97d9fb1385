"""State at module level whose functions keep it elsewhere in the new release."""

_CASE = """
--- m
{old}
{files}
=== use
m.bump(); m.bump()
=== ask
{ask}
"""
_COUNT = "count = 0\ndef bump():\n    global count\n    count += 1\n    return count"
_ROOMS = "ROOMS = {}\ndef bump(): ROOMS.setdefault('a', []).append(1); return len(ROOMS['a'])"
_CACHE = (
    "CACHE = {}\ndef work(): return 7\ndef bump():\n    if 'a' not in CACHE: CACHE['a'] = work()\n    return CACHE['a']"
)
_ITEMS = (
    "ITEMS = {}\ndef put(key, one): ITEMS[key] = one; return one\ndef bump(): put(len(ITEMS), 1); return len(ITEMS)"
)
_COUNTS = "COUNTS = {}\ndef bump(key='a'): COUNTS[key] = COUNTS.get(key, 0) + 1; return COUNTS[key]"
_REGISTRY = "REG = {}\ndef register(f): REG[f.__name__] = f; return f\n@register\ndef a(): pass\n"
_HUB = (
    "class Hub:\n    def __init__(self): self.n = 0\n    def up(self): self.n += 1; return self.n\n"
    "HUB = Hub()\ndef bump(): return HUB.up()\n"
)
_ROOM = "class Room:\n    made = 0\n    def __init__(self): Room.made += 1; self.n = Room.made\n"
_HUB_MOVED = "from .hub import HUB\ndef bump(): return HUB.up()\n"
_NEXT = (
    "def make():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n    return up\n"
    "NEXT = make()\n"
)


def _case(old: str, new: str, ask: str = "m.bump() => 3", **others: str) -> str:
    files = "\n".join(f"+++ {name}\n{text}" for name, text in {"m": new, **others}.items())
    return _CASE.format(old=old, files=files, ask=ask)


REFUSED = {
    "a counter has another name": (
        _case(_COUNT, _COUNT.replace("count", "total")),
        "it keeps in `total` now what it kept in `count`, which is gone",
    ),
    "a counter is an attribute of a class": (
        _case(_COUNT, "class Counts: n = 0\ndef bump(): Counts.n += 1; return Counts.n"),
        "it keeps in `Counts` now what it kept in `count`",
    ),
    "a counter is an object": (
        _case(
            _COUNT,
            "class Counter:\n    def __init__(self): self.n = 0\n    def up(self): self.n += 1; return self.n\n"
            "COUNTER = Counter()\ndef bump(): return COUNTER.up()",
        ),
        "it keeps in `COUNTER` now what it kept in `count`",
    ),
    "a counter moves with its function": (
        _case(_COUNT, "from .ids import bump", ids=_COUNT),
        ".ids now what it kept in `count`, which is gone",
    ),
    "a table has another name": (
        _case(_ROOMS, _ROOMS.replace("ROOMS", "HALLS")),
        "it keeps in `HALLS` now what it kept in `ROOMS`",
    ),
    "a table of what functions are handed has another name": (
        _case(_ITEMS, _ITEMS.replace("ITEMS", "STORE")),
        "it keeps in `STORE` now what it kept in `ITEMS`",
    ),
    "a table of counts has another name": (
        _case(_COUNTS, _COUNTS.replace("COUNTS", "HITS")),
        "it keeps in `HITS` now what it kept in `COUNTS`",
    ),
    "a table that statements fill comes from another module": (
        _case(
            _REGISTRY + "def bump(): return len(REG)",
            "from .reg import REG, register\n@register\ndef a(): pass\ndef bump(): return len(REG)",
            reg=_REGISTRY.partition("@")[0],
        ),
        "`REG` comes from another module now, as another object: what statements put into it can't move along",
    ),
    "a table that statements fill comes by a star": (
        _case(
            _REGISTRY + "def bump(): return len(REG)",
            "from .reg import *\n@register\ndef a(): pass\ndef bump(): return len(REG)",
            reg=_REGISTRY.partition("@")[0],
        ),
        "`REG` comes from another module now, as another object",
    ),
    "an object comes from another module, and the program changed it": (
        _case(_HUB, _HUB_MOVED, hub=_HUB.partition("def bump")[0]),
        "`HUB` comes from another module now, and what the running program made of it would be lost",
    ),
    "a function that counts comes from another module": (
        _case(_NEXT + "def bump(): return NEXT()", "from .ids import NEXT\ndef bump(): return NEXT()", ids=_NEXT),
        "`NEXT` comes from another module now, and what the running program made of it would be lost",
    ),
}
RIGHT = {
    "an object comes from another module, and nobody changed it": _case(
        _HUB, _HUB_MOVED, hub=_HUB.partition("def bump")[0], ask="m.HUB is hub.HUB, m.bump() => (True, 1)"
    ).replace("m.bump(); m.bump()", "pass"),
    "a class that counts its instances moves": _case(
        _ROOM + "def bump(): return Room().n",
        "from .rooms import Room\ndef bump(): return Room().n",
        rooms=_ROOM,
        ask="m.bump(), m.Room.made, m.Room is rooms.Room => (3, 3, True)",
    ),
    "a counter is gone": _case(_COUNT, "def bump(): return 0", ask="m.bump(), hasattr(m, 'count') => (0, False)"),
    "a cache has another name": _case(_CACHE, _CACHE.replace("CACHE", "MEMO"), ask="m.bump() => 7"),
    "a cache is the library's": _case(
        _CACHE,
        "import functools\ndef work(): return 7\n@functools.lru_cache\ndef bump(): return work()",
        ask="m.bump() => 7",
    ),
}

_PLAIN = (
    "class Sess:\n    def __init__(self): self.count = 0\n    def hit(self): self.count += 1; return self.count\n"
    "ONE = Sess()\ndef bump(): return ONE.hit()\n"
)
_FIELD = (
    "from dataclasses import dataclass\n@dataclass\nclass Sess:\n    count: int = 0\n"
    "    def hit(self): self.count += 1; return self.count\n"
    "ALL = {}\ndef bump(): return ALL.setdefault('a', Sess()).hit()\n"
)
_MODEL = _FIELD.replace("from dataclasses import dataclass\n@dataclass\n", "from pydantic import BaseModel\n").replace(
    "Sess:", "Sess(BaseModel):"
)
_DESCRIBED = """
class Field:
    def __set_name__(self, owner, name): self.key = '_' + name
    def __get__(self, obj, owner=None): return self if obj is None else obj.__dict__.get(self.key, 0)
    def __set__(self, obj, value): obj.__dict__[self.key] = value
class Sess:
    count = Field()
    def hit(self): self.count += 1; return self.count
ONE = Sess()
def bump(): return ONE.hit()
"""
_OF_CLASS = (
    "class Sess:\n    count = 0\n    @classmethod\n    def hit(cls): cls.count += 1; return cls.count\n"
    "def bump(): return Sess.hit()\n"
)
_LOST = "`hits` takes the place of `count`, and what 1 living instance(s) keep there would be lost"


def _renamed(old: str, also: tuple[str, str] = ("", "")) -> str:
    return _case(old, old.replace("count", "hits").replace(*also))


REFUSED |= {
    "an attribute is called otherwise, and the class has a default": (
        _renamed(_PLAIN, ("class Sess:\n", "class Sess:\n    hits = 0\n")),
        _LOST,
    ),
    "an attribute is called otherwise, and only functions outside of the class use it": (
        _renamed(
            "class Sess:\n    count = 0\n    other = 1\nONE = Sess()\n"
            "def bump(): ONE.count += 1; return ONE.count\n".replace("ONE.count", "one(ONE).count")
            + "def one(it): return it\n"
        ),
        _LOST,
    ),
    "an attribute that methods no more use stands where another stood": (
        _renamed(
            _PLAIN.replace("def hit(self): self.count += 1; return self.count", "def hit(self): return 0"),
            ("class Sess:\n", "class Sess:\n    hits = 0\n"),
        ).replace("m.bump(); m.bump()", "m.ONE.count = 5"),
        _LOST,
    ),
    "a field is called otherwise": (_renamed(_FIELD), _LOST),
    "a field is called otherwise, and a property has the old name": (
        _renamed(_FIELD, ("    def hit", "    @property\n    def count(self): return self.hits\n    def hit")),
        _LOST,
    ),
    "a field of a model is called otherwise": (_renamed(_MODEL), _LOST),
    "a field of a dataclass with slots is called otherwise": (
        _renamed(_FIELD.replace("@dataclass", "@dataclass(slots=True)")),
        _LOST,
    ),
    "a descriptor is called otherwise": (_renamed(_DESCRIBED), _LOST),
    "a descriptor that keeps the values itself is called otherwise": (
        _renamed(
            _DESCRIBED.replace(
                "def __set_name__(self, owner, name): self.key = '_' + name", "def __init__(self): self.all = {}"
            )
            .replace("obj.__dict__.get(self.key, 0)", "self.all.get(id(obj), 0)")
            .replace("obj.__dict__[self.key] = value", "self.all[id(obj)] = value")
        ),
        "`hits` takes the place of `count`, and what the running program put there would be lost",
    ),
    "an attribute of a class is called otherwise": (
        _renamed(_OF_CLASS),
        "`hits` takes the place of `count`, and what the running program put there would be lost",
    ),
}
REFUSED |= {
    "an attribute of a class is a name of the module": (
        _case(
            _OF_CLASS,
            "HITS = 0\nclass Sess:\n    @classmethod\n    def hit(cls):\n        global HITS\n        HITS += 1\n"
            "        return HITS\ndef bump(): return Sess.hit()\n",
        ),
        "it keeps in `HITS` now what it kept in `count`, which is gone",
    ),
    "a descriptor is a plain value": (
        _case(_DESCRIBED, _DESCRIBED.replace("count = Field()", "count = 0")),
        "`count` is no descriptor any more, and living instances have its value as `_count`",
    ),
}
_MEMO = (
    "class Sess:\n    _got = None\n    def get(self):\n        if self._got is None: self._got = 7\n"
    "        return self._got\nONE = Sess()\ndef bump(): return ONE.get()\n"
)
_LIMITS = (
    "from dataclasses import dataclass\n@dataclass\nclass Limits:\n    seconds: int = 60\n"
    "    def of(self): return self.seconds\nLIMITS = Limits()\ndef bump(): return LIMITS.of()\n"
)
_GRACE = _LIMITS.replace("seconds", "grace").replace("= 60", "= 10")
RIGHT |= {
    "a setting is called otherwise and begins with another value, and who has it has the old default": _case(
        _LIMITS + "MADE = Limits()\n", _GRACE + "MADE = Limits()\n", ask="m.bump(), m.MADE.grace"
    ),
    "a setting of a model is called otherwise, and has another default": _case(
        _LIMITS.replace("from dataclasses import dataclass\n@dataclass\n", "from pydantic import BaseModel\n").replace(
            "Limits:", "Limits(BaseModel):"
        ),
        _GRACE.replace("from dataclasses import dataclass\n@dataclass\n", "from pydantic import BaseModel\n").replace(
            "Limits:", "Limits(BaseModel):"
        ),
        ask="m.bump()",
    ),
}
RIGHT |= {
    "a memo of an instance is called otherwise": _case(_MEMO, _MEMO.replace("_got", "_memo"), ask="m.bump() => 7"),
    "a field is called otherwise, and holds what the other begins with": _renamed(_FIELD)
    .replace("m.bump(); m.bump()", "pass")
    .replace("=> 3", "=> 1"),
    "a descriptor is a property that looks where it looked": _case(
        _DESCRIBED,
        _DESCRIBED.replace(
            "    count = Field()\n",
            "    @property\n    def count(self): return self._count\n"
            "    @count.setter\n    def count(self, value): self._count = value\n",
        ),
    ),
    "a field moves to a base": _case(
        _FIELD,
        _FIELD.replace(
            "@dataclass\nclass Sess:\n    count: int = 0",
            "@dataclass\nclass Base:\n    count: int = 0\n@dataclass\nclass Sess(Base):\n    seen: int = 0",
        ),
    ),
}

_TABLE = (
    "class S:\n    def f(self): return 1\ns = S()\nK = 1\nT = {'f': s.f, 'k': K}\ndef bump(): return T['f'](), T['k']"
)
RIGHT |= {
    "a table of bound methods is made again for what else is in it": _case(
        _TABLE,
        _TABLE.replace("K = 1", "K = 2"),
        ask="m.bump() => (1, 2)",
    ),
    "a partial that the program keeps in a list gets another argument": _case(
        "from functools import partial\nadd = lambda a, b: a + b\ninc = partial(add, 1)\nALL = []\n"
        "def bump(): ALL.append(inc)",
        "from functools import partial\nadd = lambda a, b: a + b\ninc = partial(add, 2)\nALL = []\n"
        "def bump(): ALL.append(inc)",
        ask="[f(1) for f in m.ALL], m.ALL[0] is m.inc => ([3, 3], True)",
    ),
}

_LOOP = (
    "for n in ['X', 'Y']:\n    globals()[n] = type(n, (), {'name': n})\nXS = [X(), Y()]\n"
    "def bump(): return XS[0].name\n"
)
REFUSED |= {
    "a loop makes classes under names that no statement binds, and instances live": (
        _case(_LOOP, _LOOP.replace("{'name': n}", "{'name': n, 'k': 1}"), ask="m.XS[0].k => 1"),
        "is made a second time, and 1 living instance(s) are of the first",
    ),
}

_KEEPS = "def bump(k=1, *, seen=[]):\n    seen.append(k)\n    return len(seen)\n"
REFUSED |= {
    "a default that the program filled is written otherwise": (
        _case(_KEEPS, _KEEPS.replace("seen=[]", "seen=[0]")),
        "the default of `seen` is a list that holds what was put into it since, and the release writes another one",
    ),
    "a default that the program filled has another name": (
        _case(_KEEPS, _KEEPS.replace("seen", "known")),
        "the default of `seen` is a list",
    ),
}
RIGHT |= {
    "a default that nobody filled is written otherwise": _case(
        _KEEPS, _KEEPS.replace("seen=[]", "seen=[0]"), ask="m.bump() => 2"
    ).replace("m.bump(); m.bump()", "pass"),
    "a default that the program filled goes": _case(_KEEPS, "def bump(k=1): return 3\n"),
}

_CLOSES = (
    "def make():\n    hits, log = 0, []\n    def hit():\n        nonlocal hits\n        hits += 1\n"
    "        log.append(hits)\n"
    "        return len(log)\n    return hit\nbump = make()\n"
)
_COUNTED = (
    "def count(f):\n    calls = []\n    def run():\n        calls.append(1)\n        return f() + len(calls)\n"
    "    return run\n@count\ndef bump(): return 0\n"
)
REFUSED |= {
    "a variable of a closure has another name": (
        _case(_CLOSES, _CLOSES.replace("log", "trail")),
        "`log` in the closure of `bump` is gone, and `trail` has come",
    ),
    "a counted variable of a closure has another name": (
        _case(_CLOSES, _CLOSES.replace("hits", "seen")),
        "`hits` in the closure of `bump` is gone, and `seen` has come",
    ),
    "a closure becomes an object": (
        _case(
            _CLOSES,
            "class Hit:\n    def __init__(self): self.log = []\n"
            "    def __call__(self):\n        self.log.append(1)\n        return len(self.log)\nbump = Hit()\n",
        ),
        "in the closure of `bump` is gone, and what it means is an object now",
    ),
    "a variable of a decorator has another name": (
        _case(_COUNTED, _COUNTED.replace("calls", "uses")),
        "`calls` in the closure of `bump` is gone, and `uses` has come",
    ),
}
RIGHT |= {
    "a decorator that counts goes": _case(_COUNTED, _COUNTED.replace("@count\n", ""), ask="m.bump() => 0"),
}

_ITEM = "from dataclasses import dataclass, field\n@dataclass\nclass Item:\n    name: str = 'n'\n"
_HOLDS = (
    "@dataclass\nclass Sub(Item):\n    more: int = 0\nALL = [Item(), Sub(more=2)]\nKEPT = {}\n"
    "def bump(): KEPT['a'] = Item('a')\n"
)
_TAGS = "    tags: list = field(default_factory=list)\n"
RIGHT |= {
    "a field of a dataclass comes with an empty list": _case(
        _ITEM + _HOLDS,
        _ITEM + _TAGS + _HOLDS,
        ask="m.KEPT['a'], m.ALL[0] => (Item(name='a', tags=[]), Item(name='n', tags=[]))\n"
        "m.ALL[1] => Sub(name='n', tags=[], more=2)\n"
        "m.KEPT['a'].tags is m.ALL[0].tags => False",
    ),
}
REFUSED |= {
    "a field of a dataclass comes with a factory of the app's": (
        _case(
            "def make(): return [1]\n" + _ITEM + _HOLDS,
            "def make(): return [1]\n" + _ITEM + _TAGS.replace("=list)", "=make)") + _HOLDS,
        ),
        "living instance(s) lack the field `tags`",
    ),
}

_IDS = "import itertools\nIDS = itertools.count(1)\ndef bump(): return next(IDS)\n"
_VAR = (
    "import contextvars\nVAR = contextvars.ContextVar('var', default=0)\n"
    "def bump():\n    VAR.set(VAR.get() + 1)\n    return VAR.get()\n"
)
_LOCAL = (
    "import threading\nLOC = threading.local()\ndef bump():\n    LOC.n = getattr(LOC, 'n', 0) + 1\n    return LOC.n\n"
)
_ON_ITSELF = "def calls():\n    calls.n += 1\n    return calls.n\ncalls.n = 0\ndef bump(): return calls()\n"
_SINGLE = (
    "class Single:\n    _one = None\n    def __new__(cls):\n        if cls._one is None:\n"
    "            cls._one = super().__new__(cls); cls._one.n = 0\n        return cls._one\n"
    "    def up(self): self.n += 1; return self.n\ndef bump(): return Single().up()\n"
)
REFUSED |= {
    "a counter of ids has another name": (
        _case(_IDS, _IDS.replace("IDS", "SEQ")),
        "it keeps in `SEQ` now what it kept in `IDS`, which is gone",
    ),
    "a context variable has another name": (
        _case(_VAR, _VAR.replace("VAR", "CUR")),
        "it keeps in `CUR` now what it kept in `VAR`, which is gone",
    ),
    "what each thread keeps has another name": (
        _case(_LOCAL, _LOCAL.replace("LOC", "TLS")),
        "it keeps in `TLS` now what it kept in `LOC`, which is gone",
    ),
    "a function that counts on itself has another name": (
        _case(_ON_ITSELF, _ON_ITSELF.replace("calls", "uses")),
        "it keeps in `uses.n` now what it kept in `calls.n`, which is gone",
    ),
    "a function keeps its count in another attribute of its own": (
        _case(
            "def bump():\n    if not hasattr(bump, 'hits'): bump.hits = 0\n    bump.hits += 1\n    return bump.hits\n",
            "def bump():\n    if not hasattr(bump, 'seen'): bump.seen = 0\n    bump.seen += 1\n    return bump.seen\n",
        ),
        "it keeps in `bump.seen` now what it kept in `bump.hits`, which is gone",
    ),
    "each thread's own has another attribute": (
        _case(_LOCAL, _LOCAL.replace("LOC.n", "LOC.k").replace("'n'", "'k'")),
        "it keeps in `LOC.k` now what it kept in `LOC.n`, which is gone",
    ),
    "a class that keeps its only instance has another name": (
        _case(_SINGLE, _SINGLE.replace("Single", "Solo")),
        "it keeps in `Solo._one` now what it kept in `Single._one`, which is gone",
    ),
}

_PICKLED = (
    "import pickle\nclass Point:\n    def __init__(self, x): self.x = x\nSAVED = {}\n"
    "def bump(): SAVED['a'] = pickle.dumps(Point(3))\ndef load(): return pickle.loads(SAVED['a']).x\n"
)
REFUSED |= {
    "a class that pickled values name has another name": (
        _case(_PICKLED, _PICKLED.replace("Point", "Place"), ask="m.load() => 3"),
        "1 pickled value(s) in memory name `Point` of ",
    ),
}
ALIASED = {
    "a class that pickled values name has another name, and the old one as an alias": _case(
        _PICKLED, _PICKLED.replace("Point", "Place") + "Point = Place\n", ask="m.load() => 3"
    ),
}
