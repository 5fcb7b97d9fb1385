"""Parts of libraries' objects that statements set: filters and globals of templates, what is in an app's state."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.engine.source.module import SourceModule
from flyhot_asgi.engine.source.parts import Named, parts_of

from .constructs.case import case, judge

RIGHT = {
    "app's own document": """
        --- m
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/")
        def home(): return 1
        def custom(): return {"paths": {}, "of": "mine"}
        +++ m
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/")
        def home(): return 1
        def custom(): return {"paths": {}, "of": "mine"}
        app.openapi = lambda: custom()
        === use
        m.app.openapi()
        === ask
        m.app.openapi()["of"] => 'mine'
    """,
    "app's own document goes": """
        --- m
        from fastapi import FastAPI
        app = FastAPI(title="t")
        @app.get("/")
        def home(): return 1
        def custom(): return {"paths": {}, "info": {"title": "mine"}}
        app.openapi = custom
        +++ m
        from fastapi import FastAPI
        app = FastAPI(title="t")
        @app.get("/")
        def home(): return 1
        === use
        m.app.openapi()
        === ask
        m.app.openapi()["info"]["title"] => 't'
    """,
    "compiled template": """
        --- m
        import jinja2
        env = jinja2.Environment(loader=jinja2.DictLoader({"a": "{{ 'x' | shout }}"}))
        def shout(x): return x.upper()
        env.filters["shout"] = shout
        def go(): return env.get_template("a").render()
        +++ m
        import jinja2
        env = jinja2.Environment(loader=jinja2.DictLoader({"a": "{{ 'x' | shout }}"}))
        def shout(x): return x.upper()
        def wave(x): return x + "~"
        env.filters["shout"] = wave
        def go(): return env.get_template("a").render()
        === use
        m.go()
        === ask
        m.go() => 'x~'
    """,
    "derived from it": """
        --- m
        import jinja2
        env = jinja2.Environment()
        env.globals["a"] = 1
        N = env.globals["a"] + 1
        +++ m
        import jinja2
        env = jinja2.Environment()
        env.globals["a"] = 2
        N = env.globals["a"] + 1
        === ask
        m.N
    """,
    "derived in function": """
        --- m
        import jinja2
        env = jinja2.Environment()
        env.globals["a"] = 1
        def n(): return env.globals["a"] + 1
        N = n()
        +++ m
        import jinja2
        env = jinja2.Environment()
        env.globals["a"] = 2
        def n(): return env.globals["a"] + 1
        N = n()
        === ask
        m.N
    """,
    "state removed": """
        --- m
        from fastapi import FastAPI
        app = FastAPI()
        app.state.a = 1
        app.state.b = 1
        +++ m
        from fastapi import FastAPI
        app = FastAPI()
        app.state.b = 1
        === ask
        m.app.state._state
    """,
    "moved to other module": """
        --- m
        import jinja2
        env = jinja2.Environment()
        env.globals["a"] = 1
        --- n
        from .m import env
        +++ m
        import jinja2
        env = jinja2.Environment()
        +++ n
        from .m import env
        env.globals["a"] = 1
        === ask
        m.env.globals["a"]
    """,
    "jinja filters": """
        --- m
        import jinja2
        env = jinja2.Environment()
        def shout(x): return x.upper()
        env.filters["shout"] = shout
        def go(): return env.from_string("{{ 'a' | shout }}").render()
        +++ m
        import jinja2
        env = jinja2.Environment()
        def shout(x): return x.upper()
        def wave(x): return x + "~"
        env.filters["shout"] = wave
        env.filters["wave"] = wave
        def go(): return env.from_string("{{ 'a' | shout }}{{ 'a' | wave}}").render()
        === ask
        m.go()
    """,
    "jinja globals update": """
        --- m
        import jinja2
        env = jinja2.Environment()
        env.globals.update(version="1")
        def go(): return env.from_string("{{ version }}").render()
        +++ m
        import jinja2
        env = jinja2.Environment()
        env.globals.update(version="2", name="n")
        def go(): return env.from_string("{{ version }}{{ name }}").render()
        === ask
        m.go()
    """,
    "starlette templates filters": """
        --- m
        from starlette.templating import Jinja2Templates
        templates = Jinja2Templates(directory="/tmp")
        def shout(x): return x.upper()
        templates.env.filters["shout"] = shout
        def go(): return templates.env.from_string("{{ 'a' | shout }}").render()
        +++ m
        from starlette.templating import Jinja2Templates
        templates = Jinja2Templates(directory="/tmp")
        def shout(x): return x.upper()
        def wave(x): return x + "~"
        templates.env.filters["shout"] = shout
        templates.env.filters["wave"] = wave
        templates.env.globals["year"] = 3
        def go(): return templates.env.from_string("{{ 'a' | shout | wave}}{{ year }}").render()
        === ask
        m.go()
    """,
    "jinja filters removed": """
        --- m
        import jinja2
        env = jinja2.Environment()
        def shout(x): return x.upper()
        env.filters["shout"] = shout
        def go(): return "shout" in env.filters
        +++ m
        import jinja2
        env = jinja2.Environment()
        def go(): return "shout" in env.filters
        === ask
        m.go()
    """,
    "state on app": """
        --- m
        from fastapi import FastAPI
        app = FastAPI()
        app.state.a = 1
        def go(): return app.state.a
        +++ m
        from fastapi import FastAPI
        app = FastAPI()
        app.state.a = 1
        app.state.b = 2
        def go(): return app.state.a + app.state.b
        === ask
        m.go()
    """,
}
REFUSED = {
    "program changed it": """
        --- m
        import jinja2
        env = jinja2.Environment()
        env.globals["version"] = "1"
        +++ m
        import jinja2
        env = jinja2.Environment()
        env.globals["version"] = "2"
        === use
        m.env.globals["version"] = "mine"
        === ask
        m.env.globals["version"] => 'mine'
    """,
    "set twice": """
        --- m
        import jinja2
        env = jinja2.Environment()
        env.globals["a"] = 1
        env.globals["a"] = 2
        +++ m
        import jinja2
        env = jinja2.Environment()
        env.globals["a"] = 3
        env.globals["a"] = 2
        === ask
        m.env.globals["a"]
    """,
    "by loop later": """
        --- m
        import jinja2
        env = jinja2.Environment()
        env.globals["a"] = 1
        for k in ("a", "b"): env.globals[k] = 5
        +++ m
        import jinja2
        env = jinja2.Environment()
        env.globals["a"] = 2
        for k in ("a", "b"): env.globals[k] = 5
        === ask
        m.env.globals["a"]
    """,
    "new key, loop sets it": """
        --- m
        import jinja2
        env = jinja2.Environment()
        for k in ("a", "b"): env.globals[k] = 5
        +++ m
        import jinja2
        env = jinja2.Environment()
        env.globals["a"] = 2
        for k in ("a", "b"): env.globals[k] = 5
        === ask
        m.env.globals["a"]
    """,
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_part_is_set_as_the_release_has_it(name: str, tmp_path: Path) -> None:
    verdict = judge(case(RIGHT[name]), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


@pytest.mark.parametrize("name", REFUSED)
def test_what_somebody_else_may_have_set_is_refused(name: str, tmp_path: Path) -> None:
    verdict = judge(case(REFUSED[name]), tmp_path, here=True)
    assert verdict.word == "refused", verdict.why


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.b['k'] = 1", [("a.b", True, "k", "1")]),
        ("a.b.c = x", [("a.b", False, "c", "x")]),
        ("a.update(x=1)", [("a", True, "x", "1")]),
        ("a.b.update({'x': 1}, y=2)", [("a.b", True, "x", "1"), ("a.b", True, "y", "2")]),
        ("a.update(b)", None),
        ("a.update({**b})", None),
        ("a[k] = 1", [("a", True, Named("k"), "1")]),
        ("a[k()] = 1", None),
        ("a = b.c = 1", None),
        ("f().x = 1", None),
    ],
)
def test_parts_are_read_off_the_statement(text: str, found: Any) -> None:
    parts = parts_of(SourceModule("m", "m.py", text).statements[0])
    told = [(p.owner, p.item, p.key, ast.unparse(p.value)) for p in parts] if parts is not None else None
    assert told == found
