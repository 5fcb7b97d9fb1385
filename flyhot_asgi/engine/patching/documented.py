"""Docstrings that functions have of others: a loop copies those of a class to another, a call sets them.

A statement that is executed again makes its functions without, and what gave them one is not run again. Where the
function's own text has none, it keeps what it was given. Caught by the comparison: what a function is told beside its
code's docstring is part of the fingerprint.
"""

from __future__ import annotations

import types
from collections.abc import Iterable

from ..source.codetree import docstring
from .journal import Journal


class Documented:
    """The functions that were given a docstring when the patch began."""

    def __init__(self, functions: Iterable[types.FunctionType]) -> None:
        self._given = [
            (function, function.__doc__)
            for function in functions
            if function.__doc__ is not None
            and function.__doc__ != docstring(function.__code__)
            and "__wrapped__" not in function.__dict__
        ]

    def finish(self, journal: Journal) -> None:
        for function, given in self._given:
            if function.__doc__ is None and docstring(function.__code__) is None:
                journal.touch_function(function)
                function.__doc__ = given
