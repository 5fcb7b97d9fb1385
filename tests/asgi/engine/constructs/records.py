"""Plain data that old code made and keeps, which code of the new release asks for more, or for otherwise. Refused
where such data lives, right where it does not."""

REFUSED = {
    "a copy that an instance made of a class's table lacks the word that the table gets": """
        --- m
        class Parser:
            DEFAULTS = {"size": 1, "keep": False}
            def __init__(self, **more): self.config = {**self.DEFAULTS, **more}
            def room(self): return self.config["size"]
        +++ m
        class Parser:
            DEFAULTS = {"size": 1, "keep": False, "most": 5}
            def __init__(self, **more): self.config = {**self.DEFAULTS, **more}
            def room(self): return self.config["size"], self.config["most"]
        === hold
        held = m.Parser()
    """,
    "a base reads where it has asked for an heir what that heir has since now": """
        --- m
        class Base:
            def size(self): return 0
        class All(Base):
            def __init__(self, *parts): pass
        +++ m
        class Base:
            def size(self): return isinstance(self, All) and len(self.parts)
        class All(Base):
            def __init__(self, *parts): self.parts = parts
        === hold
        two = m.All(1)
        === ask
        two.size()
    """,
    "a dict that a function makes gets a key, which code asks for": """
        --- m
        ROOMS = {}
        def open_room(name):
            ROOMS[name] = {"members": set()}
            return ROOMS[name]
        def join(name, who):
            room = ROOMS.get(name) or open_room(name)
            room["members"].add(who)
            return len(room["members"])
        +++ m
        ROOMS = {}
        def open_room(name):
            ROOMS[name] = {"members": set(), "topic": "none"}
            return ROOMS[name]
        def join(name, who):
            room = ROOMS.get(name) or open_room(name)
            room["members"].add(who)
            return len(room["members"]), room["topic"]
        === use
        m.join("a", 1)
    """,
    "a dict that is handed on gets a key, and an instance keeps it": """
        --- low
        def record(user): return dict(user=user)
        --- m
        from .low import record
        class Manager:
            def __init__(self): self.conns = {}
            def connect(self, ws): self.conns[ws] = record(None)
            def who(self, ws): return self.conns[ws]["user"]
        manager = Manager()
        +++ low
        def record(user): return dict(user=user, seen=0)
        +++ m
        from .low import record
        class Manager:
            def __init__(self): self.conns = {}
            def connect(self, ws): self.conns[ws] = record(None)
            def who(self, ws):
                self.conns[ws]["seen"] += 1
                return self.conns[ws]["user"], self.conns[ws]["seen"]
        manager = Manager()
        === use
        m.manager.connect(1)
    """,
    "pairs in a list become triples": """
        --- m
        LOG = []
        def add(who, text): LOG.append((who, text))
        def show(): return [f"{who}:{text}" for who, text in LOG]
        +++ m
        LOG = []
        def add(who, text, at=0): LOG.append((who, text, at))
        def show(): return [f"{who}:{text}@{at}" for who, text, at in LOG]
        === use
        m.add("a", "b")
    """,
    "tuples under keys get longer, and have a name before they are kept": """
        --- m
        CACHE = {}
        def put(k, v):
            entry = (v, 1)
            CACHE[k] = entry
        def get(k):
            v, n = CACHE[k]
            return v
        +++ m
        CACHE = {}
        def put(k, v):
            entry = (v, 1, None)
            CACHE[k] = entry
        def get(k):
            v, n, _ = CACHE[k]
            return v
        === use
        m.put("a", 1)
    """,
    "the lists that an instance keeps become sets": """
        --- m
        class Manager:
            def __init__(self): self.rooms = {}
            def join(self, room, ws): self.rooms.setdefault(room, []).append(ws)
        manager = Manager()
        +++ m
        class Manager:
            def __init__(self): self.rooms = {}
            def join(self, room, ws): self.rooms.setdefault(room, set()).add(ws)
        manager = Manager()
        === use
        m.manager.join("a", 1)
    """,
    "a list that construction writes out gets longer, and code asks for its end": """
        --- m
        class Stats:
            def __init__(self): self.v = [0, 0]
            def add(self):
                self.v[0] += 1
                return list(self.v)
        +++ m
        class Stats:
            def __init__(self): self.v = [0, 0, 0]
            def add(self):
                self.v[2] += 1
                return list(self.v)
        === use
        s = m.Stats()
    """,
    "a list is copied from a constant of another module, which gets longer": """
        --- low
        START = [0, 0]
        --- m
        from .low import START
        class Stats:
            def __init__(self): self.v = list(START)
            def last(self): return self.v[0]
        +++ low
        START = [0, 0, 0]
        +++ m
        from .low import START
        class Stats:
            def __init__(self): self.v = list(START)
            def last(self): return self.v[2]
        === use
        s = m.Stats()
    """,
    "a call that is not the module's makes another class, and an instance lives": """
        --- low
        FIELDS = ["x", "y"]
        --- m
        from types import new_class
        from .low import FIELDS
        Pt = new_class("Pt", exec_body=lambda space: space.update({name: 0 for name in FIELDS}))
        +++ low
        FIELDS = ["x", "y", "z"]
        +++ m
        from types import new_class
        from .low import FIELDS
        Pt = new_class("Pt", exec_body=lambda space: space.update({name: 0 for name in FIELDS}))
        === use
        p = m.Pt()
    """,
    "an object stands in the module's place": """
        --- m
        class Api:
            version = 1
            def hi(self): return f"hi {self.version}"
        --- low
        import sys
        from . import m
        sys.modules[m.__name__] = m.Api()
        +++ m
        class Api:
            version = 2
            def hi(self): return f"hi {self.version}"
        +++ low
        import sys
        from . import m
        sys.modules[m.__name__] = m.Api()
    """,
    "a file is executed, and sys.modules knows nothing of it": """
        --- m
        RATE = 2
        def run(x): return x * RATE
        --- low
        import importlib.util, sys
        spec = importlib.util.spec_from_file_location("plug", __file__.replace("low", "m"))
        plug = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(plug)
        run = plug.run
        +++ m
        RATE = 3
        def run(x): return x * RATE
        +++ low
        import importlib.util, sys
        spec = importlib.util.spec_from_file_location("plug", __file__.replace("low", "m"))
        plug = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(plug)
        run = plug.run
        === use
        sys.modules.pop(m.__name__)
    """,
    "a partial in a list of jobs has arguments for a function that takes more now": """
        --- m
        from functools import partial
        JOBS = []
        def send(to, body): return f"{to}<{body}"
        def schedule(to, body): JOBS.append(partial(send, to, body))
        +++ m
        from functools import partial
        JOBS = []
        def send(to, subject, body): return f"{to}<{subject}<{body}"
        def schedule(to, body): JOBS.append(partial(send, to, "s", body))
        === use
        m.schedule("a", "b")
    """,
    "an exit stack has arguments for a function that takes more now": """
        --- m
        from contextlib import ExitStack
        DONE = []
        def close(n): DONE.append(n)
        STACK = ExitStack()
        def add(n): STACK.callback(close, n)
        +++ m
        from contextlib import ExitStack
        DONE = []
        def close(n, force): DONE.append((n, force))
        STACK = ExitStack()
        def add(n): STACK.callback(close, n, force=True)
        === use
        m.add(1)
    """,
    "a finalizer has arguments for a method that takes more now": """
        --- m
        import weakref
        class Res:
            def __init__(self, n):
                self.fin = weakref.finalize(self, Res.cleanup, n)
                self.fin.atexit = False
            @staticmethod
            def cleanup(n): pass
        +++ m
        import weakref
        class Res:
            def __init__(self, n):
                self.fin = weakref.finalize(self, Res.cleanup, n, "x")
                self.fin.atexit = False
            @staticmethod
            def cleanup(n, how): pass
        === use
        r = m.Res(1)
    """,
}
RIGHT = {
    "a table of a class gets a word, which a method reads: what its statement makes takes its place": """
        --- m
        class Parser:
            DEFAULTS = {"size": 1, "keep": False}
            def __init__(self, **more): self.config = {**self.DEFAULTS, **more}
            def room(self): return self.config["size"]
        +++ m
        class Parser:
            DEFAULTS = {"size": 1, "keep": False, "most": 5}
            def __init__(self, **more): self.config = {**self.DEFAULTS, **more}
            def room(self): return self.config["size"], self.config["most"]
        === hold
        held = m.Parser.DEFAULTS
        === ask
        m.Parser().room()
        held["most"], held is m.Parser.DEFAULTS
    """,
    "a table of a dataclass, of a nested class and of a class with other bases gets a word": """
        --- m
        from dataclasses import dataclass
        class Low: pass
        @dataclass
        class Parser:
            size: int = 1
            DEFAULTS = {"size": 1, "keep": False}
            class Inner:
                DEFAULTS = {"length": 1, "kept": [{"deep": 1, "deeper": 2}]}
                def room(self): return self.DEFAULTS["length"]
        class Other:
            DEFAULTS = {"width": 1, "keep": False}
            def room(self): return self.DEFAULTS["width"]
        def room(): return Parser.DEFAULTS["size"]
        +++ m
        from dataclasses import dataclass
        class Low: pass
        @dataclass
        class Parser:
            size: int = 1
            more: int = 2
            DEFAULTS = {"size": 1, "keep": False, "most": 5}
            class Inner:
                DEFAULTS = {"length": 1, "kept": [{"deep": 1, "deeper": 2, "deepest": 3}], "longest": 5}
                def room(self): return self.DEFAULTS["longest"], self.DEFAULTS["kept"][0]["deepest"]
        class Other(Low):
            DEFAULTS = {"width": 1, "keep": False, "widest": 5}
            def room(self): return self.DEFAULTS["widest"]
        def room(): return Parser.DEFAULTS["most"]
        === ask
        m.room(), m.Parser.Inner().room(), m.Other().room()
    """,
    "a partial is made at import, and its statement changes with the function": """
        --- m
        from functools import partial
        def send(to, body): return f"{to}<{body}"
        HI = partial(send, "all")
        TABLE = {"hi": partial(send, "all", "hi")}
        +++ m
        from functools import partial
        def send(to, subject, body): return f"{to}<{subject}<{body}"
        HI = partial(send, "all", "s")
        TABLE = {"hi": partial(send, "all", "s", "hi")}
        === ask
        m.HI("x"), m.TABLE["hi"]()
    """,
    "a deque is to keep more, and nobody has put anything in": """
        --- low
        KEEP = 3
        --- m
        from collections import deque
        from .low import KEEP
        HIST = deque(maxlen=KEEP)
        +++ low
        KEEP = 5
        +++ m
        from collections import deque
        from .low import KEEP
        HIST = deque(maxlen=KEEP)
        === ask
        m.HIST.maxlen
    """,
    "a deque is to keep more, and holds what the program put in": """
        --- low
        KEEP = 3
        --- m
        from collections import deque
        from .low import KEEP
        HIST = deque(maxlen=KEEP)
        +++ low
        KEEP = 5
        +++ m
        from collections import deque
        from .low import KEEP
        HIST = deque(maxlen=KEEP)
        === use
        m.HIST.extend([1, 2, 3])
        === ask
        m.HIST, m.HIST.maxlen => (deque([1, 2, 3], maxlen=5), 5)
    """,
    "a dataclass that is made twice, for its slots, takes its fields by keyword": """
        --- m
        from dataclasses import dataclass
        @dataclass(frozen=True, slots=True)
        class V:
            url: str
            def show(self): return self.url
        +++ m
        from dataclasses import dataclass
        @dataclass(frozen=True, kw_only=True, slots=True)
        class V:
            url: str
            def show(self): return self.url
        === ask
        m.V(url="a")
        [c.cell_contents.__eq__ is m.V.__eq__ for c in m.V.__setattr__.__closure__ if isinstance(c.cell_contents, type)]
    """,
    "a base goes, and what derived from it takes its place": """
        --- low
        class Base:
            def name(self): return "base"
        --- m
        from .low import Base
        class Backend(Base):
            def get(self): return "get"
            def name(self): return "backend" + super().name()
        class Cache(Backend):
            NAME = "mem"
            def name(self): return "cache" + super().name()
        c = Cache()
        +++ low
        class Base:
            def name(self): return "base"
        +++ m
        from .low import Base
        class Cache(Base):
            NAME = "mem"
            def get(self): return "got"
            def name(self): return "cache" + super().name()
        c = Cache()
        === hold
        x = m.Cache()
        === ask
        x.get(), x.name(), m.c.name()
        [k.__name__ for k in m.Cache.__mro__]
    """,
    "a block tries an import, logs, and registers": """
        --- m
        import logging
        logger = logging.getLogger(__name__)
        ALL = ["mem"]
        try:
            import no_such_redis
        except ImportError:
            logger.debug("redis not installed")
        else:
            ALL.append("redis")
        +++ m
        import logging
        logger = logging.getLogger(__name__)
        ALL = ["mem"]
        try:
            import csv
        except ImportError:
            logger.debug("csv not installed")
        else:
            ALL.append("csv")
        === hold
        held = m.ALL
        === ask
        m.ALL, held is m.ALL
    """,
    "a method that a class wrote out is generated now, and somebody has it": """
        --- m
        import dataclasses
        @dataclasses.dataclass(init=False)
        class V:
            url: str
            def __init__(self, *, url): self.url = url
        +++ m
        import dataclasses
        @dataclasses.dataclass(kw_only=True)
        class V:
            url: str = "-"
        === hold
        init = m.V.__init__
        === ask
        init is m.V.__init__
        m.V(), m.V(url="a")
    """,
    "a method that was generated is written out now, and somebody has it": """
        --- m
        import dataclasses
        @dataclasses.dataclass
        class V:
            url: str
        +++ m
        import dataclasses
        @dataclasses.dataclass
        class V:
            url: str
            def __init__(self, *, url): self.url = url + "!"
        === hold
        init = m.V.__init__
        === ask
        init is m.V.__init__
        m.V(url="a")
    """,
    "a default dict makes others": """
        --- low
        from collections import defaultdict
        def new_room(): return []
        ROOMS = defaultdict(new_room)
        --- m
        from .low import ROOMS
        def join(room, who): ROOMS[room].append(who)
        +++ low
        from collections import defaultdict
        def make_room(): return ["host"]
        ROOMS = defaultdict(make_room)
        +++ m
        from .low import ROOMS
        def join(room, who): ROOMS[room].append(who)
        === use
        m.join("a", 1)
        === ask
        m.ROOMS["b"] => ['host']
        m.ROOMS["a"] => [1]
        m.ROOMS.default_factory.__name__ => 'make_room'
    """,
    "what a function takes more has a default, and a partial lives": """
        --- m
        from functools import partial
        JOBS = []
        def send(to, body): return f"{to}<{body}"
        def schedule(to): JOBS.append(partial(send, to))
        +++ m
        from functools import partial
        JOBS = []
        def send(to, body, subject="-"): return f"{to}<{subject}<{body}"
        def schedule(to): JOBS.append(partial(send, to))
        === use
        m.schedule("a")
        === ask
        m.JOBS[0]("b") => 'a<-<b'
    """,
    "a dict that a function makes gets a key, and code looks whether it is there": """
        --- m
        ROOMS = {}
        def open_room(name): ROOMS[name] = {"members": set()}
        def show(name): return len(ROOMS[name]["members"])
        +++ m
        ROOMS = {}
        def open_room(name): ROOMS[name] = {"members": set(), "topic": "none"}
        def show(name):
            room = ROOMS[name]
            if "topic" not in room:
                room["topic"] = "-"
            return len(room["members"]), room["topic"]
        === use
        m.open_room("a")
        === ask
        m.show("a") => (0, '-')
    """,
    "what a function makes gets a key, and nothing of it lives": """
        --- m
        def answer(n): return {"n": n}
        def show(n): return answer(n)["n"]
        +++ m
        def answer(n): return {"n": n, "twice": 2 * n}
        def show(n): return answer(n)["twice"]
        === use
        m.show(1)
        === ask
        m.show(2) => 4
    """,
    "the constant gets the key too": """
        --- m
        USERS = {1: {"name": "a"}}
        def add(n, name): USERS[n] = {"name": name}
        def show(n): return USERS[n]["name"]
        +++ m
        USERS = {1: {"name": "a", "active": True}}
        def add(n, name): USERS[n] = {"name": name, "active": True}
        def show(n): return USERS[n]["name"] if USERS[n]["active"] else None
        === ask
        m.show(1)
    """,
    "a class has a code_change, which may see to what its instances keep": """
        --- m
        class Manager:
            def __init__(self): self.conns = {}
            def connect(self, ws): self.conns[ws] = {"user": None}
            def who(self, ws): return self.conns[ws]["user"]
        manager = Manager()
        +++ m
        class Manager:
            def __init__(self): self.conns = {}
            def code_change(self, old_vsn, state, extra): return state
            def connect(self, ws): self.conns[ws] = {"user": None, "seen": 0}
            def who(self, ws): return self.conns[ws].setdefault("seen", 5) and self.conns[ws]["seen"]
        manager = Manager()
        === use
        m.manager.connect(1)
        === ask
        m.manager.who(1) => 5
    """,
    "a module tells by a statement what its docstring is": """
        --- m
        version = "1"
        title = "Tokens"
        __doc__ = f"{title} in Python"
        __version__ = version
        +++ m
        version = "2"
        title = "Tokens"
        __doc__ = f"{title} in Python"
        __version__ = version
        === ask
        m.__doc__
        m.__version__
    """,
    "the text of a docstring that a statement gives changes": """
        --- m
        '''Old.'''
        title = "Tokens"
        +++ m
        title = "Token"
        __doc__ = f"{title} in Python"
        === ask
        m.__doc__
    """,
}
