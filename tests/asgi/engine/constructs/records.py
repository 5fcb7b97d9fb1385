"""Plain data that old code made and keeps, which code of the new release asks for more, or for otherwise. Refused
where such data lives, right where it does not."""

REFUSED = {
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
