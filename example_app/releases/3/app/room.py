"""The chat: FastAPI's ConnectionManager, by table, and an endpoint that remembers who is who."""

from __future__ import annotations

import re
import zlib
from collections import deque
from collections.abc import Mapping
from typing import Any

from starlette.endpoints import WebSocketEndpoint
from starlette.websockets import WebSocket

EMOJI = {"tada": "🎉", "soup": "🍲", "pizza": "🍕", "heart": "❤️", "wave": "👋"}

recent: dict[str, deque[dict[str, Any]]] = {}


def hue_of(name: str) -> int:
    """A colour for each name, in degrees, the same everywhere."""
    return zlib.crc32(name.encode()) % 360


def with_emoji(text: str) -> str:
    return re.sub(r":(\w+):", lambda match: EMOJI.get(match[1], match[0]), text)


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: dict[str, list[WebSocket]] = {}

    async def connect(self, table: str, websocket: WebSocket) -> None:
        await websocket.accept()
        self.active_connections.setdefault(table, []).append(websocket)
        for message in recent.get(table, ()):
            await websocket.send_json({**message, "type": "earlier"})

    def disconnect(self, table: str, websocket: WebSocket) -> None:
        seated = self.active_connections[table]
        seated.remove(websocket)
        if not seated:
            del self.active_connections[table]
            recent.pop(table, None)

    async def broadcast(self, table: str, message: dict[str, Any]) -> None:
        if message["type"] in ("said", "did"):
            recent.setdefault(table, deque(maxlen=20)).append(message)
        for websocket in list(self.active_connections.get(table, ())):
            await websocket.send_json(message)

    def guests(self) -> int:
        return sum(map(len, self.active_connections.values()))


manager = ConnectionManager()


class ChatRoom(WebSocketEndpoint):
    """One guest. `n` of a message is the sender's own number for it and comes back with it."""

    encoding = "json"
    vsn = 3

    async def on_connect(self, websocket: WebSocket) -> None:
        name = websocket.query_params.get("name", "guest")[:40]
        self.who = {"name": name, "hue": hue_of(name)}
        self.table = websocket.query_params.get("table", "window")
        self.lines = 0
        await manager.connect(self.table, websocket)
        await manager.broadcast(self.table, {"type": "joined", **self.who})

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        self.lines += 1
        text = with_emoji(str(data.get("text", ""))[:1000])
        kind = "did" if text.startswith("/me ") else "said"
        message = {"type": kind, **self.who, "text": text.removeprefix("/me ")}
        await manager.broadcast(self.table, {**message, "n": data.get("n"), "count": self.lines})

    async def on_disconnect(self, websocket: WebSocket, close_code: int) -> None:
        manager.disconnect(self.table, websocket)
        await manager.broadcast(self.table, {"type": "left", **self.who})

    def code_change(self, old_vsn: str, state: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
        """Release 2 kept `name` and `hue` apart; release 1 had no hue and called `lines` `said`."""
        if extra["direction"] == "up":
            name = state.pop("name")
            state["who"] = {"name": name, "hue": state.pop("hue", hue_of(name))}
            state["lines"] = state.pop("lines") if "lines" in state else state.pop("said")
            return state
        who = state.pop("who")
        if old_vsn == "1":
            return {"name": who["name"], "table": state["table"], "said": state["lines"]}
        return {**state, **who}
