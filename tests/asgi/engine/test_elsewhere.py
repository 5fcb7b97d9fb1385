"""What depends on the machine is known as that, and held against nobody."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flyhot_asgi.engine.oracle.elsewhere import elsewhere
from flyhot_asgi.engine.oracle.request import ColdRequest
from flyhot_asgi.engine.rehearsal.scratch import Trial, check_release


def trial(tmp_path: Path, text: str, environment: dict[str, str]) -> Trial:
    requests = []
    for name in ("old", "new"):
        tree = tmp_path / name
        tree.mkdir()
        (tree / "mod.py").write_text(text)
        requests.append(ColdRequest(tree.resolve(), ("mod",), (str(tree), *sys.path), environment=environment))
    return Trial(*requests, {"mod.py": text.encode()}, {"mod.py": text.encode()}, "a" * 64, "b" * 64)


def test_a_value_that_names_the_machine_is_masked(tmp_path: Path) -> None:
    text = "import os\nMACHINE = os.environ['FLY_MACHINE_ID']\nAPP = os.environ['FLY_APP_NAME']\n"
    environment = {"FLY_MACHINE_ID": "148ed", "FLY_APP_NAME": "shop", "PATH": ""}
    found = check_release(trial(tmp_path, text, environment), rehearse=False)
    assert any("MACHINE" in path for path in found["masked"])
    assert not any("APP" in path for path in found["masked"])


def test_a_release_that_only_this_machine_can_import_can_be_checked(tmp_path: Path) -> None:
    text = "import os\nNAME = {'148ed': 'one'}[os.environ['FLY_MACHINE_ID']]\n"
    found = check_release(trial(tmp_path, text, {"FLY_MACHINE_ID": "148ed", "PATH": ""}), rehearse=False)
    assert found["masked"] == []


@pytest.mark.parametrize("environment", [{}, {"PATH": "/bin", "FLY_REGION": "ams"}])
def test_without_a_machine_nothing_is_changed(environment: dict[str, str]) -> None:
    assert elsewhere(environment) == environment
