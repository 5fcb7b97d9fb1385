"""The ASGI words as types, and the few that every layer shares. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

Vsn: TypeAlias = str
"""Version of a class or of a release: an opaque string, compared for equality only."""

JSON: TypeAlias = dict[str, Any]
"""A document as it crosses the control socket."""

SESSION_KEY = "flyhot.session"
"""Where the middleware leaves a connection's `Session` in its scope."""

VSN_KEY = "flyhot.vsn"
"""Where the middleware leaves the running release's vsn in each scope."""
