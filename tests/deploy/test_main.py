from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_its_libraries_the_command_names_the_extra(missing: str, tmp_path: Path) -> None:
    hide = f"import sys; sys.modules[{missing!r}] = None\n"
    code = hide + "from flyhot_deploy.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "status"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 2
    assert missing in done.stderr
    assert 'pip install "flyhot[deploy]"' in done.stderr


def test_ctrl_c_while_it_still_starts_is_no_traceback(tmp_path: Path) -> None:
    """Loading its libraries takes a quarter of a second, in which an impatient person presses it."""
    code = (
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'click':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from flyhot_deploy.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "hot"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "Interrupted before it began; nothing was changed.\n")


def test_the_module_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flyhot_deploy", "status"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        check=False,
    )
    assert done.returncode == 2
    assert "is no app" in done.stderr
