"""The environment of a server whose later workers come up with what stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from flyhot_asgi.control.standing import SITE, VARIABLE, environment_for

OTHERS = "import sys\n\nsys.others = __name__\n"
LOOK = "import sys; print(sys.others, [type(one).__name__ for one in sys.meta_path][0], 'flyhot_asgi' in sys.modules)"


def test_its_folder_comes_first_once_and_leaves_others_where_they_are(tmp_path: Path) -> None:
    once = environment_for(tmp_path, {"PYTHONPATH": f"a{os.pathsep}b"})
    assert once == {VARIABLE: str(tmp_path.resolve()), "PYTHONPATH": os.pathsep.join([str(SITE), "a", "b"])}
    assert environment_for(tmp_path, once) == once
    assert environment_for(tmp_path, {})["PYTHONPATH"] == str(SITE)


def test_each_python_below_has_the_finder_and_whatever_else_is_started_with_it(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(OTHERS)
    environment = {**os.environ, **environment_for(tmp_path, {"PYTHONPATH": str(tmp_path)})}
    done = subprocess.run([sys.executable, "-c", LOOK], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["sitecustomize", "BeforeTheApp", "False"] and not done.stderr
    del environment[VARIABLE]
    done = subprocess.run([sys.executable, "-c", LOOK], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[1] != "BeforeTheApp"
