"""Objects of Python's own that the program has used, and whose text changes: how far they are stays, or is refused."""

_TEXT = """
--- m
{before}
+++ m
{after}
=== use
{use}
=== ask
{ask}
"""


def _case(before: str, after: str, use: str, ask: str) -> str:
    return _TEXT.format(before=before, after=after, use=use, ask=ask)


_RNG = "[m.rng.random() for _ in range(3)]\nlib.append(m.rng.getstate())"
_NAMESPACE = "import types\nC = types.SimpleNamespace({})"

_AGEN = (
    "async def count(n):\n    for i in range(n): yield i\nAG = count(3)\n"
    "def step():\n    try: AG.__anext__().send(None)\n    except StopIteration as end: return end.value"
)

RIGHT = {
    "an async generator that has not begun": _case(
        _AGEN, _AGEN.replace("yield i", "yield i + 7"), "lib.append(1)", "m.step() => 7"
    ),
    "a logger of another name": _case(
        "import logging\nlogger = logging.getLogger('one')",
        "import logging\nlogger = logging.getLogger('two')",
        "lib.append(m.logger)",
        "m.logger.name => 'two'",
    ),
    "random numbers, a seed written otherwise": _case(
        "import random\nrng = random.Random(4)",
        "from random import Random\nSEED = 4\nrng = Random(SEED)",
        _RNG,
        "m.rng.getstate() == lib[0] => True",
    ),
    "a counter, its start written otherwise": _case(
        "import itertools\nids = itertools.count(1)",
        "import itertools\nSTART = 1\nids = itertools.count(START)",
        "next(m.ids)",
        "next(m.ids) => 2",
    ),
    "a buffer": _case(
        "import io\nbuffer = io.StringIO()",
        "from io import StringIO\nbuffer = StringIO()",
        "m.buffer.write('text')",
        "m.buffer.getvalue() => 'text'",
    ),
    "a hash": _case(
        "import hashlib\nh = hashlib.sha256(b'x')",
        "from hashlib import sha256\nh = sha256(b'x')",
        "m.h.update(b'y')\nlib.append(m.h.hexdigest())",
        "m.h.hexdigest() == lib[0] => True",
    ),
    "an event that is set": _case(
        "import threading\nready = threading.Event()",
        "from threading import Event\nready = Event()",
        "m.ready.set()",
        "m.ready.is_set() => True",
    ),
    "a namespace that only the program around the app holds": _case(
        _NAMESPACE.format("a=1, b=1"),
        _NAMESPACE.format("a=2, b=1, c=3"),
        "kept = m.C\nkept.b = 9",
        "vars(kept) == {'a': 2, 'b': 9, 'c': 3} => True\nkept is m.C => True",
    ),
    "a namespace in a namespace, and one in a dict": _case(
        "import types\nC = types.SimpleNamespace(inner=types.SimpleNamespace(x=1))\n"
        "D = {'a': types.SimpleNamespace(x=1)}",
        "import types\nC = types.SimpleNamespace(inner=types.SimpleNamespace(x=2))\n"
        "D = {'a': types.SimpleNamespace(x=2)}",
        "kept = m.C.inner\nother = m.D['a']",
        "kept.x => 2\nkept is m.C.inner => True\nother.x => 2\nother is m.D['a'] => True",
    ),
}

REFUSED = {
    "an async generator that has begun": _case(
        _AGEN,
        _AGEN.replace("yield i", "yield i + 0"),
        "m.step()",
        "m.step() => 1",
    ),
    "random numbers, begun and of another seed": _case(
        "import random\nrng = random.Random(4)",
        "import random\nrng = random.Random(5)",
        _RNG,
        "m.rng.getstate() == lib[0] => True",
    ),
    "what is kept weakly": _case(
        "import weakref\nclass C: pass\ntable = weakref.WeakValueDictionary()",
        "from weakref import WeakValueDictionary\nclass C: pass\ntable = WeakValueDictionary()",
        "c = m.C()\nlib.append(c)\nm.table['a'] = c",
        "list(m.table) => ['a']",
    ),
    "what each thread keeps": _case(
        "import threading\nlocal = threading.local()",
        "from threading import local as kept\nlocal = kept()",
        "m.local.x = 5",
        "m.local.x => 5",
    ),
    "an iterator": _case(
        "import itertools\nturns = itertools.cycle('ab')",
        "import itertools\nturns = itertools.cycle(['a', 'b'])",
        "next(m.turns)",
        "next(m.turns) => 'b'",
    ),
}
