"""A compiled extension of the app's own that a release changes is refused: it can't be loaded a second time."""

from __future__ import annotations

import sys
import types
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from flyhot_asgi.engine import Refused

from ..project import Project


def test_an_extension_whose_file_changes_is_refused_and_one_whose_does_not_is_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    project = Project(tmp_path)
    request.addfinalizer(project.close)
    project.write(init="", m="def f():\n    return 1\n")
    module = project.load("m")
    file = tmp_path / project.top / f"fast{EXTENSION_SUFFIXES[0]}"
    file.write_bytes(b"one")
    fast = types.ModuleType(f"{project.top}.fast")
    fast.__file__ = str(file)
    monkeypatch.setitem(sys.modules, fast.__name__, fast)
    engine = project.engine()
    request.addfinalizer(engine.close)
    project.write(m="def f():\n    return 2\n")
    engine.upgrade()
    assert module.f() == 2
    file.write_bytes(b"two")
    project.write(m="def f():\n    return 3\n")
    assert "compiled extension" in str(engine.plan()["refusals"])
    with pytest.raises(Refused, match=r"fast.*compiled extension"):
        engine.upgrade()
    assert module.f() == 2
