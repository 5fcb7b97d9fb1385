"""A release of static files in a real app: it is served, the pages are told what changed, and nothing renders."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.staticfiles import StaticFiles

from flyhot_asgi.runtime.already import runs_code_of
from tests.asgi.client.peer import Peer, websocket_scope
from tests.asgi.runtime.conftest import MEMORY
from tests.faults.lab import Lab, private_runtime_dir

MAIN = """
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from flyhot_asgi import HotUpgrade, LiveView, live_routes

HERE = Path(__file__).parent
renderings = []


class View(LiveView):
    def render(self):
        renderings.append(1)
        return "<p>view</p>"


routes = [*live_routes("/view", View), Mount("/static", StaticFiles(directory=HERE / "static"))]
app = Starlette(routes=routes, middleware=[Middleware(HotUpgrade)])
"""
FILES = {"main.py": MAIN, "static/app.css": "h1 {color: red}", "static/app.js": "1"}


@pytest.fixture
async def lab(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="fh-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        private_runtime_dir(monkeypatch, f"{folder}/rt")
        (Path(folder) / "app").mkdir()
        monkeypatch.setattr(Path, "write_text", _with_parents)
        one = Lab(Path(folder) / "app", getattr(request, "param", FILES))
        monkeypatch.undo()
        private_runtime_dir(monkeypatch, f"{folder}/rt")
        await one.start()
        yield one
        await one.close()


def _with_parents(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def text_served(static: StaticFiles, path: str) -> str:
    return Path(static.lookup_path(path)[0]).read_text()


async def frames_until(peer: Peer, kind: str) -> dict[str, Any]:
    while (frame := await peer.frame())["t"] != kind:
        pass
    return frame


async def test_pages_swap_their_stylesheet_and_nothing_renders(lab: Lab) -> None:
    origin = [(b"host", b"app.example"), (b"origin", b"https://app.example")]
    async with (
        Peer(lab.app, websocket_scope("/_flyhot/ws", "flyhot.v1", headers=origin)) as control,
        Peer(lab.app, websocket_scope("/view", "flyhot.live.v1", headers=origin)) as view,
    ):
        for peer in (control, view):
            await peer.accepted()
        assert (await view.frame())["h"] == "<p>view</p>"
        before = len(lab.main.renderings)
        was = lab.process.vsn
        result = await lab.upgrade({**FILES, "static/app.css": "h1 {color: blue}"})
        assert result["outcome"] == "complete", result
        frame = await frames_until(control, "resume")
        assert (frame["render"], frame["files"], frame["from"]) == ("css", ["app.css"], was)
        assert text_served(lab.main.routes[-1].app, "app.css") == "h1 {color: blue}"
        view.say({"t": "full"})
        assert (await view.frame())["q"] == 1, "nothing was sent to the view meanwhile"
        assert len(lab.main.renderings) == before
        # The next one changes code, too: everything renders.
        changed = MAIN.replace("<p>view</p>", "<p>new</p>")
        result = await lab.upgrade({**FILES, "main.py": changed, "static/app.js": "2"})
        assert result["outcome"] == "complete", json.dumps(result["error"])
        frame = await frames_until(control, "resume")
        assert (frame["render"], frame["files"]) == ("morph", ["app.css", "app.js"])
        assert (await view.frame())["s"] == [3, 6, "n"] and len(lab.main.renderings) == before + 1


@pytest.mark.parametrize("lab", [{**FILES, "for_another_python.py": "def (:"}], indirect=True)
async def test_a_file_that_this_python_cannot_read_matters_when_it_changes(lab: Lab) -> None:
    assert await runs_code_of(lab.process.ready())
    files = {**FILES, "for_another_python.py": "def (:"}
    result = await lab.upgrade({**files, "main.py": MAIN.replace("<p>view</p>", "<p>new</p>")})
    assert result["outcome"] == "complete", json.dumps(result["error"])
    result = await lab.upgrade({**files, "for_another_python.py": "def (::"})
    assert result["outcome"] == "failed" and "for_another_python.py:1" in result["error"]["message"]
