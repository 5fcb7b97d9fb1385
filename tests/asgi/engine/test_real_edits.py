"""Plain edits of plain apps: refusing one of these is a defect. The apps are written after FastAPI's documentation.

Each edit is brought hot, compared with a cold import, undone exactly, and brought again."""

from __future__ import annotations

import pytest

CHAT = '''
"""A chat."""
import logging
import os
from pathlib import Path

from fastapi import Depends, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel

logger = logging.getLogger(__name__)
BASE = Path(__file__).resolve().parent
templates = Jinja2Templates(directory=str(BASE / "templates"))
HISTORY_LIMIT = 50
DEBUG = os.environ.get("DEBUG", "") == "1"
ROOMS = {"lobby": "The lobby", "dev": "Developers"}

html = """
<h1>Chat</h1>
"""


class Message(BaseModel):
    text: str
    author: str = "nobody"


class ConnectionManager:
    def __init__(self):
        self.active_connections: list[WebSocket] = []

    async def connect(self, websocket: WebSocket):
        await websocket.accept()
        self.active_connections.append(websocket)

    def disconnect(self, websocket: WebSocket):
        self.active_connections.remove(websocket)

    async def send_personal_message(self, message: str, websocket: WebSocket):
        await websocket.send_text(message)

    async def broadcast(self, message: str):
        for connection in self.active_connections:
            await connection.send_text(message)


manager = ConnectionManager()


def current_user(name: str = "nobody"):
    return name


app = FastAPI(title="Chat")


@app.get("/")
async def get():
    return HTMLResponse(html)


@app.get("/rooms")
async def rooms(limit: int = HISTORY_LIMIT):
    return list(ROOMS)[:limit]


@app.post("/messages")
def post(message: Message, user: str = Depends(current_user)):
    """Say something."""
    return shout(message.text)


def shout(text):
    return text.upper()


@app.websocket("/ws/{client_id}")
async def websocket_endpoint(websocket: WebSocket, client_id: int):
    await manager.connect(websocket)
    try:
        while True:
            data = await websocket.receive_text()
            await manager.send_personal_message(f"You wrote: {data}", websocket)
            await manager.broadcast(f"Client #{client_id} says: {data}")
    except WebSocketDisconnect:
        manager.disconnect(websocket)
        await manager.broadcast(f"Client #{client_id} left the chat")
'''

WS = '@app.websocket("/ws/{client_id}")'
EDITS = {
    "nothing but a comment": ("def shout", "# loud\ndef shout"),
    "blank lines": ("def shout", "\n\n\ndef shout"),
    "a body": ("text.upper()", "text.upper() + '!'"),
    "the websocket's loop": ("You wrote", "You said"),
    "the module's docstring": ('"""A chat."""', '"""The chat."""'),
    "a function's docstring": ('"""Say something."""', '"""Say it."""'),
    "a class's docstring": ("class ConnectionManager:\n", 'class ConnectionManager:\n    """Who is here."""\n\n'),
    "a model's docstring": ("class Message(BaseModel):\n", 'class Message(BaseModel):\n    """What is said."""\n\n'),
    "a method of a model": (
        '    author: str = "nobody"\n',
        '    author: str = "nobody"\n\n    def shown(self):\n        return self.author\n',
    ),
    "a helper function": (
        "def shout(text):\n",
        "def trim(text):\n    return text[:10]\n\n\ndef shout(text):\n    text = trim(text)\n",
    ),
    "a helper with a cache": (
        "def shout(text):\n",
        "import functools\n\n\n@functools.lru_cache\ndef trim(text):\n    return text[:10]\n\n\ndef shout(text):\n",
    ),
    "an import": ("import os\n", "import json\nimport os\nfrom collections import Counter\n"),
    "an import removed": (", WebSocketDisconnect\n", ", WebSocketDisconnect, status\n"),
    "imports reordered": ("import logging\nimport os\n", "import os\nimport logging\n"),
    "a method": (
        "    def disconnect(self",
        "    def count(self):\n        return len(self.active_connections)\n\n    def disconnect(self",
    ),
    "a method's parameters": (
        "def send_personal_message(self, message: str,",
        "def send_personal_message(self, message: str | None,",
    ),
    "a method renamed": ("send_personal_message", "tell"),
    "a default": ("def shout(text):", "def shout(text, loud=True):"),
    "a constant": ("HISTORY_LIMIT = 50", "HISTORY_LIMIT = 5"),
    "a dict of constants": ('"dev": "Developers"', '"dev": "Hackers", "ops": "Operators"'),
    "a page in a constant": ("<h1>Chat</h1>", "<h1>Chat!</h1>"),
    "an environment default": ('"DEBUG", ""', '"DEBUG", "0"'),
    "the templates' folder": ('BASE / "templates"', 'BASE / "html"'),
    "the logger's name": ("getLogger(__name__)", 'getLogger("chat")'),
    "a function renamed": ("shout", "cry"),
    "a dependency's signature": (
        'def current_user(name: str = "nobody"):',
        'def current_user(name: str = "x", n: int = 1):',
    ),
    "a new dependency": (
        "def post(message: Message, user: str = Depends(current_user)):",
        "def post(message: Message, user: str = Depends(current_user), q: str = ''):",
    ),
    "a route": (WS, '@app.get("/about")\nasync def about():\n    return {"rooms": ROOMS}\n\n\n' + WS),
    "a route first": (
        'app = FastAPI(title="Chat")\n',
        'app = FastAPI(title="Chat")\n\n\n@app.get("/first")\ndef first():\n    return 1\n',
    ),
    "a route removed": (
        '@app.get("/rooms")\nasync def rooms(limit: int = HISTORY_LIMIT):\n    return list(ROOMS)[:limit]\n\n\n',
        "",
    ),
    "a route's path": ('"/rooms"', '"/all-rooms"'),
    "a route's arguments": ('@app.post("/messages")', '@app.post("/messages", status_code=201, tags=["chat"])'),
    "a route renamed": ("def rooms(", "def all_rooms("),
    "a websocket's path": ("/ws/{client_id}", "/socket/{client_id}"),
    "a websocket's parameter": ("client_id: int", "client_id: str"),
    "a second websocket": (
        WS,
        '@app.websocket("/echo")\nasync def echo(ws: WebSocket):\n    await ws.accept()\n\n\n' + WS,
    ),
    "a model and its route": (
        "def shout(text):",
        "class Room(BaseModel):\n    name: str\n    tags: list[str] = []\n\n\n"
        '@app.post("/rooms")\ndef make(room: Room) -> Room:\n    return room\n\n\ndef shout(text):',
    ),
    "a class": (
        "manager = ConnectionManager()\n",
        "class Stats:\n    n = 0\n\n\nmanager = ConnectionManager()\nstats = Stats()\n",
    ),
    "a dataclass and an enum": (
        "manager = ConnectionManager()\n",
        "import dataclasses, enum\n\n\nclass Kind(enum.Enum):\n    A = 1\n\n\n@dataclasses.dataclass\nclass Seen:\n"
        "    kind: Kind = Kind.A\n\n\nmanager = ConnectionManager()\n",
    ),
    "an exception handler's function moved above": (
        "def shout(text):\n    return text.upper()\n\n\n",
        "",
        "logger = logging.getLogger(__name__)\n",
        "logger = logging.getLogger(__name__)\n\n\ndef shout(text):\n    return text.upper()\n",
    ),
    "sync to async helper": ("def current_user(", "async def current_user("),
    "type annotations": ("def shout(text):", "def shout(text: str) -> str:"),
    "a settings class": (
        "HISTORY_LIMIT = 50\n",
        "HISTORY_LIMIT = 50\n\n\nclass Settings(BaseModel):\n    name: str = 'chat'\n\n\nsettings = Settings()\n",
    ),
    "the app's title": ('title="Chat"', 'title="Talk", version="2.0"'),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_of_the_chat_goes_through(lab, edit):
    new = CHAT
    for old, other in zip(edit[::2], edit[1::2], strict=True):
        assert old in new
        new = new.replace(old, other)
    app = lab(main=CHAT)
    manager, served = app.main.manager, app.main.app
    manager.active_connections.append("somebody")
    app.brings(main=new, but=("main.manager.active_connections",))
    app.upgrade(main=new)  # once more, after the undo
    assert app.main.manager is manager
    assert app.main.app is served
    assert manager.active_connections == ["somebody"]
