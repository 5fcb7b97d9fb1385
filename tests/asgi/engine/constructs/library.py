"""What an installed library does to functions that it is handed, in ways that no rule of the engine names."""

from __future__ import annotations

import functools
import itertools
import threading
import weakref
from collections import OrderedDict, defaultdict, deque


def marked(**marks):
    """Only sets attributes."""

    def mark(f):
        f.marks = {**getattr(f, "marks", {}), **marks}
        return f

    return mark


def cached(cache):
    """Wraps, with a cache of the caller's."""

    def decorate(f):
        lock = threading.Lock()

        @functools.wraps(f)
        def wrapper(*args):
            with lock:
                if args not in cache:
                    cache[args] = f(*args)
            return cache[args]

        wrapper.cache = cache
        return wrapper

    return decorate


class Rule:
    def __init__(self, path, f, options):
        self.path, self.f, self.options = path, f, options

    def __repr__(self):
        return f"Rule({self.path!r}, {self.f()!r}, {self.options!r})"


class Router:
    """A list of rules, and a dict of functions by name; both in order."""

    def __init__(self):
        self.rules = []
        self.by_name = {}

    def route(self, path, **options):
        def enter(f):
            self.rules.append(Rule(path, f, options))
            self.by_name[options.get("name", f.__name__)] = f
            return f

        return enter


class Bus:
    """Handlers by event, each list made when it is needed, and wrapped."""

    def __init__(self):
        self.handlers = defaultdict(list)

    def on(self, event):
        def enter(f):
            @functools.wraps(f)
            def wrapper(*args):
                return event, f(*args)

            self.handlers[event].append(wrapper)
            return wrapper

        return enter

    def told(self):
        return {event: [one() for one in found] for event, found in self.handlers.items()}


class Limiter:
    """Limits by a function's full name, which say nothing of the function."""

    def __init__(self):
        self.limits = {}
        self.marked = {}

    def limit(self, text):
        def decorate(f):
            name = f"{f.__module__}.{f.__name__}"
            self.marked.setdefault(name, []).append(f)
            self.limits.setdefault(name, []).extend(Limit(one) for one in text.split(";"))

            @functools.wraps(f)
            def wrapper(*args):
                return [one.text for one in self.limits[name]], f(*args)

            return wrapper

        return decorate


class Limit:
    def __init__(self, text):
        self.text = text


class Numbered:
    """Gives each a number."""

    def __init__(self):
        self.count = itertools.count()
        self.size = 0
        self.found = {}

    def add(self, f):
        self.size += 1
        self.found[self.size] = f
        return f


class Counted:
    """Counts, and keeps what comes in a set and in a queue that starts with the last."""

    def __init__(self):
        self.size = 0
        self.members = set()
        self.latest = deque()

    def add(self, f):
        self.size += 1
        self.members.add(f)
        self.latest.appendleft(f)
        return f


class Names:
    """Keeps only names."""

    def __init__(self):
        self.names = set()
        self.known = {}

    def add(self, f):
        self.names.add(f.__name__)
        self.known[f.__name__] = True
        return f


class Ordered:
    """By priority, in an ordered dict."""

    def __init__(self):
        self.found = OrderedDict()

    def add(self, priority):
        def enter(f):
            self.found[f.__name__] = (priority, f)
            for key in sorted(self.found, key=lambda key: self.found[key][0]):
                self.found.move_to_end(key)
            return f

        return enter


class Weak:
    def __init__(self):
        self.members = weakref.WeakSet()
        self.sequence = []

    def connect(self, f):
        self.members.add(f)
        self.sequence.append(weakref.ref(f))
        return f


class Task:
    """An object in the place of a function."""

    def __init__(self, f, queue):
        self.f, self.queue = f, queue

    def __call__(self, *args):
        return self.f(*args)


class Queue:
    def __init__(self):
        self.tasks = {}

    def task(self, f):
        made = self.tasks[f.__name__] = Task(f, self)
        return made


class Threaded:
    """Starts a thread for each."""

    def __init__(self):
        self.done = threading.Event()

    def run(self, f):
        threading.Thread(target=self.done.wait, daemon=True).start()
        return f


class Hidden:
    """Keeps what it is handed where nothing of Python's shows it."""

    def __init__(self):
        self._iterator = None

    def keep(self, f):
        self._iterator = itertools.chain(self._iterator or (), [f])
        return f


class Strict:
    """Takes each name once."""

    def __init__(self):
        self.found = {}

    def add(self, f):
        if f.__name__ in self.found:
            raise ValueError(f"{f.__name__} twice")
        self.found[f.__name__] = f
        return f


class Noting(Queue):
    """Notes the function in its module, under another name, too."""

    def task(self, f):
        f.__globals__[f"{f.__name__}__original"] = f
        return super().task(f)
