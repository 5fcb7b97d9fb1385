"""The chat: FastAPI's ConnectionManager, by table, and an endpoint that remembers who is who."""

from __future__ import annotations

from typing import Any

from starlette.endpoints import WebSocketEndpoint
from starlette.websockets import WebSocket


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: dict[str, list[WebSocket]] = {}

    async def connect(self, table: str, websocket: WebSocket) -> None:
        await websocket.accept()
        self.active_connections.setdefault(table, []).append(websocket)

    def disconnect(self, table: str, websocket: WebSocket) -> None:
        seated = self.active_connections[table]
        seated.remove(websocket)
        if not seated:
            del self.active_connections[table]

    async def broadcast(self, table: str, message: dict[str, Any]) -> None:
        for websocket in list(self.active_connections.get(table, ())):
            await websocket.send_json(message)

    def guests(self) -> int:
        return sum(map(len, self.active_connections.values()))


manager = ConnectionManager()


class ChatRoom(WebSocketEndpoint):
    """One guest. `n` of a message is the sender's own number for it and comes back with it."""

    encoding = "json"
    vsn = 1

    async def on_connect(self, websocket: WebSocket) -> None:
        self.name = websocket.query_params.get("name", "guest")[:40]
        self.table = websocket.query_params.get("table", "window")
        self.said = 0
        await manager.connect(self.table, websocket)
        await manager.broadcast(self.table, {"type": "joined", "name": self.name})

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        self.said += 1
        message = {"type": "said", "name": self.name, "text": str(data.get("text", ""))[:1000]}
        await manager.broadcast(self.table, {**message, "n": data.get("n"), "count": self.said})

    async def on_disconnect(self, websocket: WebSocket, close_code: int) -> None:
        manager.disconnect(self.table, websocket)
        await manager.broadcast(self.table, {"type": "left", "name": self.name})
