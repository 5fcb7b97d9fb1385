"""A stand-in for the example app with switches for faults; it knows nothing of upgrades."""

from __future__ import annotations

import asyncio
import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

FAULT = os.environ.get("FAULT", "")
AT = 20


async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    name = websocket.query_params["name"]
    await websocket.send_json({"type": "joined", "name": name})
    count = 0
    late: list[dict[str, object]] = []
    while True:
        try:
            data = await websocket.receive_json()
        except WebSocketDisconnect:
            return
        count += 1
        answer = {"type": "said", "name": name, "n": data["n"], "count": count}
        hit = data["n"] == AT and name == "guest-2"
        if hit and FAULT == "lose":
            continue
        if hit and FAULT == "close":
            return await websocket.close(1011)
        if hit and FAULT == "reorder":
            late.append(answer)
            continue
        await websocket.send_json(answer)
        if hit and FAULT == "double":
            await websocket.send_json(answer)
        while late:
            await websocket.send_json(late.pop())


async def poll(request: Request) -> JSONResponse:
    await asyncio.sleep(0)
    return JSONResponse({"release": "1", "pid": os.getpid()})


app = Starlette(routes=[WebSocketRoute("/ws/chat", chat), Route("/api/poll", poll)])
