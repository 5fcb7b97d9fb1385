"""What both releases put into an app's state by the same plain text: `app.state.hits = 0`. Pure."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from .module import SourceModule, dotted_name
from .nodes import nodes_of


def states_as_before(old: Mapping[str, SourceModule], new: Mapping[str, SourceModule]) -> dict[str, object]:
    """By name, the values that are written out, once, and the same in both releases: what a program made of those is
    its own."""
    before, after = _set(old), _set(new)
    once = {name: values[0] for name, values in after.items() if len(values) == 1 and values == before.get(name)}
    return {name: value for name, value in once.items() if value is not ...}


def _set(release: Mapping[str, SourceModule]) -> dict[str, list[object]]:
    """By name, all values; Ellipsis for one that is not written out."""
    found: dict[str, list[object]] = {}
    for source in release.values():
        for name, value in source.once("states", _in).items():
            found.setdefault(name, []).extend(value)
    return found


def _in(source: SourceModule) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for node in nodes_of(source.tree):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Attribute) and (dotted_name(target.value) or "").rpartition(".")[2] == "state":
                value: object = node.value.value if isinstance(node.value, ast.Constant) else ...
                found.setdefault(target.attr, []).append(value)
    return found
