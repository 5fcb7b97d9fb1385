"""Where templates come from, and what every page knows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.templating import Jinja2Templates

import app as noon
from flyhot_asgi import flyhot_script

HERE = Path(__file__).resolve().parent


def common(request: Request) -> dict[str, Any]:
    return {
        "release": noon.RELEASE,
        "pid": os.getpid(),
        "path": request.url.path,
        "script": flyhot_script(request),
    }


templates = Jinja2Templates(directory=HERE / "templates", context_processors=[common])


def fragment(name: str, **values: Any) -> str:
    """A template that needs no request: what a LiveView renders."""
    values = {"release": noon.RELEASE, "pid": os.getpid(), **values}
    return templates.env.get_template(name).render(values)
