"""`demo --fleet`: the story on a simulated Fly ends as it must, and leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_the_story_on_three_machines() -> None:
    command = [sys.executable, "-m", "flyhot_deploy", "demo", "--fleet", "--json", "--clients", "15", "--seconds", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    document = json.loads(done.stdout)
    assert document["ok"] and document["restarted"] == "2"
    assert [len(upgrade["serving"]) for upgrade in document["upgrades"]] == [3, 3, 3, 3]
    assert document["messages"]["lost"] == 0 and document["sockets_closed"] == 0
