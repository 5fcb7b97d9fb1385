# ruff: noqa: E501
"""Tables whose keys have another shape in the new release: old code's entries would be there, and nobody would find
them."""

_CASE = """
--- m
{old}
+++ m
{new}
=== use
{use}
=== ask
"""
_SESSIONS = """
class User:
    def __init__(self, id, name): self.id = id; self.name = name
class Hub:
    def __init__(self): self.rooms = {}
    def join(self, room, who): self.rooms[room] = who
    def who(self, room): return self.rooms[room]
HUB = Hub()
SESS = {}
SEEN = set()
def key_of(user): return user
def put(user, data): SESS[user] = data
def get(user): return SESS.get(user)
def there(user): return user in SESS
def end(user): SESS.pop(user, None)
def see(user): SEEN.add(user)
def seen(user): return user in SEEN
def by_key(user): return SESS.get(key_of(user))
def by_id(user): return SESS.get(user.id)
def put_by_id(user): SESS[user.id] = user
"""


def _case(*changes: tuple[str, str], use: str = "m.put('ann', 1)", ask: tuple[str, ...] = ()) -> str:
    new = _SESSIONS
    for before, after in changes:
        assert before in new, before
        new = new.replace(before, after)
    return _CASE.format(old=_SESSIONS, new=new, use=use) + "\n".join(ask) + "\n"


_PUT, _GET = ("SESS[user] = data", 'SESS[(user, "web")] = data'), ("SESS.get(user)", 'SESS.get((user, "web"))')

RIGHT = {
    "nobody has put anything there": _case(_PUT, _GET, use="", ask=("m.put('a', 1), m.get('a')",)),
    "a key gets a name first": _case(
        ("def get(user): return SESS.get(user)", "def get(user):\n    key = user\n    return SESS.get(key)"),
        ask=("m.get('ann') => 1",),
    ),
    "a parameter has another name": _case(
        ("def get(user): return SESS.get(user)", "def get(name): return SESS.get(name)"), ask=("m.get('ann') => 1",)
    ),
    "it looks under both": _case(
        ("return SESS.get(user)", 'return SESS.get((user, "web")) or SESS.get(user)'), ask=("m.get('ann') => 1",)
    ),
    "texts become texts": _case(("SESS.get(user)", "SESS.get(str(user))"), ask=("m.get('ann') => 1",)),
    "texts are lower already": _case(("SESS.get(user)", "SESS.get(user.lower())"), ask=("m.get('Ann') => 1",)),
    "a cache is filled again": _CASE.format(
        old="C = {}\ndef work(a, b): return a + b\ndef get(a, b):\n    if a not in C: C[a] = work(a, b)\n    return C[a]",
        new="C = {}\ndef work(a, b): return a + b\ndef get(a, b):\n    if (a, b) not in C: C[a, b] = work(a, b)\n"
        "    return C[a, b]",
        use="m.get(1, 2)",
    )
    + "m.get(1, 2) => 3\nm.get(1, 5) => 6\n",
    "one of two kinds of keys": _CASE.format(
        old="T = {}\ndef put(a): T[a] = 1; T[('x', a)] = 2\ndef one(a): return T[a]\ndef two(a): return T[a]",
        new="T = {}\ndef put(a): T[a] = 1; T[('x', a)] = 2\ndef one(a): return T[a]\ndef two(a): return T[('x', a)]",
        use="m.put('k')",
    )
    + "m.one('k'), m.two('k') => (1, 2)\n",
    "a constant is asked for now": _case(("SESS.get(user)", "SESS.get('ann')"), ask=("m.get('x') => 1",)),
    "the attribute has another name": _CASE.format(
        old="T = {}\nclass U:\n    def __init__(self, i): self.i = i\n    @property\n    def n(self): return self.i\n"
        "def put(u): T[u.i] = u\ndef get(u): return T[u.i]",
        new="T = {}\nclass U:\n    def __init__(self, i): self.i = i\n    @property\n    def n(self): return self.i\n"
        "def put(u): T[u.n] = u\ndef get(u): return T[u.n]",
        use="u = m.U(4); m.put(u)",
    )
    + "m.get(u) is u => True\n",
}

REFUSED = {
    "pairs": (_case(_PUT, _GET), "1 entry lies in `SESS` under keys that old code made ('ann'); it asks for tuples of 2"),
    "pairs, by a name": (
        _case(_PUT, ("return SESS.get(user)", 'key = (user, "web"); return SESS.get(key)')),
        "1 entry lies in `SESS` under keys that old code made",
    ),
    "triples of pairs": (
        _CASE.format(
            old="T = {}\ndef put(a, b, v): T[a, b] = v\ndef get(a, b): return T[a, b]",
            new="T = {}\ndef put(a, b, v): T[a, b, 0] = v\ndef get(a, b): return T[a, b, 0]",
            use="m.put(1, 2, 3)",
        ),
        "((1, 2)); it asks for tuples of 3 now",
    ),
    "texts put together": (
        _case(("SESS[user] = data", 'SESS[f"web:{user}"] = data'), ("SESS.get(user)", 'SESS.get(f"web:{user}")')),
        "it asks for texts like `f'web:{user}'` now",
    ),
    "texts with another sign between": (
        _CASE.format(
            old="T = {}\ndef put(a, b): T[f'{a}-{b}'] = 1\ndef get(a, b): return T[f'{a}-{b}']",
            new="T = {}\ndef put(a, b): T[f'{a}:{b}'] = 1\ndef get(a, b): return T[f'{a}:{b}']",
            use="m.put(1, 2)",
        ),
        "('1-2'); it asks for texts like `f'{a}:{b}'` now",
    ),
    "lower letters": (
        _case(("SESS.get(user)", "SESS.get(user.lower())"), use="m.put('Ann', 1); m.put('bob', 1)"),
        "('Ann'); it asks for texts that `lower` gives now",
    ),
    "texts of numbers": (_case(("SESS.get(user)", "SESS.get(str(user))"), use="m.put(4, 1)"), "what `str` makes"),
    "a helper makes pairs": (
        _case(("def key_of(user): return user", 'def key_of(user): return (user, "web")'), use="m.put('ann', 1)"),
        "it asks for tuples of 2 now",
    ),
    "a set": (_case(("SEEN.add(user)", "SEEN.add((user, 1))"), ("user in SEEN", "(user, 1) in SEEN"), use="m.see('a')"), "`SEEN`"),
    "an attribute of who was the key": (
        _case(("SESS.get(user)", "SESS.get(user.id)"), use="u = m.User(1, 'ann'); m.put(u, 1)"),
        "(a User); it asks for `.id` of something now",
    ),
    "another attribute": (
        _case(("SESS.get(user.id)", "SESS.get(user.name)"), ("SESS[user.id]", "SESS[user.name]"), use="m.put_by_id(m.User(1, 'ann'))"),
        "(1); it asks for `.name` of something now",
    ),
    "who had the attribute": (
        _case(("SESS.get(user.id)", "SESS.get(user)"), ("SESS[user.id] = user", "SESS[user] = user"), use="m.put_by_id(m.User(1, 'ann'))"),
        "(1); it asks for `user` itself now",
    ),
    "a table of an instance": (
        _case(("self.rooms[room] = who", "self.rooms[room, 1] = who"), ("return self.rooms[room]", "return self.rooms[room, 1]"), use="m.HUB.join('a', 'ann')"),
        "`self.rooms`",
    ),
}  # fmt: skip
