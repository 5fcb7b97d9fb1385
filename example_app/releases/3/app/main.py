"""The app and its routes. Run it: uvicorn app.main:app"""

from __future__ import annotations

import os
from typing import Annotated, Any

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.routing import WebSocketRoute

import app as noon
from app.pages import HERE, templates
from app.poll import PollView, ballot
from app.room import ChatRoom, manager
from flyhot_asgi import HotUpgrade, live_routes

app = FastAPI(title="Noon")
app.add_middleware(HotUpgrade)
app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
app.router.routes.extend(live_routes("/poll", PollView))
app.router.routes.append(WebSocketRoute("/ws/chat", ChatRoom))

suggestions: list[dict[str, str]] = []


@app.get("/", response_class=HTMLResponse)
async def home(request: Request) -> Response:
    context = {
        "leader": ballot.leader(),
        "votes": ballot.votes,
        "guests": manager.guests(),
        "suggestions": len(suggestions),
    }
    return templates.TemplateResponse(request, "home.html", context)


@app.get("/chat", response_class=HTMLResponse)
async def chat(request: Request) -> Response:
    return templates.TemplateResponse(request, "chat.html", {"table": "window"})


@app.get("/suggest", response_class=HTMLResponse)
async def suggest(request: Request) -> Response:
    context = {"suggestions": suggestions[-5:], "dishes": list(ballot.votes)}
    return templates.TemplateResponse(request, "suggest.html", context)


@app.post("/suggest")
async def add_suggestion(
    name: Annotated[str, Form()], text: Annotated[str, Form()], dish: Annotated[str, Form()] = ""
) -> Response:
    about = dish if dish in ballot.votes else ""
    suggestions.append({"name": name.strip()[:40] or "somebody", "text": text.strip()[:500], "dish": about})
    return RedirectResponse("/suggest", status_code=303)


@app.get("/api/poll")
async def api_poll() -> dict[str, Any]:
    return {
        "release": noon.RELEASE,
        "pid": os.getpid(),
        "votes": ballot.votes,
        "leader": ballot.leader(),
        "total": ballot.total(),
    }


@app.get("/api/house")
async def api_house() -> dict[str, Any]:
    tables = {table: len(seated) for table, seated in manager.active_connections.items()}
    return {"guests": manager.guests(), "tables": tables, "suggestions": len(suggestions)}
