from __future__ import annotations

import pytest

from flyhot_asgi.errors import ConfigError, ControlError, FlyhotError, ManifestError, StoreError, StoreLocked
from flyhot_deploy.errors import (
    DeployError,
    Exit,
    MixedReleases,
    NoProcess,
    ReportedError,
    UsageError,
    exit_of,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (ConfigError("x"), 2),
        (StoreLocked("x"), 75),
        (StoreError("x"), 1),
        (NoProcess("x"), 1),
        (ControlError("x"), 1),
        (ManifestError("x"), 1),
        (DeployError("x"), 1),
        (MixedReleases("x"), 5),
        (ReportedError({"kind": "refused", "message": "x"}, pid=1), 3),
        (ReportedError({"kind": "source", "message": "x"}, pid=1), 1),
    ],
)
def test_every_error_has_its_exit_code(error: FlyhotError, code: int) -> None:
    assert exit_of(error) == Exit(code)


def test_a_reported_error_reads_as_the_process_wrote_it() -> None:
    document = {"kind": "source", "message": "bad", "file": "a.py", "line": 3, "do": "mend it", "detail": "…"}
    assert ReportedError(document, pid=7).document() == document


@pytest.mark.parametrize("document", [{}, {"message": None, "line": "3"}, {"message": ["x"], "kind": 3}])
def test_a_reported_error_that_makes_no_sense_still_names_the_process(document: dict[str, object]) -> None:
    error = ReportedError(document, pid=7)
    assert "process 7" in error.message
    assert error.line is None
    assert exit_of(error) is Exit.FAILED
