"""The chat: FastAPI's ConnectionManager, by table, and an endpoint that remembers who is who."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Mapping
from typing import Any

from starlette.endpoints import WebSocketEndpoint
from starlette.websockets import WebSocket

recent: dict[str, deque[dict[str, Any]]] = {}


def hue_of(name: str) -> int:
    """A colour for each name, in degrees, the same everywhere."""
    return zlib.crc32(name.encode()) % 360


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
        if message["type"] == "said":
            recent.setdefault(table, deque(maxlen=20)).append(message)
        for websocket in list(self.active_connections.get(table, ())):
            await websocket.send_json(message)

    def guests(self) -> int:
        return sum(map(len, self.active_connections.values()))


manager = ConnectionManager()


class ChatRoom(WebSocketEndpoint):
    """One guest. `n` of a message is the sender's own number for it and comes back with it."""

    encoding = "json"
    vsn = 2

    async def on_connect(self, websocket: WebSocket) -> None:
        self.name = websocket.query_params.get("name", "guest")[:40]
        self.table = websocket.query_params.get("table", "window")
        self.hue = hue_of(self.name)
        self.lines = 0
        await manager.connect(self.table, websocket)
        await manager.broadcast(self.table, {"type": "joined", "name": self.name, "hue": self.hue})

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        self.lines += 1
        text = str(data.get("text", ""))[:1000]
        message = {"type": "said", "name": self.name, "hue": self.hue, "text": text}
        await manager.broadcast(self.table, {**message, "n": data.get("n"), "count": self.lines})

    async def on_disconnect(self, websocket: WebSocket, close_code: int) -> None:
        manager.disconnect(self.table, websocket)
        await manager.broadcast(self.table, {"type": "left", "name": self.name, "hue": self.hue})

    def code_change(self, old_vsn: str, state: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
        """Release 1 called `lines` `said`, and nobody had a colour."""
        if extra["direction"] == "up":
            state["lines"] = state.pop("said")
            state["hue"] = hue_of(state["name"])
        else:
            state["said"] = state.pop("lines")
            del state["hue"]
        return state
