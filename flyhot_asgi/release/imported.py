"""What the app's modules were really imported from: the code of their bodies, as the import system gave it.

A file may be edited in the very second in which it is read. The functions of a module tell what their source was; a
constant that its body made does not, as the program may have changed it since. So bodies are kept, from the moment in
which the middleware is imported until stock is taken: of the modules that are being imported then, and of those that
follow. What was imported before that nobody knows.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from importlib.machinery import SourceFileLoader
from types import CodeType, FrameType
from typing import Any

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
"""This package, where it is not among the installed ones."""

_bodies: dict[str, bytes] = {}
"""Marshalled: a few large blocks, instead of thousands of small objects that are let go all at once."""

_keeping = False
_MARK = "__flyhot_watched__"


def watch() -> None:
    """Begin to keep the bodies of modules. Idempotent. An import costs little more."""
    global _keeping
    _keeping = True
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            _keep(frame.f_code)
        frame = frame.f_back
    original: Any = SourceFileLoader.get_code
    if getattr(original, _MARK, False):
        return

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        code: CodeType | None = original(self, fullname)
        if _keeping and code is not None and type(self) is SourceFileLoader:  # others may write code of their own
            _keep(code)
        return code

    setattr(get_code, _MARK, True)
    setattr(SourceFileLoader, "get_code", get_code)  # noqa: B010 (it inherits the one that it had)


def body_of(file: str | None) -> CodeType | None:
    """What the module of that file (its `__file__`) was imported from; None if nobody knows."""
    body = _bodies.get(file or "")
    return marshal.loads(body) if body is not None else None


def settle() -> None:
    """Stock was taken: bodies are let go, as they would keep the code of this release alive."""
    global _keeping
    _keeping = False
    _bodies.clear()


def _keep(code: CodeType) -> None:
    file = code.co_filename
    if "site-packages" not in file and not file.startswith(("<", sys.base_prefix, _OURS)):
        with contextlib.suppress(ValueError):  # a constant that no source has: then nobody knows
            _bodies[file] = marshal.dumps(code)
