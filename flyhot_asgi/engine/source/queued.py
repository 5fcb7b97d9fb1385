"""Into how many a function takes apart what it gets out of queues. Pure.

`kind, room = await self.inbox.get()`, or `item = …; kind, room = item`: what lies in the queue when the code changes
was put there by the old code, in its shape.
"""

from __future__ import annotations

import ast

from .module import FunctionNode, dotted_name

_GETS = frozenset({"get", "get_nowait", "pop", "popleft"})


def taken_apart(function: FunctionNode) -> dict[str, set[int]]:
    """By the dotted name of the queue, numbers of names."""
    found: dict[str, set[int]] = {}
    items: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            if (queue := _queue(node.value)) is not None:
                items[node.targets[0].id] = queue
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Tuple):
            continue
        queue = items.get(node.value.id) if isinstance(node.value, ast.Name) else _queue(node.value)
        parts = node.targets[0].elts
        if queue is not None and not any(isinstance(one, ast.Starred) for one in parts):
            found.setdefault(queue, set()).add(len(parts))
    return found


def _queue(value: ast.expr) -> str | None:
    """The dotted name of what a call takes an item out of."""
    value = value.value if isinstance(value, ast.Await) else value
    if isinstance(value, ast.Call) and (dotted_name(value.func) or "").endswith("wait_for") and value.args:
        value = value.args[0]
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute) or value.func.attr not in _GETS:
        return None
    return dotted_name(value.func.value)
