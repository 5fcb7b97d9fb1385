"""Libraries that noted what a function takes: made anew where they were made of its class, or refused."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge
from ..pairs import pair

PLUGINS = """
    --- m
    import pluggy
    spec, impl = pluggy.HookspecMarker("m"), pluggy.HookimplMarker("m")
    class Spec:
        @spec
        def go(self, a, b): "called"
    class Plugin:
        @impl
        def go(self, a): return a + 1
    manager = pluggy.PluginManager("m")
    manager.add_hookspecs(Spec)
    manager.register(Plugin())
    def told(): return manager.hook.go(a=1, b=5)
    === use
    m.told()
    === ask
    m.told()
"""
SCHEMA = """
    --- m
    import strawberry
    @strawberry.type
    class Query:
        @strawberry.field
        def one(self, n: int = 1) -> str: return "b" * n
    schema = strawberry.Schema(query=Query)
    def told(query="{ one(n: 2) }"):
        given = schema.execute_sync(query)
        return given.data, str(given.errors)
"""


def _plugins(before, after, tmp_path):
    head, _, tail = PLUGINS.partition("    === use")
    new = head.replace("--- m", "+++ m").replace(before, after)
    return judge(case(f"{head}{new}    === use{tail}"), tmp_path)


def test_a_plugin_s_code_changes(tmp_path):
    verdict = _plugins("return a + 1", "return a + 2", tmp_path)
    assert verdict.word == "right", verdict.why


def test_a_plugin_that_takes_something_else_is_refused(tmp_path):
    verdict = _plugins("def go(self, a): return a", "def go(self, a, b): return a + b", tmp_path)
    assert verdict.word == "refused" and "HookImpl has noted" in verdict.why[0], verdict.why


def test_a_schema_is_made_anew_where_a_resolver_takes_something_else(lab):
    pytest.importorskip("strawberry")
    new = (
        SCHEMA.replace("--- m", "+++ m").replace("n: int = 1", 'n: int = 1, end: str = ""').replace("* n", "* n + end")
    )
    old, new = pair(SCHEMA + new)
    app = lab(**old)
    assert app.m.told() == ({"one": "bb"}, "None")
    app.arrive(**new)
    assert app.m.told('{ one(n: 2, end: "c") }') == ({"one": "bbc"}, "None")
    app.undo()
    assert app.m.told() == ({"one": "bb"}, "None")
