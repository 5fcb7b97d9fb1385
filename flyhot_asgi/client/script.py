"""The client script: its parts joined into one file with a name of its content, and the tag that loads it.

The parts (static/client/*.js) share one function scope, in the order of `PARTS`; what is served has no comment
lines and no indentation, nothing else is changed.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Protocol
from urllib.parse import quote

from flyhot_asgi.types import VSN_KEY, Scope

PARTS = (
    "core.js",
    "base.js",
    "match.js",
    "fields.js",
    "merge.js",
    "assets.js",
    "page.js",
    "control.js",
    "live.js",
    "start.js",
)
PREFIX = "/_flyhot/"
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_COMMENT_LINE = re.compile(r"^//.*\n", re.MULTILINE)


class Markup(str):
    """Text that is HTML already: template engines that know `__html__` (Jinja2, MarkupSafe) don't escape it."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


class HasScope(Protocol):
    """A Starlette or FastAPI request, or anything else with an ASGI scope."""

    @property
    def scope(self) -> Scope: ...


@dataclass(frozen=True)
class Bundle:
    """The script as it is served. `hash`: 16 hex digits of its content."""

    body: bytes
    gzipped: bytes
    hash: str

    @property
    def name(self) -> str:
        return f"flyhot.{self.hash}.js"


@cache
def bundle() -> Bundle:
    """The one bundle of this installation, made when it is first asked for."""
    folder = resources.files("flyhot_asgi") / "static" / "client"
    body = join({part: (folder / part).read_text("utf-8") for part in PARTS})
    return Bundle(
        body=body,
        gzipped=gzip.compress(body, 9, mtime=0),
        hash=hashlib.sha256(body).hexdigest()[:16],
    )


@cache
def overlay() -> bytes:
    """The script that watch mode's pages load when there is something to say."""
    return (resources.files("flyhot_asgi") / "static" / "overlay.js").read_bytes()


def join(parts: dict[str, str]) -> bytes:
    """One script of all parts, in a function scope of its own, which a second copy leaves at once."""
    lean = "".join(_COMMENT_LINE.sub("", _INDENT.sub("", text)) for text in parts.values())
    text = f'// flyhot client (MIT)\n(function () {{\n"use strict";\nif (window.flyhot) return;\n{lean}}})();\n'
    return text.encode()


def script_path(scope: Scope) -> str:
    """The script's path, below where the application is mounted."""
    root: str = scope.get("root_path", "")
    return quote(root.rstrip("/")) + PREFIX + bundle().name


def flyhot_script(request: HasScope) -> Markup:
    """The script tag for a page: `{{ flyhot_script(request) }}`, best as the first script in its head.

    It carries the vsn of the release that renders the page, and, if `request.state.csp_nonce` is set, that nonce.
    The answer to a POST is marked as one that can't be fetched again. Template engines don't escape it.
    """
    scope = request.scope
    return tag(script_path(scope), scope, nonce=_nonce(scope))


def tag(src: str, scope: Scope, *, nonce: str | None = None) -> Markup:
    """A script tag for the client at `src`."""
    attributes: dict[str, str] = {"src": src}
    vsn = scope.get(VSN_KEY)
    if isinstance(vsn, str) and vsn:
        attributes["data-vsn"] = vsn
    if nonce:
        attributes["nonce"] = nonce
    written = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    off = "" if scope.get("method", "GET") in ("GET", "HEAD") else " data-off"
    return Markup(f"<script {written}{off} defer></script>")


def _nonce(scope: Scope) -> str | None:
    """Where applications with a Content-Security-Policy commonly leave their nonce: `request.state.csp_nonce`."""
    state: Any = scope.get("state")
    nonce = state.get("csp_nonce") if isinstance(state, dict) else getattr(state, "csp_nonce", None)
    return nonce if isinstance(nonce, str) else None
