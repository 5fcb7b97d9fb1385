"""Who is ended when a file changes: told by the server's settings and by command lines."""

from __future__ import annotations

import multiprocessing
import os
import types
from pathlib import Path

import pytest

from flyhot_asgi.control.reloader import reloading

from .test_crew import Child


def commanded(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    real = Path.read_bytes
    line = b"\0".join(os.fsencode(word) for word in (*words, ""))
    monkeypatch.setattr(Path, "read_bytes", lambda self: line if self.name == "cmdline" else real(self))


def test_a_test_is_ended_by_nobody() -> None:
    assert reloading() is False


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("/usr/bin/python", "/usr/bin/gunicorn", "main:app", "--reload"), True),
        (("/usr/bin/python", "-m", "gunicorn", "--reload", "main:app"), True),
        (("/usr/bin/python", "/usr/bin/uvicorn", "main:app"), False),
        (("/usr/bin/python", "serve.py", "--reload"), False),
        (("",), False),
    ],
)
def test_of_a_server_that_is_the_process_itself(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], expected: bool
) -> None:
    commanded(monkeypatch, *words)
    assert reloading() is expected


@pytest.mark.parametrize(
    ("child", "words", "expected"),
    [
        (Child("uvicorn._subprocess", reload=True), (), True),
        (Child("hypercorn.asyncio.run", use_reloader=True), (), True),
        (Child("uvicorn._subprocess", reload=False), (), False),
        (Child("granian.server.mp"), ("python", "-m", "granian", "--reload", "main:app"), True),
        (Child("granian.server.mp"), ("python", "-m", "granian", "main:app"), False),
        (Child("somebody.elses", reload=True), ("granian", "--reload"), False),
    ],
)
def test_of_a_servers_child(
    monkeypatch: pytest.MonkeyPatch, child: Child, words: tuple[str, ...], expected: bool
) -> None:
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: types.SimpleNamespace(pid=os.getppid()))
    monkeypatch.setattr(multiprocessing, "current_process", lambda: child)
    commanded(monkeypatch, *words)
    assert reloading() is expected
