"""The named registry: which running server has which name. One per process, as OTP has one per node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyhot_asgi.errors import AlreadyStarted

if TYPE_CHECKING:
    from flyhot_asgi.stateful.server import Server

_servers: dict[str, Server] = {}


def give(name: str, server: Server) -> None:
    """The name is the server's until it ends. Raises AlreadyStarted if a running one has it."""
    there = find(name)
    if there is not None:
        raise AlreadyStarted(
            f"a {there.handler} is running under the name {name!r}",
            do=f"use the one that is there (whereis({name!r})), or give this one another name",
        )
    _servers[name] = server


def take_back(name: str, server: Server) -> None:
    """It has ended. Nothing happens if the name is another's by now."""
    if _servers.get(name) is server:
        del _servers[name]


def find(name: str) -> Server | None:
    """The running server of that name; one whose event loop is over counts as ended."""
    server = _servers.get(name)
    if server is not None and not server.alive:
        del _servers[name]
        return None
    return server


def all_names() -> list[str]:
    return [name for name in list(_servers) if find(name) is not None]
