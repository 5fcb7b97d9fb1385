"""Syntax trees are made whatever else the process does meanwhile."""

from __future__ import annotations

import ast
import gc

import pytest

from flyhot_asgi.engine.source.module import SourceModule
from flyhot_asgi.engine.source.parsing import parsed, parsed_expression

TEXT = "def f(a, b):\n    return [x for x in {a: (b, c), 'd': [1, (2, [3, {4: 5}])]} if x > (1 if a else 2)]\n" * 50


class Parsing:
    """Garbage whose finalizer makes a tree itself, as another thread may in that moment."""

    def __init__(self, done: list[bool]) -> None:
        self.me, self.done = self, done

    def __del__(self) -> None:
        deep(20)
        self.done.append(True)


def deep(levels: int) -> ast.AST:
    return deep(levels - 1) if levels else ast.parse("x = 1")


def test_a_tree_is_made_while_the_collector_lets_somebody_make_another() -> None:
    done: list[bool] = []
    before, enabled = gc.get_threshold(), gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        Parsing(done)
        gc.set_threshold(300)
        gc.enable()
        tree = SourceModule("m", "m.py", TEXT).tree
    finally:
        gc.set_threshold(*before)
        (gc.enable if enabled else gc.disable)()
    assert done and len(tree.body) == 50


def test_what_is_wrong_with_a_text_is_told() -> None:
    with pytest.raises(SyntaxError):
        parsed("def broken(:")
    with pytest.raises(SyntaxError):
        parsed_expression("a b")
    assert isinstance(parsed_expression("a | None"), ast.BinOp)
