"""Functions of a module of their own, which an upgrade gives new code: the engine's part, done by hand."""

from __future__ import annotations

import asyncio
import sys
import textwrap
import types
from typing import Any

from starlette.websockets import WebSocket

from flyhot_asgi.session import Hold
from flyhot_asgi.session.migrate import migrate
from tests.asgi.session.fakes import Server, turn

PRELUDE = """
import asyncio
from starlette.websockets import WebSocket, WebSocketDisconnect
from flyhot_asgi import CodeChanged, checkpoint, upgradable
log = []
"""


class Undo:
    def note(self, what: str, undo: Any) -> None:
        return


class Module:
    """A module of the application's; `becomes` puts new code into its functions, as the engine does."""

    def __init__(self, path: Any, text: str) -> None:
        self.file = str(path / "functions.py")
        self.name = "lab_functions"
        self.module = types.ModuleType(self.name)
        self.module.__file__ = self.file
        sys.modules[self.name] = self.module
        exec(self._compile(text), vars(self.module))

    def _compile(self, text: str) -> types.CodeType:
        return compile(PRELUDE + textwrap.dedent(text), self.file, "exec", dont_inherit=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    def becomes(self, text: str) -> None:
        fresh: dict[str, Any] = {"__name__": self.name, "__file__": self.file}
        exec(self._compile(text), fresh)
        for name, value in fresh.items():
            new, old = inner(value), inner(vars(self.module).get(name))
            if new is not None and old is not None:
                old.__code__ = new.__code__
                old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
                old.__dict__.update(new.__dict__)
            elif isinstance(value, type) and value.__module__ == self.name:
                there = vars(self.module)[name]
                for key, member in vars(value).items():
                    old_member = vars(there).get(key)
                    if isinstance(member, types.FunctionType) and isinstance(old_member, types.FunctionType):
                        old_member.__code__ = member.__code__
                    elif key not in ("__dict__", "__weakref__"):
                        setattr(there, key, member)
            elif new is not None:
                vars(self.module)[name] = value


def inner(value: Any) -> types.FunctionType | None:
    while isinstance(value, types.FunctionType) and "__wrapped__" in vars(value):
        value = vars(value)["__wrapped__"]
    return value if isinstance(value, types.FunctionType) else None


def starlette_app(function: Any) -> Any:
    """As Starlette calls a websocket function; the app of a `WebSocketRoute`."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await function(WebSocket(scope, receive=receive, send=send))

    return app


async def upgrade(server: Server, module: Module, text: str, **options: Any) -> int:
    """Hold all, give the module new code, migrate what changed, resume. Returns how many were migrated."""
    hold = Hold(server.registry)
    await hold.suspend(timeout=options.get("timeout", 2), http_drain=0)
    before = {id(unit): unit.cls for unit in server.registry.units()}
    codes = {unit.id: _code(unit) for unit in server.registry.units()}
    module.becomes(text)
    units = server.registry.units()
    assert set(before) == {id(unit) for unit in units}
    changed = {unit.cls for unit in units if codes[unit.id] != _code(unit)}
    report = migrate(
        units,
        direction=options.get("direction", "up"),
        old_vsn=lambda cls: "1",
        new_vsn=lambda cls: "2" if cls in changed else "1",
        extra={},
        undo=Undo(),
    )
    for unit in units:
        unit.resumed("r2", report.changed(unit))
    hold.resume()
    await turn(30)
    return report.migrated


def _code(unit: Any) -> Any:
    function = getattr(unit, "function", None)
    return function.__code__ if function is not None else vars(unit.cls).get("code_change")


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 (anything may be waited for)
            await asyncio.sleep(0.001)
