"""On CI no browser test may be skipped: the rule of conftest.py, tried on a suite of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest

@pytest.mark.browser
def test_that_skips_itself():
    pytest.skip("no reason")

@pytest.mark.browser
def test_that_runs():
    pass

def test_of_no_browser():
    pytest.skip("that is fine")
"""
INI = "[pytest]\nmarkers =\n    browser: real\n"


@pytest.mark.parametrize(
    ("required", "chromium", "code", "words"),
    [
        ("", "/bin/true", 0, "1 passed, 2 skipped"),
        ("1", "/bin/true", 1, "1 failed, 1 passed, 1 skipped"),
        ("0", "", 0, "3 skipped"),
    ],
)
def test_a_skipped_browser_test_fails_where_a_browser_is_required(
    required: str, chromium: str, code: int, words: str, tmp_path: Path
) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE, "utf-8")
    (tmp_path / "pytest.ini").write_text(INI, "utf-8")
    shutil.copyfile(Path(__file__).with_name("conftest.py"), tmp_path / "conftest.py")
    environment = {**os.environ, "FLYHOT_REQUIRE_BROWSER": required, "FLYHOT_CHROMIUM": chromium, "PATH": ""}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
    assert words in done.stdout
