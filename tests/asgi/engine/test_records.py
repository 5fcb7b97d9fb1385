"""Records without a class: dicts, namespaces and states that old code made, and what new code reads of them."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from flyhot_asgi.engine.living.records import bags_with, dicts_with
from flyhot_asgi.engine.source.module import SourceModule
from flyhot_asgi.engine.source.records import scopes_of

from .constructs.case import case, judge

_QUEUE = """
--- m
from queue import Queue
Q = Queue()
def put(n): Q.put({old})
def take():
    job = Q.get()
    return job["n"]
+++ m
from queue import Queue
Q = Queue()
def put(n): Q.put({new})
def take():
    job = Q.get()
    {take}
=== use
m.put(3)
=== ask
m.take() => {value}
"""


def queue(
    take: str, old: str = '{"kind": 1, "n": n}', new: str = '{"kind": 1, "n": n, "tries": 0}', value: str = "3"
) -> str:
    return _QUEUE.format(old=old, new=new, take=take, value=value)


_TABLE = """
--- m
ROOMS = {{}}
def join(r): ROOMS[r] = (r, 1)
def show(r):
    name, n = ROOMS[r]
    return n
+++ m
ROOMS = {{}}
def join(r): ROOMS[r] = (r, 1, 2)
def show(r):
    {show}
=== use
m.join("a")
=== ask
m.show("a") => 2
"""


def table(show: str) -> str:
    return _TABLE.format(show=show)


REFUSED = {
    "a dict in a queue": queue('return job["n"] + job["tries"]'),
    "made by dict()": queue('return job["n"] + job["tries"]', "dict(kind=1, n=n)", "dict(kind=1, n=n, tries=0)"),
    "a key has another name": queue('return job["num"]', '{"n": n}', '{"num": n}'),
    "a table of dicts, read in a loop": """
        --- m
        ROOMS = {}
        def join(r): ROOMS[r] = {"members": 1}
        def show(): return [r["members"] for r in ROOMS.values()]
        +++ m
        ROOMS = {}
        def join(r): ROOMS[r] = {"members": 1, "topic": ""}
        def show(): return [r["topic"] for r in ROOMS.values()]
        === use
        m.join("a")
        === ask
        m.show() => ['']
    """,
    "a dict that gets a key later": """
        --- m
        ROOMS = {}
        def join(r):
            room = {"members": 1}
            room["owner"] = r
            ROOMS[r] = room
        def show(r): return ROOMS[r]["owner"]
        +++ m
        ROOMS = {}
        def join(r):
            room = {"members": 1}
            room["owner"] = r
            room["topic"] = ""
            ROOMS[r] = room
        def show(r): return ROOMS[r]["topic"]
        === use
        m.join("a")
        === ask
        m.show("a") => ''
    """,
    "tuples in a table": table("name, n, k = ROOMS[r]; return k"),
    "tuples in a table, by their place": table("return ROOMS[r][2]"),
    "tuples in a table, gone through": table("return [k for name, n, k in ROOMS.values()][0]"),
    "tuples in a table, gone through with keys": table("for key, (name, n, k) in ROOMS.items(): return k"),
    "tuples in an attribute": """
        --- m
        class Hub:
            def __init__(self): self.rooms = {}
            def join(self, r): self.rooms[r] = (r, 1)
            def show(self, r):
                name, n = self.rooms[r]
                return n
        +++ m
        class Hub:
            def __init__(self): self.rooms = {}
            def join(self, r): self.rooms[r] = (r, 1, 2)
            def show(self, r):
                name, n, k = self.rooms[r]
                return k
        === use
        h = m.Hub(); h.join("a"); lib.append(h)
        === ask
        h.show("a") => 2
    """,
    "a namespace of a constant": """
        --- m
        import argparse
        DEFAULTS = {"host": "h"}
        def make(): return argparse.Namespace(**DEFAULTS)
        def url(ns): return ns.host
        +++ m
        import argparse
        DEFAULTS = {"host": "h", "port": 1}
        def make(): return argparse.Namespace(**DEFAULTS)
        def url(ns): return f"{ns.host}:{ns.port}"
        === use
        lib.append(m.make())
        === ask
        m.url(lib[0]) => 'h:1'
    """,
    "what a parser gave": """
        --- m
        import argparse
        def parse(argv):
            p = argparse.ArgumentParser()
            p.add_argument("--host", default="h")
            return p.parse_args(argv)
        def url(ns): return ns.host
        +++ m
        import argparse
        def parse(argv):
            p = argparse.ArgumentParser()
            p.add_argument("--host", default="h")
            p.add_argument("--dry-run", default=1)
            return p.parse_args(argv)
        def url(ns): return ns.dry_run
        === use
        lib.append(m.parse([]))
        === ask
        m.url(lib[0]) => 1
    """,
    "a copy in a chain": """
        --- m
        from collections import ChainMap
        DEFAULTS = {"host": "h", "path": "/"}
        def make(over): return ChainMap(over, dict(DEFAULTS))
        def url(c): return c["host"]
        +++ m
        from collections import ChainMap
        DEFAULTS = {"host": "h", "path": "/", "port": 1}
        def make(over): return ChainMap(over, dict(DEFAULTS))
        def url(c): return c["port"]
        === use
        lib.append(m.make({}))
        === ask
        m.url(lib[0]) => 1
    """,
    "the state of an app": """
        --- m
        from starlette.applications import Starlette
        app = Starlette()
        def startup(): app.state.limits = 3
        def limit(): return app.state.limits
        +++ m
        from starlette.applications import Starlette
        app = Starlette()
        def startup():
            app.state.limits = 3
            app.state.burst = 2
        def limit(): return app.state.limits * app.state.burst
        === use
        m.startup()
        === ask
        m.limit() => 6
    """,
    "the first thing in an app's state": """
        --- m
        from starlette.applications import Starlette
        app = Starlette()
        def startup(): pass
        def limit(): return 1
        +++ m
        from starlette.applications import Starlette
        app = Starlette()
        def startup(): app.state.burst = 2
        def limit(): return app.state.burst
        === use
        m.startup()
        === ask
        m.limit() => 2
    """,
}
RIGHT = {
    "get": queue('return job["n"] + job.get("tries", 0)'),
    "asked first": queue('return job["n"] + (job["tries"] if "tries" in job else 0)'),
    "caught": queue('try: return job["n"] + job["tries"]\n    except KeyError: return job["n"]'),
    "nobody reads it": queue('return job["n"]'),
    "the queue is empty": queue('return job["tries"]', value="0")
    .replace("m.put(3)", "")
    .replace("m.take()", "(m.put(3), m.take())[1]"),
    "the constant itself": """
        --- m
        DEFAULTS = {"host": "h"}
        TABLE = [{"name": 1}]
        def url(): return DEFAULTS["host"], TABLE[0]["name"]
        +++ m
        DEFAULTS = {"host": "h", "port": 1}
        TABLE = [{"name": 1, "size": 3}]
        def url(): return DEFAULTS["port"], TABLE[0]["size"]
        === ask
        m.url()
    """,
    "tuples that the module makes anew": """
        --- m
        PAGES = [("a", 1), ("b", 2)]
        BY = {"x": (1, 2)}
        def show():
            for name, n in PAGES: pass
            return n, BY["x"][1], [a for a, b in BY.values()]
        +++ m
        PAGES = [("a", 1, 3), ("b", 2, 4)]
        BY = {"x": (1, 2, 3)}
        def show():
            for name, n, k in PAGES: pass
            return k, BY["x"][2], [c for a, b, c in BY.values()]
        === ask
        m.show()
    """,
    "tuples of its own under a name that the module has, too": """
        --- m
        rows = [(1, 2)]
        def show(): return rows[0]
        def sum_up(rows):
            for a, b in rows: return a + b
        +++ m
        rows = [(1, 2)]
        def show(): return rows[0]
        def sum_up(rows):
            for a, b, c in rows: return a + b + c
        === ask
        m.sum_up([(1, 2, 3)])
    """,
    "a state that a factory fills": """
        --- m
        from starlette.applications import Starlette
        def make():
            app = Starlette()
            app.state.limits = 3
            return app
        app = make()
        def limit(): return app.state.limits
        +++ m
        from starlette.applications import Starlette
        def make():
            app = Starlette()
            app.state.limits = 3
            app.state.burst = 2
            return app
        app = make()
        def limit(): return app.state.burst
        === ask
        m.limit()
    """,
    "a model with such fields": """
        --- m
        from dataclasses import dataclass
        @dataclass
        class Item:
            name: str
            kind: str = ""
        SCHEMA = {"properties": {"name": {"type": "string"}, "kind": {"type": "string"}}}
        def make(name: str, kind: str): return {"name": name, "kind": kind}
        def show(row): return row["name"]
        +++ m
        from dataclasses import dataclass
        @dataclass
        class Item:
            name: str
            kind: str = ""
        SCHEMA = {"properties": {"name": {"type": "string"}, "kind": {"type": "string"}}}
        def make(name: str, kind: str): return {"name": name, "kind": kind, "room": 1}
        def show(row): return row["room"]
        === ask
        m.show(m.make("a", "b"))
    """,
}


@pytest.mark.parametrize("name", REFUSED)
def test_living_records_that_lack_what_is_read_now_are_refused(name: str, tmp_path: Path) -> None:
    verdict = judge(case(REFUSED[name]), tmp_path)
    assert verdict.word == "refused", verdict.why
    assert "without `" in verdict.why[0] or "tuples of 2" in verdict.why[0]


@pytest.mark.parametrize("name", RIGHT)
def test_what_lacks_nothing_is_not_refused(name: str, tmp_path: Path) -> None:
    verdict = judge(case(RIGHT[name]), tmp_path)
    assert verdict.word == "right", verdict.why


def test_a_code_change_that_knows_the_word_sees_to_it(tmp_path: Path) -> None:
    migrated = queue('return job["n"] + job["tries"]').replace(
        "def put", 'def move(old, state, extra): return state | {"tries": 0}\ncode_change = move\ndef put'
    )
    handed = migrated.replace("code_change = move", "kept = dict(code_change=move)")
    assert judge(case(handed), tmp_path).word != "refused"


def test_groups_of_words_are_found_by_function() -> None:
    text = (
        "class C:\n"
        "    def m(self):\n"
        "        def inner(): return dict(a=1)\n"
        "        return {'b': 1, **D}\n"
        "D = {'c': 1}\n"
    )
    found = scopes_of(SourceModule("m", "m.py", text))
    assert {path: [sorted(group.words) for group in scope.groups] for path, scope in found.items() if scope.groups} == {
        "C.m": [["b", "c"]],
        "C.m.inner": [["a"]],
        "D": [["c"]],
    }


def test_dicts_that_the_collector_does_not_know_are_found_by_who_holds_them() -> None:
    plain = {"one_of_a_kind": 1, "of_two": 2}
    assert not gc.is_tracked(plain)
    keeping = [plain]
    assert dicts_with({"one_of_a_kind", "of_two"}, "third", frozenset({"one_of_a_kind", "of_two"})) == [plain]
    assert dicts_with({"one_of_a_kind"}, "third", frozenset({"one_of_a_kind", "of_two"})) == []
    assert dicts_with({"one_of_a_kind", "of_two"}, "third", frozenset({"one_of_a_kind"})) == []
    assert keeping


def test_namespaces_of_objects_are_no_records() -> None:
    class Thing:
        def __init__(self) -> None:
            self.one_thing, self.other_thing = 1, 2

    thing = Thing()
    assert (
        vars(thing) and dicts_with({"one_thing", "other_thing"}, "third", frozenset({"one_thing", "other_thing"})) == []
    )
    assert bags_with({"one_thing", "other_thing"}, "third") == []


def test_the_heap_is_looked_through_once_for_however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    look = gc.get_referrers
    monkeypatch.setattr(gc, "get_referrers", lambda *objects: looks.append(len(objects)) or look(*objects))
    many = [{"one_of_many": number} for number in range(1_000)]
    assert len(dicts_with({"one_of_many"}, "other", frozenset({"one_of_many"}))) == len(many)
    assert len(looks) == 1
