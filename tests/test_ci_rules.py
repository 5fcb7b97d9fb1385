"""On CI no browser test may be skipped, and one among servers or browsers is tried twice: conftest.py's rules, tried on
suites of their own."""

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
UNLUCKY = """
import pytest

times = []

@pytest.mark.e2e
def test_that_has_bad_luck_once():
    times.append(1)
    assert len(times) == 2

@pytest.mark.e2e
def test_that_is_wrong():
    assert False

def test_of_no_server():
    assert False
"""
INI = "[pytest]\nmarkers =\n    browser: real\n    e2e: real\n"


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
    done = run(SUITE, tmp_path, FLYHOT_REQUIRE_BROWSER=required, FLYHOT_CHROMIUM=chromium, PATH="")
    assert done.returncode == code, done.stdout
    assert words in done.stdout


@pytest.mark.parametrize(("second", "code", "words"), [("0", 1, "3 failed"), ("1", 1, "2 failed, 1 passed, 2 rerun")])
def test_only_tests_on_the_machine_are_tried_twice(second: str, code: int, words: str, tmp_path: Path) -> None:
    done = run(UNLUCKY, tmp_path, FLYHOT_SECOND_TRY=second)
    assert done.returncode == code, done.stdout
    assert words in done.stdout


def run(suite: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_suite.py").write_text(suite, "utf-8")
    (folder / "pytest.ini").write_text(INI, "utf-8")
    shutil.copyfile(Path(__file__).with_name("conftest.py"), folder / "conftest.py")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no"]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
