"""What is recorded of what a release sets in the process."""

from __future__ import annotations

import logging

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


class Console:
    """As rich's: it prints the time only when it is another than before."""

    def __init__(self, width: int) -> None:
        self.width, self.last = width, None

    def __call__(self, record: logging.LogRecord) -> None:
        if self.last != (now := f"{record.created:.0f}"):
            self.last = now


class Printing(logging.Handler):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.console = Console(width)

    def emit(self, record: logging.LogRecord) -> None:
        self.console(record)


def test_what_a_handler_notes_of_a_record_is_no_setting_of_it(request: pytest.FixtureRequest) -> None:
    logger = logging.getLogger("of one test of settings")
    request.addfinalizer(logger.handlers.clear)
    told = []
    for width, at in ((80, 1.0), (80, 1.0), (80, 3.0), (100, 3.0)):
        logger.handlers[:] = [handler := Printing(width)]
        handler.handle(logging.makeLogRecord({"created": at}))
        found = settings({})
        told.append({name: text for name, text in found.items() if logger.name in name or "Printing" in name})
    assert told[0]
    assert told[0] == told[1] == told[2] != told[3]
