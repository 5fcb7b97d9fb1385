"""`HotUpgrade` around an app: what passes, what waits, what it adds, and that it never stands in an app's way."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import os
import warnings
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

from flyhot_asgi import HotUpgrade, middleware, register, runtime
from flyhot_asgi.errors import ConfigError
from flyhot_asgi.middleware import registered
from flyhot_asgi.runtime import runtime_of
from tests.faults.lab import Client, get, websocket

from .memory import START, lifespan, plain_app, runtime_folder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about the client library that it stands on
    from starlette.testclient import TestClient

pytestmark = pytest.mark.usefixtures("runtime_folder")
__all__ = ["runtime_folder"]


counted: list[tuple[str, ...]] = []
"""What was in flight when each request of `hello` ran."""


async def hello(request: Any) -> PlainTextResponse:
    root = request.app.state.root
    counted.append(tuple(map(str, process_of(root).registry.requests)) if root is not None else ())
    return PlainTextResponse(f"hello from {request.scope['flyhot.vsn']}")


async def echo(websocket: Any) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


ASKING = [(b"x-flyhot", b"1")]


def starlette(root: Path, *, twice: bool = False, **more: Any) -> Starlette:
    stack = [Middleware(HotUpgrade, root=root)] * (2 if twice else 1)
    app = Starlette(routes=[Route("/", hello), WebSocketRoute("/ws", echo)], middleware=stack, **more)
    app.state.root = root
    counted.clear()
    return app


def process_of(root: Path) -> Any:
    return runtime_of(root.resolve(), registered).process


async def test_a_response_says_which_release_gave_it_and_so_does_the_scope(tmp_path: Path) -> None:
    app = starlette(tmp_path)
    async with lifespan(app):
        _, body, headers = await get(app, headers=ASKING)
        vsn = process_of(tmp_path).vsn
        assert len(vsn) == 12 and headers[b"x-flyhot-vsn"] == vsn.encode() and body == f"hello from {vsn}".encode()
        assert b"x-flyhot-vsn" not in (await get(app))[2], "who does not ask is not told"


async def test_the_apps_own_messages_are_left_as_they_are(tmp_path: Path) -> None:
    app = HotUpgrade(plain_app, root=tmp_path)
    async with lifespan(app):
        for _ in range(3):
            _, _, headers = await get(app, headers=ASKING)
            assert set(headers) == {b"x-mine", b"x-flyhot-vsn"}
    assert START["headers"] == [(b"x-mine", b"1")]


async def test_requests_and_connections_wait_while_the_app_is_held(tmp_path: Path) -> None:
    app = starlette(tmp_path)
    async with lifespan(app):
        process, client = process_of(tmp_path), Client()
        process.registry.valve.close()
        request = asyncio.create_task(get(app))
        connection = asyncio.create_task(app(websocket(), client.receive, client.send))
        client.says()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not request.done() and not process.registry.sessions and not client.answers
        assert (await get(app, "/_flyhot/flyhot.js"))[0] == 200, "the client script is outside of the hold"
        process.registry.valve.open()
        assert (await request)[0] == 200
        await client.until_answered()
        client.leaves()
        await connection
        assert not process.registry.sessions


async def test_one_behind_another_one_does_nothing(tmp_path: Path) -> None:
    """Added twice: one gate, one count, one header."""
    app = starlette(tmp_path, twice=True)
    async with lifespan(app):
        process, client = process_of(tmp_path), Client()
        connection = asyncio.create_task(app(websocket(), client.receive, client.send))
        client.says()
        await client.until_answered()
        assert process.registry.statistics().websockets == 1
        _, _, headers = await get(app, headers=ASKING)
        assert counted == [("GET /",)] and process.registry.requests == () and b"x-flyhot-vsn" in headers
        client.leaves()
        await connection


async def test_in_a_mounted_app_and_in_the_one_around_it(tmp_path: Path) -> None:
    outer = Starlette(routes=[Mount("/sub", starlette(tmp_path))], middleware=[Middleware(HotUpgrade, root=tmp_path)])
    async with lifespan(outer):
        status, body, _ = await get(outer, "/sub/")
        assert status == 200 and process_of(tmp_path).vsn.encode() in body
        assert counted == [("GET /sub/",)]


async def test_a_stack_that_is_built_anew_shares_the_runtime(tmp_path: Path) -> None:
    """Or an upgrade would hold one half of the sessions."""
    app = starlette(tmp_path)
    async with lifespan(app):
        process = process_of(tmp_path)
        app.middleware_stack = app.build_middleware_stack()
        client = Client()
        connection = asyncio.create_task(app(websocket(), client.receive, client.send))
        client.says()
        await client.until_answered()
        assert len(process.registry.sessions) == 1 and process_of(tmp_path) is process
        client.leaves()
        await connection


async def test_two_apps_over_one_root_are_held_together_and_stop_one_by_one(tmp_path: Path) -> None:
    first, second = starlette(tmp_path), starlette(tmp_path)
    async with lifespan(first):
        async with lifespan(second):
            process = process_of(tmp_path)
            await get(first), await get(second)
            assert counted == [("GET /",), ("GET /",)]
        assert process.started
    assert not process.started


@pytest.mark.parametrize(("path", "root_path"), [("/_flyhot/flyhot.js", ""), ("/api/_flyhot/flyhot.js", "/api")])
async def test_the_clients_paths_are_found_below_the_root_path(tmp_path: Path, path: str, root_path: str) -> None:
    app = starlette(tmp_path)
    async with lifespan(app):
        assert (await get(app, path, root_path=root_path))[2][b"content-type"].startswith(b"text/javascript")


async def test_a_path_that_only_looks_like_ours_is_the_apps(tmp_path: Path) -> None:
    app = HotUpgrade(plain_app, root=tmp_path)
    async with lifespan(app):
        for path in ("/docs/_flyhot/flyhot.js", "/_flyhot", "/_flyhotter/x"):
            assert (await get(app, path))[1] == b"hello"


async def test_scopes_of_other_kinds_pass() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    await HotUpgrade(app, root=Path.cwd())({"type": "webtransport"}, None, None)  # type: ignore[arg-type]
    assert seen == ["webtransport"]


async def test_an_app_that_returns_another_awaitable_or_raises_at_once(tmp_path: Path) -> None:
    def app(scope: Any, receive: Any, send: Any) -> Any:
        if scope.get("path") == "/bad":
            raise LookupError("bad")
        return asyncio.ensure_future(plain_app(scope, receive, send))

    hot = HotUpgrade(app, root=tmp_path)
    async with lifespan(hot):
        for _ in range(3):
            assert (await get(hot))[1] == b"hello"
            with pytest.raises(LookupError):
                await get(hot, "/bad")
        assert process_of(tmp_path).registry.requests == ()


async def test_a_request_that_is_cancelled_or_fails_is_over_and_says_so(tmp_path: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await plain_app(scope, receive, send)
        if scope["path"] == "/bad":
            raise LookupError("bad")
        await asyncio.Event().wait()

    hot = HotUpgrade(app, root=tmp_path)
    async with lifespan(hot):
        process = process_of(tmp_path)
        for _ in range(3):
            waiting = [asyncio.create_task(get(hot, f"/{n}")) for n in range(3)]
            await asyncio.sleep(0)
            assert [str(each) for each in process.registry.requests] == ["GET /0", "GET /1", "GET /2"]
            for task in waiting:
                task.cancel()
            await asyncio.wait(waiting)
            assert all(task.cancelled() for task in waiting)
            with pytest.raises(LookupError):
                await get(hot, "/bad")
            assert process.registry.requests == ()


def test_servers_see_that_it_speaks_asgi_3(tmp_path: Path) -> None:
    """As an app's outermost layer: each of them has its own way to tell."""
    hot = HotUpgrade(plain_app, root=tmp_path)
    assert inspect.iscoroutinefunction(hot.__call__)
    uvicorn = pytest.importorskip("uvicorn")
    config = uvicorn.Config(hot, log_config=None, proxy_headers=False)
    config.load()
    assert config.loaded_app is hot, "or it is wrapped as one of ASGI 2"
    hypercorn = pytest.importorskip("hypercorn.utils")
    assert hypercorn.is_asgi(hot)


async def test_called_by_its_method_it_is_the_same(tmp_path: Path) -> None:
    hot = HotUpgrade(plain_app, root=tmp_path)
    async with lifespan(hot.__call__):
        assert (await get(hot.__call__))[1] == b"hello" and process_of(tmp_path).registry.requests == ()


# -- no lifespan -----------------------------------------------------------------------------


async def test_without_a_lifespan_the_first_connection_starts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "LATE_SECONDS", 0.0)
    app = starlette(tmp_path)
    assert (await get(app))[0] == 200
    late = next(task for task in asyncio.all_tasks() if task.get_name() == "flyhot-start")
    async with asyncio.timeout(10):
        while not process_of(tmp_path).started:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
    assert b"x-flyhot-vsn" in (await get(app, headers=ASKING))[2]
    assert len([task for task in asyncio.all_tasks() if task.get_name() == "flyhot-start"]) == 1
    late.cancel()  # what the end of the loop does
    await asyncio.wait([late])
    assert not process_of(tmp_path).started


async def test_an_app_without_lifespan_support_is_served_as_by_a_server_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "LATE_SECONDS", 3600.0)

    async def http_only(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await plain_app(scope, receive, send)

    app = HotUpgrade(http_only, root=tmp_path)
    with pytest.raises(AssertionError):
        await app({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert (await get(app))[1] == b"hello"
    late = [task for task in asyncio.all_tasks() if task.get_name() == "flyhot-start"]
    assert len(late) == 1
    late[0].cancel()
    await asyncio.wait(late)


def test_a_test_client_without_a_lifespan_starts_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    app = starlette(tmp_path)
    for _ in range(3):
        assert TestClient(app).get("/").text == "hello from "
    with TestClient(app).websocket_connect("/ws") as ws:
        ws.send_text("one")
        assert ws.receive_text() == "one"
    gc.collect()  # a socket or a loop left behind would warn now, and warnings are errors


def test_a_test_client_starts_and_stops_as_often_as_it_likes(tmp_path: Path) -> None:
    app = starlette(tmp_path)
    for _ in range(3):
        with TestClient(app) as client:
            assert client.get("/", headers={"x-flyhot": "1"}).headers["x-flyhot-vsn"]
            with client.websocket_connect("/ws") as ws:
                ws.send_text("one")
                assert ws.receive_text() == "one"
    gc.collect()


# -- what can't be upgraded runs all the same ---------------------------------------------------


async def runs_without(app: Any, caplog: pytest.LogCaptureFixture, *words: str) -> None:
    with caplog.at_level(logging.INFO, logger="flyhot"):
        async with lifespan(app) as said:
            assert said == ["lifespan.startup.complete"]
            for _ in range(3):
                assert (await get(app))[1].startswith(b"hello")
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1, [record.getMessage() for record in errors]
    assert all(word in errors[0].getMessage() for word in ("can't be upgraded while it runs", *words))


async def test_on_another_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runtime, "why_unsupported", lambda: "PyPy is not CPython")
    await runs_without(HotUpgrade(plain_app, root=tmp_path), caplog, "PyPy")


async def test_with_a_root_that_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await runs_without(HotUpgrade(plain_app, root=tmp_path / "no"), caplog, "no")


async def test_with_settings_that_can_not_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.flyhot]\nhold_bugdet = 3\n")
    await runs_without(HotUpgrade(plain_app, root=tmp_path), caplog, "hold_bugdet")


async def test_with_a_runtime_folder_that_can_not_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FLYHOT_RUNTIME_DIR", str(tmp_path / "file"))
    await runs_without(HotUpgrade(plain_app, root=tmp_path), caplog, "runtime folder", "FLYHOT_RUNTIME_DIR")


async def test_with_a_socket_path_that_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FLYHOT_RUNTIME_DIR", str(tmp_path / ("x" * 100)))
    await runs_without(HotUpgrade(plain_app, root=tmp_path), caplog, "too long")


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
async def test_with_a_file_that_can_not_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "secret.py").write_text("x = 1\n")
    (tmp_path / "secret.py").chmod(0)
    await runs_without(HotUpgrade(plain_app, root=tmp_path), caplog, "secret.py")


async def test_with_a_flyhot_that_crashes_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("flyhot_asgi.runtime.process.open_store", lambda *_: 1 / 0)
    await runs_without(HotUpgrade(plain_app, root=tmp_path), caplog)


async def test_from_a_working_folder_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone() -> Path:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "cwd", gone)
    await runs_without(HotUpgrade(_nowhere()), caplog, "No such file")


def _nowhere() -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await plain_app(scope, receive, send)

    return app


# -- register() ---------------------------------------------------------------------------------


class Score:
    pass


class Slotted:
    __slots__ = ("__weakref__",)


class Unweak:
    __slots__ = ("__dict__",)


def test_register_names_a_living_object_and_lets_it_die() -> None:
    score = Score()
    register(score, name="test-score")
    assert ("test-score", score) in registered.items()
    del score
    gc.collect()
    assert "test-score" not in dict(registered.items())


def test_register_again_names_the_new_object() -> None:
    first, second = Score(), Score()
    register(first, name="test-score")
    register(second, name="test-score")
    assert dict(registered.items())["test-score"] is second


@pytest.mark.parametrize("cls", [Slotted, Unweak])
def test_register_refuses_at_once_what_can_be_no_unit(cls: type) -> None:
    with pytest.raises(ConfigError, match="can't be registered"):
        register(cls(), name="test-none")
