"""Each worker sees to it that there is an agent, if one has anything to do."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from flyhot_deploy.agent import hook


@pytest.mark.parametrize("store", ["", "file:///nowhere"])
def test_where_nobody_keeps_releases_there_is_none(store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under `run` on a machine of one's own each worker started a process every few seconds, which ended at once."""
    asked = threading.Event()
    monkeypatch.setattr(hook, "ensure", lambda root, folder, environment: asked.set())
    monkeypatch.delenv("BUCKET_NAME", raising=False)
    monkeypatch.setenv("FLYHOT_STORE", store)
    stop = hook.start(tmp_path, tmp_path)
    assert asked.wait(10 if store else 0.3) is bool(store)
    stop()
