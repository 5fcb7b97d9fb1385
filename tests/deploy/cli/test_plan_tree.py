"""A plan as people see it: by module and definition, members below their classes, refusals with the way out."""

from __future__ import annotations

import io

from rich.console import Console

from flyhot_deploy.cli.plan_tree import ACTIONS, plan_tree


def step(name: str, action: str, line: int, module: str = "app.main", **more: object) -> dict[str, object]:
    return {"module": module, "name": name, "file": "app/main.py", "line": line, "action": action, "why": "so", **more}


PLAN = {
    "modules": {"changed": ["app.main"], "added": ["app.new"], "deleted": []},
    "steps": [
        step("Room.join", "swap", 12, instances=40, frames=3),
        step("Room", "graft", 10, instances=40),
        step("greet", "swap", 3),
        step("one", "move", 50),
        step("two", "move", 60),
        step("New", "define", 1, module="app.new"),
    ],
    "refusals": [
        {"module": "app.main", "name": "pool", "file": "app/main.py", "line": 7, "reason": "it has state", "do": "wait"}
    ],
}


def shown(document: dict[str, object], width: int = 140) -> list[str]:
    page = io.StringIO()
    tree = plan_tree(document)
    Console(file=page, width=width).print(tree)
    return [line.rstrip() for line in page.getvalue().splitlines()]


def test_the_tree() -> None:
    assert shown(PLAN) == [
        "1 refused, 2 swap, 2 move, 1 graft, 1 define",
        "├── app.main",
        "│   ├── refused  pool  app/main.py:7  it has state",
        "│   │   └── what to do: wait",
        "│   ├── swap     greet  app/main.py:3  so",
        "│   ├── graft    Room   app/main.py:10  so  40 alive",
        "│   │   └── swap     .join  app/main.py:12  so  40 alive  3 running its old code to the end",
        "│   └── move     2 definitions: the same code on other lines",
        "└── app.new  added",
        "    └── define   New  app/main.py:1  so",
    ]


def test_a_plan_without_steps_has_no_tree_and_odd_documents_are_no_trouble() -> None:
    assert plan_tree({"steps": [], "refusals": []}) is None
    assert plan_tree({}) is None
    lines = shown({"steps": [{"action": "unheard"}, 3], "refusals": [{}], "modules": None})
    assert any("unheard" in line for line in lines)


def test_each_action_of_the_engine_has_its_colour() -> None:
    from flyhot_asgi.engine import Action

    assert set(ACTIONS) == {action.value for action in Action}
