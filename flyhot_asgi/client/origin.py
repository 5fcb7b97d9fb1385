"""May the page that opens this websocket do so? Browsers send cookies with every websocket, from any page.

The browser's same-origin policy doesn't cover websockets (RFC 6455, section 10.2): a page of another site could open
one here in its visitor's name. So the Origin header must name the host that was asked for. A client that sends
no Origin is not a browser, and not what this defends against.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from flyhot_asgi.types import Scope

_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that (lower-case) name, or None."""
    for key, value in scope.get("headers", ()):
        if key == name:
            return bytes(value).decode("latin-1")
    return None


def same_origin(scope: Scope, allowed: Collection[str] = ()) -> bool:
    """Does the connection's Origin name its own Host, or is it one of `allowed` ("https://app.example")?

    Host and port are compared, not the scheme: behind a proxy that ends TLS the application sees ws for wss.
    """
    origin = header(scope, b"origin")
    if origin is None or origin in allowed:
        return True
    host = header(scope, b"host")
    if not host:
        return False
    try:
        theirs = urlsplit(origin)
        ours = urlsplit(f"{theirs.scheme}://{host}")
        default = _DEFAULT_PORTS.get(theirs.scheme)
        return (
            default is not None
            and theirs.hostname is not None
            and theirs.hostname == ours.hostname
            and (theirs.port or default) == (ours.port or default)
        )
    except ValueError:  # a port that is no number
        return False
