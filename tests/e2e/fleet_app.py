"""The counter app that the fleet's end-to-end test deploys, release by release; as files of a folder."""

from __future__ import annotations

from pathlib import Path

MAIN = """
import os
from pathlib import Path

from fastapi import FastAPI, Response, WebSocket
from fastapi.staticfiles import StaticFiles
from starlette.endpoints import WebSocketEndpoint

from flyhot_asgi import HotUpgrade

app = FastAPI()
count = 0


def version():
    return {version}


@app.get("/bump")
async def bump():
    global count
    count += 1
    return {{"count": count, "version": version(), "pid": os.getpid()}}


@app.get("/health")
async def health():
    return Response(status_code={health})


{more}
@app.websocket_route("/ws")
class Session(WebSocketEndpoint):
    encoding = "text"
    said = 0

    async def on_receive(self, websocket, data):
        self.said += 1
        await websocket.send_json({{"said": self.said, "version": version()}})


app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
app.add_middleware(HotUpgrade)
"""
EXTRA = """
@app.get("/extra")
async def extra():
    from .extra import word

    return {"word": word()}

"""
DOCKERFILE = """
FROM python:3.11-slim
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir ".[deploy]"
CMD ["python", "-m", "flyhot_deploy", "run", "--", "python", "-m", "uvicorn", "app.main:app", "--host", "0.0.0.0", \
"--port", "8080", "--no-access-log"]
"""
FLY_TOML = """
app = 'counter'
primary_region = "ams"

[env]
  lower_case = "kept [as] it = is"

[http_service]
  internal_port = 8080

  [[http_service.checks]]
    path = "/health"
"""


def write(folder: Path, version: int, *, extra: bool = False, health: int = 200, breaks: str = "") -> None:
    """The app's folder at that version. `breaks` is put at the top of its main module."""
    (folder / "app" / "static").mkdir(parents=True, exist_ok=True)
    (folder / "app" / "__init__.py").touch()
    (folder / "app" / "static" / "style.css").write_text(f"/* {version} */\n")
    main = MAIN.format(version=version, health=health, more=EXTRA if extra else "")
    (folder / "app" / "main.py").write_text(breaks + main)
    for name, content in (("extra.py", "def word():\n    return 'new module'\n"), ("static/new.txt", "new file\n")):
        path = folder / "app" / name
        if extra:
            path.write_text(content)
        else:
            path.unlink(missing_ok=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "counter"\n')
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "fly.toml").write_text(FLY_TOML)
