"""The quick walk finds what `ast` finds, in its order, but for what only says how a name is used."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from flyhot_asgi.engine.source.nodes import children_of, nodes_of

EVERYTHING = '''
"""A module with one of most things."""
from __future__ import annotations
import a.b as c
from .d import (e, f as g)
x: int = 1
x += 2; (y := 3)
del x
@g(1, *e, k=2, **c)
class C(B, metaclass=M):
    global z
    a, *b = [1, {2: 3, **d}, {4}, (5,)]
    def m(self, p, /, q=1, *r, s: str = f"{x!r:>{width}}", **t) -> None:
        nonlocal u
        return lambda v, w=1: (yield v) if w else (yield from w)
async def co():
    async with a as b, c: await d
    async for i in [j async for k in l if m if n]: break
    else: raise E from None
try: assert x, "y"
except (A, B) as error: pass
try: pass
except* C as group: pass
finally: a[1:2, ...].b @ -c // (not d) < e is not f
match point:
    case {"k": [1, *_], **rest} | P(x=0, y=None) as whole if whole: ...
    case str() | "text" | -1 | A.b: ...
while True:
    continue
'''


def own(root: ast.AST) -> list[ast.AST]:
    return [node for node in ast.walk(root) if not isinstance(node, ast.expr_context)]


@pytest.mark.parametrize("text", [EVERYTHING, Path(ast.__file__).read_text(), Path(__file__).read_text()])
def test_all_nodes_are_found_in_asts_order(text: str) -> None:
    tree = ast.parse(text)

    assert nodes_of(tree) == own(tree)
    for node in ast.walk(tree):
        children = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)]
        assert children_of(node) == children


def test_a_node_made_by_hand_may_lack_fields() -> None:
    name = ast.Name(id="x")

    assert nodes_of(ast.Return()) != [] and children_of(ast.Return()) == []
    assert children_of(ast.Expr(value=name)) == [name]
