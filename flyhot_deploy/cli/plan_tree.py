"""The document of a plan as a tree: modules, their definitions with what is done and why, refusals with the way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeAlias

from rich.text import Text
from rich.tree import Tree

ACTIONS = {
    "swap": "cyan",
    "move": "dim",
    "execute": "magenta",
    "graft": "blue",
    "define": "green",
    "delete": "red",
    "rebuild": "magenta",
    "import": "dim",
    "keep": "yellow",
}
_WIDTH = max(map(len, [*ACTIONS, "refused"]))

Step: TypeAlias = Mapping[str, Any]
Modules: TypeAlias = dict[str, tuple[list[Step], list[Step]]]
"""Steps and refusals by module."""


def plan_tree(document: Mapping[str, Any]) -> Tree | None:
    """None if the plan has neither steps nor refusals. What only moved to other lines is counted, not listed."""
    modules = _by_module(document)
    if not modules:
        return None
    tree = Tree(_headline(modules), guide_style="dim", highlight=False)
    kinds = _kinds_of_modules(document)
    for module, (steps, refusals) in sorted(modules.items()):
        branch = tree.add(Text.assemble((module or "?", "bold"), (kinds.get(module, ""), "dim")))
        for refusal in refusals:
            _add_refusal(branch, refusal)
        _add_steps(branch, steps)
    return tree


def _by_module(document: Mapping[str, Any]) -> Modules:
    found: Modules = {}
    for index, part in enumerate(("steps", "refusals")):
        entries = document.get(part)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict):
                found.setdefault(str(entry.get("module", "")), ([], []))[index].append(entry)
    return found


def _headline(modules: Modules) -> Text:
    text = Text()
    counts = Counter(str(step.get("action")) for steps, _ in modules.values() for step in steps)
    if refused := sum(len(refusals) for _, refusals in modules.values()):
        text.append(f"{refused} refused", "bold yellow")
    for action in [name for name in ACTIONS if name in counts]:
        text.append(", " if text else "")
        text.append(f"{counts[action]} {action}", ACTIONS[action])
    return text


def _kinds_of_modules(document: Mapping[str, Any]) -> dict[str, str]:
    modules = document.get("modules")
    found = modules if isinstance(modules, dict) else {}
    return {str(name): f"  {kind}" for kind in ("added", "deleted") for name in found.get(kind) or ()}


def _add_refusal(branch: Tree, refusal: Step) -> None:
    line = Text(f"{'refused':{_WIDTH}}  ", "bold yellow")
    if name := refusal.get("name"):
        line.append(f"{name}  ", "bold")
    line.append(f"{_place(refusal)}  ", "dim").append(str(refusal.get("reason") or "?"), "yellow")
    below = branch.add(line)
    if do := refusal.get("do"):
        below.add(Text.assemble(("what to do: ", "bold"), str(do)))


def _add_steps(branch: Tree, steps: list[Step]) -> None:
    moved = [step for step in steps if step.get("action") == "move"]
    listed = [step for step in steps if step.get("action") != "move"]
    names = {str(step.get("name")) for step in listed}
    width = min(max((len(_own_name(step, names)) for step in listed), default=0), 40)
    branches: dict[str, Tree] = {}
    for step in sorted(listed, key=lambda step: (int(step.get("line") or 0), str(step.get("name")))):
        name = str(step.get("name") or "")
        around = branches.get(name.rpartition(".")[0], branch)
        branches.setdefault(name, around.add(_line_of(step, _own_name(step, names), width)))
    if moved:
        many = f"{len(moved)} definitions" if len(moved) > 1 else str(moved[0].get("name"))
        branch.add(Text(f"{'move':{_WIDTH}}  {many}: the same code on other lines", "dim"))


def _own_name(step: Step, names: set[str]) -> str:
    """A member of a class that is in the tree stands below it, without the class's name."""
    name = str(step.get("name") or step.get("module") or "?")
    owner, _, own = name.rpartition(".")
    return f".{own}" if owner in names else name


def _line_of(step: Step, name: str, width: int) -> Text:
    action = str(step.get("action") or "?")
    text = Text.assemble((f"{action:{_WIDTH}}", ACTIONS.get(action, "")), "  ", (f"{name:{width}}", "bold"))
    text.append(f"  {_place(step)}", "dim")
    text.append(f"  {step.get('why') or ''}")
    for key, word in (("instances", "alive"), ("frames", "running its old code to the end")):
        if count := step.get(key):
            text.append(f"  {count} {word}", "yellow" if key == "frames" else "cyan")
    return text


def _place(entry: Step) -> str:
    file, line = entry.get("file"), entry.get("line")
    return f"{file}:{line}" if file and line else str(file or entry.get("module") or "-")
