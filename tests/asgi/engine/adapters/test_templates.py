"""Compiled templates have in them what filters gave for constants: they are made anew with these, or it is refused."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge

_TEXT = """
--- m
import jinja2
def shout(x): return x.upper()
{rest}
+++ m
import jinja2
def shout(x): return x.upper() + "!"
{rest}
=== use
{use}
=== ask
m.page() => 'ABC!'
kept() => 'ABC!'
"""
_LOADED = "jinja2.DictLoader({'a': '{{ \"abc\"|shout }}'})"
_PAGE = "def page(): return env.get_template('a').render()"
_STRING = "env.from_string('{{ \"abc\"|shout }}')"


def _case(rest: str, use: str) -> str:
    return _TEXT.format(rest=rest, use=use)


RIGHT = {
    "of a loader, in the cache": _case(
        f"env = jinja2.Environment(loader={_LOADED})\nenv.filters['shout'] = shout\n{_PAGE}", "m.page()\nkept = m.page"
    ),
    "of a loader, held by a name and by an instance": _case(
        f"env = jinja2.Environment(loader={_LOADED})\nenv.filters.update(shout=shout)\nT = env.get_template('a')\n"
        "class C:\n    def __init__(self): self.t = env.get_template('a')\ndef page(): return T.render()",
        "c = m.C()\nlib.append(c)\nkept = c.t.render",
    ),
    "of a text, by a statement": _case(
        f"env = jinja2.Environment()\nenv.filters.update(shout=shout)\nT = {_STRING}\ndef page(): return T.render()",
        "kept = m.T.render",
    ),
    "of Starlette's": _case(
        "from starlette.templating import Jinja2Templates\n"
        f"templates = Jinja2Templates(env=jinja2.Environment(loader={_LOADED}))\nenv = templates.env\n"
        f"env.filters['shout'] = shout\n{_PAGE}",
        "m.page()\nkept = m.page",
    ),
    "what the filter calls": _case(
        f"env = jinja2.Environment(loader={_LOADED.replace('shout', 'loud')})\ndef loud(x): return shout(x)\n"
        f"env.filters['loud'] = loud\n{_PAGE}",
        "m.page()\nkept = m.page",
    ),
}
REFUSED = {
    "of a text, by an instance": _case(
        "env = jinja2.Environment()\nenv.filters.update(shout=shout)\n"
        f"class C:\n    def __init__(self): self.t = {_STRING}\n"
        "def page(): return C().t.render()",
        "c = m.C()\nlib.append(c)\nkept = c.t.render",
    ),
    "finalize": _case(
        "env = jinja2.Environment(finalize=shout)\nclass C:\n    t = env.from_string('{{ \"abc\" }}')\n"
        "def page(): return C.t.render()",
        "kept = m.page",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_template_is_compiled_anew_with_its_filters(name, tmp_path):
    verdict = judge(case(RIGHT[name]), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


@pytest.mark.parametrize("name", REFUSED)
def test_where_nobody_has_its_text_it_is_refused(name, tmp_path):
    verdict = judge(case(REFUSED[name]), tmp_path, here=True)
    assert verdict.word == "refused", verdict.why
    assert any("constants are worked out" in line for line in verdict.why), verdict.why
