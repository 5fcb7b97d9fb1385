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
