"""After a failure at any step the process's functions, classes, values and routes are exactly those of before."""

from __future__ import annotations

import array
from collections import Counter, OrderedDict, defaultdict, deque

import pytest

from flyhot_asgi.engine import Journal
from flyhot_asgi.engine.patching.classobject import touch_class
from flyhot_asgi.engine.patching.journal import refill
from flyhot_asgi.errors import UndoFailed

from .failpoints import Failpoints
from .pairs import pair
from .snapshot import Snapshot

EVERYTHING = """
    --- conf
    LIMIT = 1
    NAMES = {"a": {"x": 1}}
    --- deco
    import functools
    def wrap(f):
        @functools.wraps(f)
        def wrapper(*args): return f(*args)
        return wrapper
    --- gone
    def old(): return 1
    --- main
    import abc, collections
    from fastapi import FastAPI
    from .conf import LIMIT, NAMES
    from .deco import wrap
    from .gone import old
    ORDERED = collections.OrderedDict(a=1, b=2)
    QUEUE = collections.deque([1, 2], maxlen=4)
    app = FastAPI(title="one")
    class Base(abc.ABC):
        "Doc."
        x = LIMIT
        @abc.abstractmethod
        def a(self): ...
        def b(self, n=1): return n
        @property
        def p(self): return 1
        @staticmethod
        def s(): return 1
    class Sub(Base):
        def a(self): return 1
    @wrap
    def f(x): return x
    def g(x=LIMIT): return x
    def h(): return g()
    @app.get("/")
    def home(n: int = LIMIT): return n
    +++ conf
    LIMIT = 2
    NAMES = {"b": {}, "a": {"x": 2}}
    +++ deco
    import functools
    def wrap(f):
        name = f.__name__
        @functools.wraps(f)
        def wrapper(*args): return [name, f(*args)]
        return wrapper
    xxx gone
    +++ fresh
    def new(): return 1
    +++ main
    import abc, collections
    from fastapi import FastAPI
    from .conf import LIMIT, NAMES
    from .deco import wrap
    from .fresh import new
    ORDERED = collections.OrderedDict(b=1, c=2, a=3)
    QUEUE = collections.deque([2, 3], maxlen=4)
    ADDED = [LIMIT]
    app = FastAPI(title="two")
    class Base(abc.ABC):
        x = LIMIT
        y: int = 5
        @abc.abstractmethod
        def a(self): ...
        @abc.abstractmethod
        def b(self, n=2): return super().__repr__()
        @property
        def p(self): return 2
        @p.setter
        def p(self, value): ...
        def s(self): return 1
    class Sub(Base):
        def a(self): return 2
    class New(Base): pass
    @wrap
    def f(x, y=1): return x
    @wrap
    def g(x=LIMIT): return x
    @app.get("/")
    def home(n: int = LIMIT): return n
    @app.get("/more")
    def more(): return new()
    """


def test_a_failure_at_any_step_is_undone_exactly(lab):
    old, new = pair(EVERYTHING)
    app = lab(**old)
    plan = app.plan(**new)
    assert plan.refusals == []
    points = Failpoints(app, plan)
    points.try_all()
    assert points.found == []
    assert points.steps > 30
    del points
    app.brings(**new)


@pytest.mark.parametrize(
    "line",
    ["X = 1 / 0", "def f(x=1 / 0): return 2", "from .n import nothing_there", "import no_such_module_anywhere"],
)
def test_a_statement_that_raises_is_undone_exactly(lab, line):
    text = "A = [1]\ndef f(x=1): return 1\nclass C:\n    def m(self): return 1\n"
    app = lab(m=text, n="Y = 1\n")
    plan = app.plan(m=text.replace("[1]", "[1, 2]").replace("m(self)", "m(self, q)") + line + "\n", n="Y = 2\n")
    assert plan.refusals == []
    before = Snapshot(app.top)
    with pytest.raises(Exception, match=r"zero|nothing_there|no_such_module"):
        app.apply(plan, Journal())
    assert before.differences() == []
    before.release()


def test_a_new_module_that_raises_leaves_no_trace(lab):
    app = lab(m="def f(): return 1\n")
    plan = app.plan(m="from .new import g\ndef f(): return g()\n", new="def g(): return 1\nraise ValueError('late')\n")
    before = Snapshot(app.top)
    with pytest.raises(ValueError, match="late"):
        app.apply(plan, Journal())
    assert before.differences() == []
    before.release()


@pytest.mark.parametrize(
    "make",
    [
        lambda: {"b": 1, "a": 2},
        lambda: OrderedDict(b=1, a=2),
        lambda: defaultdict(list, {"b": [1]}),
        lambda: Counter("abba"),
        lambda: [1, 2],
        lambda: {1, 2},
        lambda: deque([1, 2], maxlen=2),
        lambda: bytearray(b"ab"),
    ],
)
def test_containers_get_their_contents_back_in_order(make):
    obj, expected = make(), make()
    journal = Journal()
    journal.touch_container(obj, "it")
    refill(obj, {"z": 0, "a": 1} if isinstance(obj, dict) else [7])
    assert obj != expected
    journal.rollback()
    assert obj == expected
    assert list(obj) == list(expected)
    if isinstance(obj, dict):
        assert list(obj.items()) == list(expected.items())


def test_a_step_that_cannot_be_undone_is_named_and_the_others_are_undone():
    journal, undone = Journal(), []
    journal.note("first", lambda: undone.append(1))
    journal.note("second", lambda: 1 / 0)
    journal.note("third", lambda: undone.append(3))
    with pytest.raises(UndoFailed, match="second"):
        journal.rollback()
    assert undone == [3, 1]
    assert len(journal) == 0


def test_a_class_that_nobody_can_change_is_not_undone():
    journal = Journal()
    touch_class(array.array, journal)
    journal.rollback()
