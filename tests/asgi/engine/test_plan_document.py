"""What a plan shows is what is done: every statement that is executed, every class that is changed, every function
that gets other code and every name that goes has its line, and no line is for show."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flyhot_asgi.engine import Journal, Patch, Plan
from flyhot_asgi.engine.patching import execute, patch
from flyhot_asgi.engine.source.plan import Refusal, Step

from .constructs.case import case
from .constructs.test_constructs import ALL
from .lab import Lab

JSON_REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "json.md"
DOES = {"execute", "graft", "define", "rebuild", "import", "keep"}


class Doings:
    """Module and top-level name of all that a patch does, as it does it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.executed: set[tuple[str, str]] = set()
        self.swapped: set[tuple[str, str]] = set()
        run, twin, graft = execute.Executor.run, execute.Executor.run_twin, patch.apply_graft
        swap = Journal.swap_codes

        def running(executor, item, *rest):
            self.executed.add((item.module, item.statement.name))
            return run(executor, item, *rest)

        def making(executor, item, *rest):
            self.executed.add((item.module, item.statement.name))
            return twin(executor, item, *rest)

        def grafting(item, *rest):
            self.executed.add((item.module, item.node_path[0]))
            return graft(item, *rest)

        def swapping(journal, pairs):
            pairs = list(pairs)
            for function, code in pairs:
                if code != function.__code__:
                    home = (function.__globals__["__name__"], code.co_qualname.partition(".")[0])
                    self.swapped.add(home)
            return swap(journal, pairs)

        monkeypatch.setattr(execute.Executor, "run", running)
        monkeypatch.setattr(execute.Executor, "run_twin", making)
        monkeypatch.setattr(patch, "apply_graft", grafting)
        monkeypatch.setattr(Journal, "swap_codes", swapping)


def _differences(plan: Plan, doings: Doings) -> list[str]:
    document = plan.document()
    steps = {(s["module"], re.split(r"[.]", s["name"])[0], s["action"]) for s in document["steps"]}
    listed = {(module, name) for module, name, action in steps if action in DOES}
    any_line = {(module, name) for module, name, _ in steps}
    gone = {(s["module"], s["name"]) for s in document["steps"] if s["action"] == "delete" and "." not in s["name"]}
    star = {one for one in plan.deleted_names if one not in gone}
    named = any_line | {(m, name) for m, source in plan.new.items() for name in _bound_by(source, any_line)}
    found = [f"executed, not told: {one}" for one in doings.executed if one not in listed and one not in any_line]
    found += [f"code changed, not told: {one}" for one in doings.swapped if one[1].isidentifier() and one not in named]
    found += [f"told to go, stays: {one}" for one in gone if one not in set(plan.deleted_names)]
    found += [f"goes, not told: {one}" for one in star if plan.old[one[0]].text.find("import *") < 0]
    new = {(s["module"], s["name"]) for s in document["steps"] if s["action"] in ("execute", "define")}
    done = doings.executed | {(item, name) for item in plan.added for _, name in new}
    found += [f"told, not done: {one}" for one in new if "." not in one[1] and one not in done]
    return found


def _bound_by(source, listed):
    """Names that the listed statements of a module bind: a line of a block or loop stands for all that it defines."""
    return [name for s in source.statements if (source.name, s.name) in listed for name in s.binds]


@pytest.mark.parametrize("name", list(ALL)[3::12])
def test_a_plan_shows_what_is_done(name, tmp_path, monkeypatch):
    one = case(ALL[name])
    app = Lab(tmp_path, **one.old)
    try:
        plan = app.plan(**one.new)
        if plan.refusals:
            return
        doings, journal = Doings(monkeypatch), Journal()
        patched = Patch(plan, app.finder)
        patched.stage()
        try:
            patched.apply(journal)
        except Exception:
            return  # a construct that raises: nothing is said to be done
        finally:
            journal.rollback()
        assert _differences(plan, doings) == []
    finally:
        app.close()


def test_the_reference_names_every_field_of_steps_and_refusals():
    text = JSON_REFERENCE.read_text()
    plan = text[text.index("## A plan") :].partition("\n## ")[0]
    for kind in (Step, Refusal):
        for field in kind.__dataclass_fields__:
            assert f"`{field}`" in plan, field


def test_the_reference_explains_every_action():
    from flyhot_asgi.engine import Action

    text = JSON_REFERENCE.read_text()
    for action in Action:
        assert f"| `{action.value}` |" in text, action


def test_the_document_is_plain_data_and_says_what_is_alive(lab):
    text = "class C:\n    def m(self): return 1\ndef g():\n    yield 1\n"
    app = lab(m=text)
    held, running = [app.m.C() for _ in range(3)], app.m.g()
    next(running)
    plan = app.plan(m=text.replace("return 1", "return 2").replace("yield 1", "yield 1\n    yield 2"))
    document = json.loads(json.dumps(plan.document()))
    steps = {step["name"]: step for step in document["steps"]}
    assert steps["C.m" if "C.m" in steps else "C"]["instances"] == len(held)
    assert steps["g"]["frames"] == 1
    assert document["stale_frames"][0]["name"] == "g"
