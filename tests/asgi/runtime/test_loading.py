"""What a process that only serves imports, and what it does when somebody asks for more."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from flyhot_asgi.errors import ControlError
from flyhot_asgi.runtime import loading
from flyhot_asgi.runtime.loading import replaced

SERVES = """
    import asyncio, sys, time
    from flyhot_asgi.release import began
    began.BEGAN = time.time()  # a file that is newer than its process would be compared with what runs
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from flyhot_asgi import HotUpgrade
    app = Starlette(middleware=[Middleware(HotUpgrade)])

    async def serve():
        asked = [{"type": "lifespan.startup"}]
        started = asyncio.Event()

        async def receive():
            if asked:
                return asked.pop()
            print("\\n".join(name for name in sys.modules if name.startswith("flyhot_asgi.")))
            return {"type": "lifespan.shutdown"}

        async def send(message):
            print(message["type"])

        await app({"type": "lifespan", "asgi": {"version": "3.0"}, "app": app, "state": {}}, receive, send)

    asyncio.run(serve())
"""
ENGINE = ("planning", "adapters", "verification", "rehearsal.attempts", "patching.patch")


def test_a_process_that_only_serves_has_no_engine(tmp_path: Path) -> None:
    app = tmp_path / "project" / "main.py"
    app.parent.mkdir()
    (app.parent / "pyproject.toml").write_text("[tool.flyhot]\n")
    app.write_text(textwrap.dedent(SERVES))
    done = subprocess.run(
        [sys.executable, app.name],
        cwd=app.parent,
        env={"FLYHOT_RUNTIME_DIR": str(tmp_path / "rt"), "PYTHONPATH": str(Path(loading.__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout.splitlines()
    assert "lifespan.startup.complete" in said, done.stderr
    assert "flyhot_asgi.runtime.control_server" in said  # it can be asked
    assert not [name for name in said if name.startswith(tuple(f"flyhot_asgi.engine.{room}" for room in ENGINE))]


def test_files_that_came_went_or_changed_are_another_flyhot() -> None:
    before = {"a.py": (1, 10), "b.py": (1, 10)}
    assert replaced(before, dict(before)) is None
    assert replaced(before, {**before, "b.py": (2, 10)}) == "b.py"
    assert replaced(before, {**before, "c.py": (1, 10)}) == "c.py"
    assert replaced(before, {"b.py": (1, 10)}) == "a.py"


async def test_half_of_another_flyhot_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_loaded", False)
    monkeypatch.setattr(loading, "_noted", {**loading.files(), "gone.py": (1, 1)})
    with pytest.raises(ControlError, match=r"flyhot itself was replaced .*gone\.py"):
        await loading.load()
    monkeypatch.setattr(loading, "_noted", loading.files())
    await loading.load()


async def test_an_engine_that_cant_be_imported_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_loaded", False)
    monkeypatch.setattr(loading, "_noted", None)
    with monkeypatch.context() as patch:
        patch.setattr(loading, "_LATER", (".no_such_module",))
        with pytest.raises(ControlError, match=r"can't be imported in process .*no_such_module"):
            await loading.load()
    await loading.load()
