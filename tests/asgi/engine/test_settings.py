"""What is recorded of what a release sets in the process."""

from __future__ import annotations

import pytest

from flyhot_asgi.engine.living.process import AT_EXIT
from flyhot_asgi.engine.verification.settings import SETTINGS, settings

from .project import Project


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import atexit\ndef bye(): ...\natexit.register(bye)\natexit.unregister(bye)", True),
        ("import tempfile\nwhere = tempfile.gettempdir()", False),  # certifi registers once it is asked where it lies
    ],
)
def test_functions_run_at_the_end_are_counted_where_the_app_registers_some(
    tmp_path, request: pytest.FixtureRequest, text: str, told: bool
) -> None:
    project = Project(tmp_path)
    request.addfinalizer(project.close)
    project.write(init="", m=text)
    module = project.load("m")
    assert (f"{SETTINGS}:{AT_EXIT}" in settings({module.__name__: module})) is told
