"""The app's folder on a machine whose session begins anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flyhot_deploy.launch import place


def test_where_the_main_process_works_is_found_among_thousands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "main.py").write_text("x = 1\n")
    (app / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    environment = {"FLY_MACHINE_ID": f"m{os.getpid()}"}
    listed = os.listdir
    many = [str(number) for number in range(4_200_000, 4_203_000)]
    few = [str(number) for number in range(2, 2_000)]
    code = "import sys; sys.stdout.write('up\\n'); sys.stdout.flush(); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=app, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as main:
        assert main.stdout is not None and main.stdin is not None
        main.stdout.readline()
        monkeypatch.setattr(os, "listdir", lambda path: listed(path) + (few + many if path == "/proc" else []))
        monkeypatch.chdir(tmp_path)
        assert place.find_app(environment, "/nowhere") == app
        main.stdin.close()
