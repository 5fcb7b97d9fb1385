"""A token against cross-site request forgery, for forms of a LiveView that post over HTTP (a login, an upload).

Events of a view need none: they come over its websocket, whose Origin is checked before it opens. The token lives in
the signed session (Starlette's `SessionMiddleware`).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, MutableMapping
from typing import Any

from flyhot_asgi.errors import ConfigError

KEY = "flyhot.csrf"


def csrf_token(session: Mapping[str, Any]) -> str:
    """The session's token, made when it is first asked for: for a hidden field of the form.

    session: of `mount`, or `request.session`. Raises ConfigError if there is none to keep it in.
    """
    found = session.get(KEY)
    if isinstance(found, str):
        return found
    if not isinstance(session, MutableMapping):
        raise ConfigError(
            "there is no session to keep a CSRF token in",
            do="app.add_middleware(SessionMiddleware, secret_key=...) of Starlette; it needs itsdangerous",
        )
    token = session[KEY] = secrets.token_urlsafe(24)
    return token


def csrf_valid(session: Mapping[str, Any], token: object) -> bool:
    """Is this the session's token? Compared in constant time; never raises."""
    found = session.get(KEY)
    if not isinstance(found, str) or not isinstance(token, str):
        return False
    return hmac.compare_digest(found.encode(), token.encode("utf-8", "surrogatepass"))
