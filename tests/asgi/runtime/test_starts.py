"""Every usual way to start an app, in a process of its own: it is found, it is upgraded, the new code answers."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.live_app import LiveApp

pytestmark = pytest.mark.e2e

HEAD = """
from fastapi import FastAPI
from flyhot_asgi import HotUpgrade
{imports}

"""
INDEX = """
async def index():
    return {{"release": 1, "word": {word}}}
"""
MODULE = HEAD + "app = FastAPI()\napp.add_middleware(HotUpgrade)\n\n\n@app.get('/')" + INDEX
FACTORY = (
    HEAD + INDEX + "\n\ndef make():\n    made = FastAPI()\n    made.add_middleware(HotUpgrade)\n"
    "    made.add_api_route('/', index)\n    return made\n"
)
WRAPPED = HEAD + "inner = FastAPI()\n\n\n@inner.get('/')" + INDEX + "\n\napp = HotUpgrade(inner)\n"
RUN = """

if __name__ == "__main__":
    import sys
    import uvicorn
    uvicorn.run({target}, port=int(sys.argv[1]), log_level="warning")
"""
HERE = {"imports": "", "word": "'here'"}
AWAY = {"imports": "from shop.words import word", "word": "word()"}
PLAIN = MODULE.format(**HERE)
WORDS = "def word():\n    return 'here'\n"
PROJECT = '[project]\nname = "shop"\n'

# name: files, the file to edit, the command after `python` (PORT is replaced)
WAYS: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "python main.py, uvicorn.run(app)": ({"main.py": PLAIN + RUN.format(target="app")}, "main.py", ["main.py", "PORT"]),
    "python main.py, uvicorn.run('main:app')": (
        {"main.py": PLAIN + RUN.format(target="'main:app'")},
        "main.py",
        ["main.py", "PORT"],
    ),
    "python -m package": (
        {
            "shop/__init__.py": "",
            "shop/words.py": WORDS,
            "shop/__main__.py": MODULE.format(**AWAY) + RUN.format(target="app"),
        },
        "shop/__main__.py",
        ["-m", "shop", "PORT"],
    ),
    "a factory in a src layout": (
        {
            "pyproject.toml": PROJECT,
            "src/shop/__init__.py": "",
            "src/shop/words.py": WORDS,
            "src/shop/web.py": FACTORY.format(**AWAY),
        },
        "src/shop/web.py",
        ["-m", "uvicorn", "--app-dir", "src", "--factory", "shop.web:make", "--port", "PORT", "--log-level", "warning"],
    ),
    "the app object wrapped": (
        {"main.py": WRAPPED.format(**HERE)},
        "main.py",
        ["-m", "uvicorn", "main:app", "--port", "PORT", "--log-level", "warning"],
    ),
    "lifespan off, uvloop": (
        {"main.py": PLAIN},
        "main.py",
        [
            "-m",
            "uvicorn",
            "main:app",
            "--lifespan",
            "off",
            "--loop",
            "uvloop",
            "--port",
            "PORT",
            "--log-level",
            "warning",
        ],
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_app_that_is_started_so_is_upgraded(way: str) -> None:
    files, edit, command = WAYS[way]
    app = LiveApp(files)
    try:
        port = start(app, command)
        assert app.get("/", port).json() == {"release": 1, "word": "here"}
        if "lifespan off" in way:
            wait_until_listed(app)
        app.edit(edit, ('"release": 1', '"release": 2'))
        done = app.deploy("hot")
        assert done.exit_code == 0, (done.document, app.log(port))
        assert [process["verified"] for process in done.processes] == [True]
        assert app.get("/", port).json() == {"release": 2, "word": "here"}
    finally:
        app.stop()


def wait_until_listed(app: LiveApp) -> None:
    """Without a lifespan the runtime starts a moment after the first request."""
    folder = Path(app.environment["FLYHOT_RUNTIME_DIR"])
    for _ in range(500):
        if list(folder.glob("*/*.sock")):
            return
        time.sleep(0.02)  # nothing tells us when it appears
    raise AssertionError("no control socket appeared")


def start(app: LiveApp, command: list[str]) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    time.sleep(0.03)  # else its files may have been written as it began, and it compares itself with them first
    with (app.folder / f"{port}.log").open("wb") as log:
        arguments = [str(port) if word == "PORT" else word for word in command]
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=app.root,
            env=app.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    app.processes.append(process)
    app.ports.append(port)
    app._wait_until_up(process, port)
    return port
