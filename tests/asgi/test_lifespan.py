"""The lifespan scope, wrapped: when the runtime reads, opens and closes, and that it fails no app."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi import HotUpgrade
from flyhot_asgi.middleware import registered
from flyhot_asgi.runtime import runtime_of

from .memory import lifespan, plain_app, runtime_folder

pytestmark = pytest.mark.usefixtures("runtime_folder")
__all__ = ["runtime_folder"]


def process_of(root: Path) -> Any:
    return runtime_of(root.resolve(), registered).process


async def test_it_is_open_between_the_apps_startup_and_its_shutdown(tmp_path: Path) -> None:
    seen = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "lifespan.startup"
        seen["at startup"] = process_of(tmp_path).started
        await send({"type": "lifespan.startup.complete"})
        seen["running"] = process_of(tmp_path).started
        assert (await receive())["type"] == "lifespan.shutdown"
        seen["at shutdown"] = process_of(tmp_path).started
        await send({"type": "lifespan.shutdown.complete"})

    async with lifespan(HotUpgrade(app, root=tmp_path)) as said:
        pass
    assert seen == {"at startup": False, "running": True, "at shutdown": False}
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_what_runs_is_read_before_the_app_starts(tmp_path: Path) -> None:
    """A file that is edited while the app starts is not what the app was imported from."""
    (tmp_path / "m.py").write_text("x = 1\n")

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        (tmp_path / "m.py").write_text("x = 2\n")
        await plain_app(scope, receive, send)

    async with lifespan(HotUpgrade(slow, root=tmp_path)):
        assert process_of(tmp_path).installed.read("m.py") == b"x = 1\n"


async def test_a_startup_that_fails_is_the_apps_own_affair(tmp_path: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        messages.append(message)

    await HotUpgrade(app, root=tmp_path)({"type": "lifespan"}, receive, send)
    assert messages == [{"type": "lifespan.startup.failed", "message": "no database"}]
    assert not process_of(tmp_path).started


async def test_an_app_that_crashes_while_it_runs_leaves_nothing_open(tmp_path: Path) -> None:
    crash = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await crash.wait()
        raise RuntimeError("a background task died")

    with pytest.raises(RuntimeError, match="died"):
        async with lifespan(HotUpgrade(app, root=tmp_path)):
            assert process_of(tmp_path).started
            crash.set()
    assert not process_of(tmp_path).started


async def test_a_server_that_cancels_the_lifespan_leaves_nothing_open(tmp_path: Path) -> None:
    up = asyncio.Event()

    async def forever() -> Any:
        if up.is_set():
            await asyncio.Event().wait()
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        up.set()

    task = asyncio.create_task(HotUpgrade(plain_app, root=tmp_path)({"type": "lifespan"}, forever, send))
    await up.wait()
    process = process_of(tmp_path)
    assert process.started
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() and not process.started
