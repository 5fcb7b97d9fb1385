"""Tasks of Celery come, go and change; who imported one has the new one."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge
from ..pairs import pair

_state = pytest.importorskip("celery._state")
APP = """
    from celery import Celery, Task, shared_task
    app = Celery("jobs", broker="memory://", backend="cache+memory://", set_as_current=True)
    app.conf.update(task_always_eager=True)
"""
ADD = """
    @app.task(max_retries=2)
    def add(a, b): return a + b
"""
MUL = """
    @app.task(name=f"{__name__}.times")
    def mul(a, b): return a * b
"""
EDITS = {
    "one comes": (ADD, ADD + MUL),
    "one comes before": (ADD, MUL + ADD),
    "one goes": (ADD + MUL, ADD),
    "one gets another name": (ADD + MUL, ADD + MUL.replace("def mul", "def multiply")),
    "one is known by another name": (ADD + MUL, ADD + MUL.replace(".times", ".product")),
    "one gets other options": (ADD, ADD.replace("max_retries=2", "max_retries=5, acks_late=True, rate_limit='3/m'")),
    "one loses its options": (ADD, ADD.replace("(max_retries=2)", "")),
    "one takes other arguments": (ADD, ADD.replace("b): return a + b", "b, c=3): return a + b + c")),
    "one is bound": (ADD, ADD.replace("(max", "(bind=True, max").replace("(a, b): return a", "(self, a, b): return a")),
    "one tries again": (ADD, ADD.replace("max_", "autoretry_for=(ValueError,), retry_backoff=True, max_")),
    "a function becomes one": (ADD + "    def mul(a, b): return a * b\n", ADD + MUL),
    "one becomes a function": (ADD + MUL, ADD + "    def mul(a, b): return a * b\n"),
}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Shared tasks of one test are not those of the next one's apps."""
    monkeypatch.setattr("celery._state._on_app_finalizers", set(_state._on_app_finalizers))
    yield
    for app in list(_state._get_active_apps()):
        app.close()


@pytest.mark.parametrize("used", [False, True], ids=["unasked", "asked"])
@pytest.mark.parametrize(("old", "new"), EDITS.values(), ids=EDITS)
def test_it_follows(old, new, used, tmp_path):
    told = """
    def told():
        own = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
        facts = ("max_retries", "acks_late", "rate_limit", "__name__", "__doc__")
        return {
            name.rpartition(".")[2]: [task.apply((2, 3)).get(), *(getattr(task, fact) for fact in facts)]
            for name, task in sorted(own.items())
        }
    """
    text = (
        f"\n    --- m{APP}{old}{told}\n    --- n\n    from .m import add\n    def go(): return add.delay(2, 3).get()\n"
    )
    text += f"    +++ m{APP}{new}{told}\n    === hold\n    held = m.add\n    === use\n    "
    text += "m.told(); n.go()" if used else "1"
    text += "\n    === ask\n    m.told()\n    n.go()\n    n.add is m.add is held\n    held.max_retries\n"
    verdict = judge(case(text), tmp_path)
    assert verdict.word == "right", verdict.why


def test_shared_tasks_come_and_change(lab):
    shared = MUL.replace("@app.task", "@shared_task")
    changed = shared.replace("a, b): return a", "a, b=5): return b")
    old, new = pair(f"    --- m{APP}{ADD}{shared}\n    +++ m{APP}{ADD}{changed}{ADD.replace('def add', 'def sub')}\n")
    app = lab(**old)
    held = app.m.mul
    assert held(2, 3) == 6
    app.arrive(**new)
    assert held is app.m.mul and held(2) == 25 and app.m.sub.max_retries == 2
    app.undo()
    assert held(2, 3) == 6 and not hasattr(app.m, "sub")
