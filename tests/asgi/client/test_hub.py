"""The hub, with browsers in memory."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from flyhot_asgi.client import ClientHub
from flyhot_asgi.client import hub as hub_module
from flyhot_asgi.client.script import NAMES, bundle
from tests.asgi.client.peer import Peer, request, websocket_scope


@pytest.fixture
def hub() -> ClientHub:
    return ClientHub(vsn=lambda: "abc", boot="b1", heartbeat=20)


def scope(path: str = "/_flyhot/ws", protocol: str = "flyhot.v1", **more: Any) -> Any:
    return websocket_scope(path, protocol, **more)


CLIENT = bundle().scripts["flyhot.js"]


async def test_a_page_hears_who_runs_then_of_holds_and_releases_in_order(hub: ClientHub) -> None:
    async with Peer(hub, scope()) as peer:
        assert await peer.accepted() == "flyhot.v1"
        assert await peer.frame() == {"t": "hello", "p": 1, "vsn": "abc", "boot": "b1", "hb": 20, "held": False}
        hub.hold("tx", eta_ms=100, max_ms=2000)
        hub.resume("tx", ok=True, vsn="def", render="morph", spread_ms=50, say="Release 2")
        assert await peer.frame() == {"t": "hold", "id": "tx", "eta": 100, "max": 2000}
        assert await peer.frame() == {
            **{"t": "resume", "id": "tx", "ok": True, "vsn": "def", "render": "morph", "spread": 50},
            "say": "Release 2",
        }


async def test_a_page_that_comes_during_a_hold_is_told_so(hub: ClientHub) -> None:
    hub.hold("tx", eta_ms=100, max_ms=2000)
    async with Peer(hub, scope()) as peer:
        await peer.accepted()
        hello = await peer.frame()
        assert (hello["held"], hello["max"]) == (True, 2000)
    hub.resume("tx", ok=False, vsn="abc", render="none")
    async with Peer(hub, scope()) as peer:
        await peer.accepted()
        assert (await peer.frame())["held"] is False


async def test_pings_are_answered_and_reports_are_counted(hub: ClientHub) -> None:
    async with Peer(hub, scope()) as peer:
        await peer.accepted()
        await peer.frame()
        peer.say({"t": "done", "id": "tx", "ms": 12.5, "ok": True})
        peer.say({"t": "done", "id": "tx", "ms": 3, "ok": False, "err": "status 500"})
        peer.say({"t": "of a later version"})
        peer.say({"t": "ping", "unknown": 1})
        assert await peer.frame() == {"t": "pong"}
        seen = hub.statistics()
        assert (seen.sockets, seen.pages_updated, seen.pages_kept, seen.slowest_update_ms) == (1, 1, 1, 12.5)
    assert hub.statistics().sockets == 0


@pytest.mark.parametrize(
    "text",
    ["no json", "[]", "1", '{"t": "done"}', '{"t": "done", "id": "x", "ms": NaN, "ok": true}', "[" * 3000, "x" * 5000],
)
async def test_what_is_no_frame_closes_the_socket_with_1008(hub: ClientHub, text: str) -> None:
    async with Peer(hub, scope()) as peer:
        await peer.accepted()
        await peer.frame()
        peer.say_text(text)
        assert await peer.closed() == 1008
    assert hub.statistics().malformed == 1


async def test_a_binary_frame_closes_the_socket_with_1003(hub: ClientHub) -> None:
    async with Peer(hub, scope()) as peer:
        await peer.accepted()
        await peer.frame()
        peer.say_bytes(b"{}")
        assert await peer.closed() == 1003


@pytest.mark.parametrize(
    "changed",
    [
        {"protocol": "another"},
        {"path": "/_flyhot/other"},
        {"headers": [(b"host", b"app.example"), (b"origin", b"https://evil.example")]},
    ],
    ids=["subprotocol", "path", "origin"],
)
async def test_who_may_not_listen_is_refused_before_the_handshake(hub: ClientHub, changed: dict[str, Any]) -> None:
    async with Peer(hub, scope(**changed)) as peer:
        assert await peer.closed() == 1008
    assert hub.statistics().refused == 1


async def test_a_page_that_takes_nothing_is_let_go_and_holds_up_nobody(
    hub: ClientHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "CLOSE_TIMEOUT", 0.01)
    async with Peer(hub, scope()) as slow, Peer(hub, scope()) as quick:
        for peer in (slow, quick):
            await peer.accepted()
            await peer.frame()
        slow.takes.clear()
        for number in range(hub_module.QUEUE_LIMIT + 2):
            hub.hold(str(number), eta_ms=1, max_ms=1)
            assert (await quick.frame())["id"] == str(number)
        async with asyncio.timeout(5):
            await slow.task
        assert (hub.statistics().slow, hub.statistics().sockets) == (1, 1)


async def test_a_page_that_leaves_while_it_is_written_to_is_forgotten(hub: ClientHub) -> None:
    async with Peer(hub, scope()) as peer:
        await peer.accepted()
        await peer.frame()
        peer.gone = True
        hub.hold("tx", eta_ms=1, max_ms=1)
    assert hub.statistics().sockets == 0


async def test_more_sockets_than_allowed_are_asked_to_come_later() -> None:
    hub = ClientHub(vsn=lambda: "abc", boot="b", max_sockets=1)
    async with Peer(hub, scope()) as first, Peer(hub, scope()) as second:
        await first.accepted()
        await second.accepted()
        assert await second.closed() == 1013


async def test_a_server_that_stops_says_when_to_come_back(hub: ClientHub) -> None:
    async with Peer(hub, scope()) as peer:
        await peer.accepted()
        await peer.frame()
        await hub.close(retry_ms=700)
        frame = await peer.frame()
        assert frame["t"] == "bye" and 700 <= frame["retry"] <= 705
        assert await peer.closed() == 1012
        assert hub.statistics().sockets == 0


async def test_the_script_is_kept_forever_under_its_hash_and_asked_for_under_its_name(hub: ClientHub) -> None:
    status, headers, body = await request(hub, f"/_flyhot/{bundle().name}")
    assert (status, body) == (200, CLIENT.body)
    assert "immutable" in headers["cache-control"]
    status, headers, body = await request(hub, "/_flyhot/flyhot.js", headers={"accept-encoding": "gzip, deflate"})
    assert (headers["cache-control"], headers["content-encoding"]) == ("no-cache", "gzip")
    assert gzip.decompress(body) == CLIENT.body
    again = {"accept-encoding": "gzip, deflate", "if-none-match": headers["etag"]}
    status, _, body = await request(hub, "/_flyhot/flyhot.js", headers=again)
    assert (status, body) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=1.0, gzip;q=0.8", "br"),
        ("br;q=0, gzip", "gzip"),
        ("GZIP ; q=0.5, br; q=0.000", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("gzip;q=0", None),
    ],
)
async def test_the_best_coding_that_the_browser_takes_is_sent(
    hub: ClientHub, accepted: str, coding: str | None
) -> None:
    _, headers, body = await request(hub, "/_flyhot/flyhot.js", headers={"accept-encoding": accepted})
    assert headers.get("content-encoding") == coding
    assert body == {"br": CLIENT.br, "gzip": CLIENT.gz, None: CLIENT.body}[coding]
    assert headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("name", NAMES)
async def test_all_parts_are_served_under_one_hash(hub: ClientHub, name: str) -> None:
    status, headers, body = await request(hub, f"/_flyhot/{bundle().hashed(name)}")
    assert (status, body) == (200, bundle().scripts[name].body)
    assert "immutable" in headers["cache-control"]


async def test_a_hash_of_another_worker_gets_our_script_but_not_forever(hub: ClientHub) -> None:
    status, headers, _ = await request(hub, "/_flyhot/flyhot.0123456789abcdef.js")
    assert (status, headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/_flyhot/else", "GET", 404), ("/_flyhot/../hub.py", "GET", 404), ("/_flyhot/flyhot.js", "POST", 405)],
)
async def test_other_requests_are_refused(hub: ClientHub, path: str, method: str, status: int) -> None:
    assert (await request(hub, path, method=method))[0] == status


async def test_head_has_the_length_and_no_body(hub: ClientHub) -> None:
    _, headers, body = await request(hub, "/_flyhot/flyhot.js", method="HEAD")
    assert (headers["content-length"], body) == (str(len(CLIENT.body)), b"")


@pytest.mark.parametrize(
    ("path", "root"), [("/_flyhot/ws", ""), ("/shop/_flyhot/ws", "/shop"), ("/_flyhot/ws", "/shop")]
)
def test_its_paths_are_known_below_a_root(path: str, root: str) -> None:
    assert ClientHub.serves({"type": "websocket", "path": path, "root_path": root})
    assert not ClientHub.serves({"type": "websocket", "path": path.replace("_flyhot", "x"), "root_path": root})
    assert not ClientHub.serves({"type": "lifespan"})
