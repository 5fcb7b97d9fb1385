"""The client's scripts, made of static/client/*.js beforehand (build.py), and the tag that loads them.

The tag loads `flyhot.js`. That loads the others when a page needs them: `live` for LiveViews, `more` for what is needed
now and then. All are named by one hash of their content, and compressed beforehand: gzip for everybody, brotli for
browsers that take it.
"""

from __future__ import annotations

import hashlib
import html
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Protocol
from urllib.parse import quote

from flyhot_asgi.types import VSN_KEY, Scope

PREFIX = "/_flyhot/"
NAMES = ("flyhot.js", "flyhot.live.js", "flyhot.more.js")


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
class Script:
    """One script as it is served; `br` is smaller than `gz`."""

    body: bytes
    gz: bytes
    br: bytes


@dataclass(frozen=True)
class Bundle:
    """The scripts of this installation, by their names in NAMES. `hash`: 16 hex digits of the content of all."""

    scripts: dict[str, Script]
    hash: str

    @property
    def name(self) -> str:
        """Of the script that the tag loads."""
        return self.hashed(NAMES[0])

    @property
    def live_name(self) -> str:
        return self.hashed(NAMES[1])

    def hashed(self, name: str) -> str:
        """The name under which a script is kept forever: `flyhot.live.js` is `flyhot.<hash>.live.js`."""
        return f"flyhot.{self.hash}{name.removeprefix('flyhot')}"

    def find(self, name: str) -> tuple[Script, bool] | None:
        """The script of that name, with any hash or none, and whether the hash is ours.

        A page of another worker may know another hash: it gets ours, this once.
        """
        plain = ".".join(each for each in name.split(".") if len(each) != 16)
        script = self.scripts.get(plain)
        return None if script is None else (script, name == self.hashed(plain))


@cache
def bundle() -> Bundle:
    """The one bundle of this installation, read when it is first asked for."""
    folder = resources.files("flyhot_asgi") / "static"

    def read(name: str) -> Script:
        body, gz, br = ((folder / (name + ending)).read_bytes() for ending in ("", ".gz", ".br"))
        return Script(body=body, gz=gz, br=br)

    scripts = {name: read(name) for name in NAMES}
    content = b"".join(script.body for script in scripts.values())
    return Bundle(scripts=scripts, hash=hashlib.sha256(content).hexdigest()[:16])


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
    vsn = scope.get(VSN_KEY)
    named = {"data-vsn": vsn} if isinstance(vsn, str) and vsn else {}
    off = "" if scope.get("method", "GET") in ("GET", "HEAD") else " data-off"
    return _script_tag({"src": src, **named}, nonce, off)


def live_tag(src: str, scope: Scope) -> Markup:
    """A script tag for the part for LiveViews, to stand behind the client's."""
    return _script_tag({"src": src}, _nonce(scope))


def _script_tag(attributes: dict[str, str], nonce: str | None, more: str = "") -> Markup:
    if nonce:
        attributes["nonce"] = nonce
    written = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    return Markup(f"<script {written}{more} defer></script>")


def _nonce(scope: Scope) -> str | None:
    """Where applications with a Content-Security-Policy commonly leave their nonce: `request.state.csp_nonce`."""
    state: Any = scope.get("state")
    nonce = state.get("csp_nonce") if isinstance(state, dict) else getattr(state, "csp_nonce", None)
    return nonce if isinstance(nonce, str) else None
