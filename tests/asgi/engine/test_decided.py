"""Which branch of an `if` runs, where the interpreter alone decides."""

from __future__ import annotations

import ast
import sys

import pytest

from flyhot_asgi.engine.source.decided import decided, idle, taken


@pytest.mark.parametrize(
    ("test", "runs"),
    [
        ("sys.version_info >= (3, 8)", True),
        ("sys.version_info < (3, 8)", False),
        ("sys.version_info[:2] >= (3, 8)", True),
        ("sys.version_info[0] == 3", True),
        ("sys.version_info.major < 3", False),
        ("not sys.version_info >= (3, 8)", False),
        ("sys.version_info >= (3, 8) and unknown", None),
        ("sys.version_info < (3, 8) and unknown", False),
        ("sys.version_info >= (3, 8) or unknown", True),
        ("sys.platform == 'no such one'", False),
        ("sys.platform.startswith('no such one')", False),
        (f"sys.platform == {sys.platform!r}", True),
        ("TYPE_CHECKING", False),
        ("not t.TYPE_CHECKING", True),
        ("unknown", None),
        ("sys.version_info >= least", None),
        ("sys.version_info >= 3", None),
        ("sys.platform > 3", None),
        ("'win' in sys.platform", None),
    ],
)
def test_what_a_test_gives(test: str, runs: bool | None) -> None:
    assert decided(ast.parse(test, mode="eval").body) is runs


def test_the_branch_that_runs_stands_for_its_if() -> None:
    text = """
if sys.version_info < (3, 8):
    a = 1
elif TYPE_CHECKING:
    b = 1
else:
    if unknown:
        c = 1
    d = 1
if TYPE_CHECKING:
    import e
if sys.version_info < (3, 8):
    import f
"""
    assert [ast.unparse(node) for node in taken(ast.parse(text).body)] == [
        "if unknown:\n    c = 1",
        "d = 1",
        "if TYPE_CHECKING:\n    import e",
    ]
    assert sorted(idle(ast.parse(text).body)) == [3, 5, 11, 13]
