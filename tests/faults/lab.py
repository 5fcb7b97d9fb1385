"""A real app in this very process, in memory: Starlette, `HotUpgrade`, websockets, and releases to bring it to.

Everything is as in a server but the sockets: the app is imported from a folder, its lifespan runs, connections go
through its whole middleware stack, upgrades through its process.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import os
import sys
import types
from pathlib import Path
from typing import Any

from flyhot_asgi.middleware import registered
from flyhot_asgi.release.folder import Release
from flyhot_asgi.runtime import AppProcess, Order, runtime_of
from flyhot_asgi.runtime.coordinator import Alone, Coordinator, Word

_numbers = itertools.count()
PATIENCE = 60.0

MAIN = """
from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from flyhot_asgi import HotUpgrade
from TOP.rules import shout as loud

RELEASE = 1
LIMITS = {"a": 1, "b": [1, 2]}
seen = []


def banner(name="x", *, mark="!"):
    return f"{RELEASE}{name}{mark}"


def unused():
    return "to be deleted"


class Clock:
    def __init__(self):
        self.ticks = 0

    def tick(self):
        self.ticks += 1
        return self.ticks


clock = Clock()


class Echo(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket):
        self.count = 0
        self.history = []
        seen.append(self)
        await websocket.accept()

    async def on_receive(self, websocket, data):
        self.count += 1
        self.history.append(data)
        await websocket.send_text(f"{RELEASE} {self.count} {loud(data)}")


async def index(request):
    return PlainTextResponse(banner())


app = Starlette(routes=[Route("/", index), WebSocketRoute("/ws", Echo)], middleware=[Middleware(HotUpgrade)])
"""

RULES = """
def shout(text):
    return text


ADJUST = [shout]
"""

FIRST = {"main.py": MAIN, "rules.py": RULES}

# Everything at once: values, functions, a new module, a deletion, classes grafted, states migrated.
CHANGES = (
    ("RELEASE = 1\n", "RELEASE = 2\n"),
    ('LIMITS = {"a": 1, "b": [1, 2]}\n', 'LIMITS = {"a": 2, "b": [1, 2, 3], "c": fresh(1)}\n'),
    ("from TOP.rules import shout as loud\n", "from TOP.extra import fresh\nfrom TOP.rules import shout as loud\n"),
    ('    return f"{RELEASE}{name}{mark}"\n', '    return f"{RELEASE} {name} {mark} {fresh(2)}"\n'),
    ('def unused():\n    return "to be deleted"\n\n\n', ""),
    (
        "    def tick(self):\n        self.ticks += 1\n        return self.ticks\n",
        "    def tick(self):\n        self.beats += 1\n        return self.beats\n\n"
        "    def code_change(self, old_vsn, state, extra):\n"
        "        old, new = ('ticks', 'beats') if extra['direction'] == 'up' else ('beats', 'ticks')\n"
        "        return {new: state[old]}\n",
    ),
    ("        self.count = 0\n", "        self.n = 0\n"),
    ("        self.count += 1\n", "        self.n += 1\n"),
    (
        'f"{RELEASE} {self.count} {loud(data)}")\n',
        'f"{RELEASE} {self.n} {loud(data)}")\n\n'
        "    def code_change(self, old_vsn, state, extra):\n"
        "        if extra['direction'] == 'down':\n"
        "            return {'count': state['n'], 'history': state['history']}\n"
        "        state['history'].append('migrated')\n"
        "        return {'n': state['count'], 'history': state['history']}\n",
    ),
)
SECOND = {"rules.py": RULES.replace("return text", "return str(text)"), "extra.py": "def fresh(n):\n    return n * 2\n"}


def edited(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the text"
        text = text.replace(old, new)
    return text


SECOND["main.py"] = edited(MAIN, *CHANGES)


class Client:
    """One websocket client that numbers its messages and keeps what it is answered."""

    def __init__(self) -> None:
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._stirred = asyncio.Event()
        self.sent = 0
        self.answers: list[str] = []
        self.closed: int | None = None
        self.task: asyncio.Task[None] | None = None
        self._incoming.put_nowait({"type": "websocket.connect"})

    async def receive(self) -> dict[str, Any]:
        return await self._incoming.get()

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            self.answers.append(message["text"])
        elif message["type"] == "websocket.close":
            self.closed = message.get("code", 1000)
        self._stirred.set()

    def says(self, count: int = 1) -> None:
        for _ in range(count):
            self.sent += 1
            self._incoming.put_nowait({"type": "websocket.receive", "text": str(self.sent)})

    def leaves(self) -> None:
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def until_answered(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.answers) < self.sent:
                self._stirred.clear()
                await self._stirred.wait()

    def assert_in_order(self) -> None:
        """Each message was handled once, in order, on the session's own state; nobody was closed."""
        expected = [(str(n), str(n)) for n in range(1, self.sent + 1)]
        assert [tuple(answer.split()[1:]) for answer in self.answers] == expected
        assert self.closed is None


class Lab:
    """The app, its clients and its releases. `await start()`, at the end `await close()`."""

    def __init__(self, folder: Path, files: dict[str, str] = FIRST) -> None:
        self.top = f"lab{next(_numbers)}"
        self.root = folder
        self.files = files
        self.clients: list[Client] = []
        (folder / "pyproject.toml").write_text(f'[project]\nname = "{self.top}"\n')
        (folder / self.top).mkdir()
        (folder / self.top / "__init__.py").write_text("")
        for name, text in files.items():
            (folder / self.top / name).write_text(self._named(text))
        sys.path.insert(0, str(folder))
        importlib.invalidate_caches()
        self.main = importlib.import_module(f"{self.top}.main")
        self.app = self.main.app
        self._lifespan: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._lifespan_task: asyncio.Task[None] | None = None

    def _named(self, text: str) -> str:
        return text.replace("TOP", self.top)

    async def start(self) -> Lab:
        self.runtime = runtime_of(self.root.resolve(), registered)
        up = asyncio.Event()

        async def send(message: Any) -> None:
            assert message["type"].endswith(".complete"), message
            up.set()

        self._lifespan.put_nowait({"type": "lifespan.startup"})
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self._lifespan_task = asyncio.create_task(self.app(scope, self._lifespan.get, send))
        async with asyncio.timeout(PATIENCE):
            await up.wait()
        assert self.process.started
        self.first = await self.release(self.files)
        assert self.first.digest == self.installed.digest
        return self

    @property
    def process(self) -> AppProcess:
        return self.runtime.process

    @property
    def installed(self) -> Any:
        return self.process.ready()

    @property
    def live(self) -> dict[str, types.ModuleType]:
        return {n: m for n, m in list(sys.modules.items()) if n == self.top or n.startswith(self.top + ".")}

    async def connect(self, count: int = 1, path: str = "/ws") -> list[Client]:
        """Clients whose first message has been answered."""
        new = [Client() for _ in range(count)]
        for client in new:
            client.task = asyncio.create_task(self.app(websocket(path), client.receive, client.send))
            client.says()
            await client.until_answered()
        self.clients += new
        return new

    async def get(self, path: str = "/") -> tuple[int, bytes, dict[bytes, bytes]]:
        return await get(self.app, path)

    async def release(self, files: dict[str, str]) -> Release:
        """Store these files (names relative to the app's package) as a release."""
        base = {"__init__.py": ""}
        data = {f"{self.top}/{name}": self._named(text).encode() for name, text in {**base, **files}.items()}
        data["pyproject.toml"] = (self.root / "pyproject.toml").read_bytes()
        manifest = await asyncio.to_thread(self.installed.store.put_release, dict(sorted(data.items())))
        return self.installed.store.get_release(manifest.digest)

    async def upgrade(
        self, files: dict[str, str] | Release, coordinator: Coordinator | None = None, **options: Any
    ) -> dict[str, Any]:
        release = files if isinstance(files, Release) else await self.release(files)
        order = Order(release=release, id=f"tx-{next(_numbers)}", **options)
        return await self.process.upgrade(order, coordinator or Alone())

    async def close(self) -> None:
        self.process.registry.valve.open()
        for client in self.clients:
            client.leaves()
        await asyncio.gather(*(client.task for client in self.clients if client.task), return_exceptions=True)
        self._lifespan.put_nowait({"type": "lifespan.shutdown"})
        if self._lifespan_task is not None:
            async with asyncio.timeout(PATIENCE):
                await self._lifespan_task
        sys.path.remove(str(self.root))
        for name in self.live:
            del sys.modules[name]


class Scripted:
    """A coordinator that agrees to everything, but for what `at` says: phase → what to do there instead.

    The phases are prepared, gone, held, again (others are late once, if it is scripted) and vote. What is done may
    return the answer, raise, or be awaited.
    """

    def __init__(self, **at: Any) -> None:
        self._at = at
        self.asked: list[str] = []

    async def prepared(self, plan: dict[str, Any]) -> bool:
        return await self._do("prepared")

    async def gone(self) -> None:
        if "gone" in self._at:
            await self._do("gone")
        else:
            await asyncio.Event().wait()

    async def held(self) -> Word:
        if not await self._do("held"):
            return "stop"
        return "wait" if "again" in self._at and "again" not in self.asked else "apply"

    async def again(self) -> bool:
        return await self._do("again")

    def vote(self, within: float) -> bool:
        self.asked.append("vote")
        return bool(self._at["vote"]()) if "vote" in self._at else True

    async def _do(self, phase: str) -> bool:
        self.asked.append(phase)
        answer = self._at[phase]() if phase in self._at else True
        return bool(await answer) if asyncio.iscoroutine(answer) else bool(answer)


async def get(app: Any, path: str = "/", **more: Any) -> tuple[int, bytes, dict[bytes, bytes]]:
    """Status, body and headers of a GET."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app({**websocket(path), "type": "http", "method": "GET", "http_version": "1.1", **more}, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], body, dict(sent[0]["headers"])


def websocket(path: str = "/ws") -> dict[str, Any]:
    """The scope of a connection."""
    return {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "ws",
        "query_string": b"",
        "headers": [],
        "subprotocols": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }


def private_runtime_dir(monkeypatch: Any, folder: str) -> None:
    """Control sockets of a test go to a folder of its own, with a path short enough for a socket's."""
    monkeypatch.setenv("FLYHOT_RUNTIME_DIR", folder)
    os.makedirs(folder, exist_ok=True)
