"""What a check found is kept for the next upgrade: the release that is checked now is the one that runs then."""

from __future__ import annotations

from pathlib import Path

from flyhot_asgi.release.config import Settings
from flyhot_asgi.release.folder import FolderStore
from flyhot_asgi.runtime import installed as module
from flyhot_asgi.runtime.installed import Installed


def test_the_last_few_structures_are_kept_by_release_and_modules(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    runs = Installed.at_start(tmp_path, Settings("app"), FolderStore(tmp_path / ".flyhot"))
    assert runs.structure_of("a", ["app"]) is None
    for name in "abcd":
        runs.remember_structure(name, ["app"], {"structure": name})
    assert runs.structure_of("a", ["app"]) is None, f"only {module.STRUCTURES_KEPT} are kept"
    assert runs.structure_of("d", ["app"]) == {"structure": "d"}
    assert runs.structure_of("d", ["app", "more"]) is None, "other modules are another question"
