"""A view on its websocket, with the browser in memory and the real gate and hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette

from flyhot_asgi.live import LiveView, PubSub, live_routes
from flyhot_asgi.live import session as session_module
from flyhot_asgi.live.mailbox import LIMIT
from flyhot_asgi.session import Hold, Registry
from flyhot_asgi.types import SESSION_KEY, Receive, Scope, Send
from tests.asgi.client.peer import Peer, websocket_scope


class Counter(LiveView):
    """Does what it is told: the events are the script of a test."""

    opened: list[Counter] = []
    left: list[Counter] = []
    topic = PubSub()

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        if params.get("fail") == "mount":
            raise RuntimeError("mount")
        self.opened.append(self)
        self.state = {"n": 0, "infos": []}
        self.subscribe(self.topic)

    async def unmount(self) -> None:
        self.left.append(self)

    async def handle_event(self, event: str, value: dict[str, Any]) -> None:
        self.state["n"] += value.get("by", 1)
        if event == "fail":
            raise RuntimeError("on purpose")
        if event == "wrong state":
            self.state = None  # type: ignore[assignment]
        if event == "break rendering":
            self.state["broken"] = True
        if event == "post":
            await self.send_info(value["info"])
        if event == "wait":
            await self.gate.wait()

    gate: asyncio.Event

    async def handle_info(self, message: Any) -> None:
        if message == "fail":
            raise RuntimeError("on purpose")
        self.state["infos"].append(message)

    def render(self) -> str:
        if self.state.get("broken"):
            raise RuntimeError("on purpose")
        return f"<p>{self.state['n']} {self.state['infos']}</p>" + "<i>a long rest that never changes</i>" * 3


@pytest.fixture(autouse=True)
def fresh() -> None:
    Counter.opened = []
    Counter.left = []
    Counter.topic = PubSub()


class Gated:
    """What the middleware does for websockets."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.hold = Hold(self.registry)
        self.app = Starlette(routes=live_routes("/counter", Counter))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = await self.registry.admit_websocket(scope, receive, send)
        scope[SESSION_KEY] = session
        try:
            await self.app(scope, session.gate.receive, session.gate.send)
        finally:
            self.registry.drop(session)


def scope(query: bytes = b"", **more: Any) -> Scope:
    return {**websocket_scope("/counter", "flyhot.live.v1", **more), "query_string": query}


class Screen:
    """What the browser would show: follows splices, checks numbers."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.html = ""
        self.number = -1
        self.sent = 0

    async def next(self) -> dict[str, Any]:
        frame = await self.peer.frame()
        assert frame["t"] == "html"
        assert frame["q"] == self.number + 1
        self.number += 1
        if "h" in frame:
            self.html = frame["h"]
        elif "s" in frame:
            prefix, suffix, middle = frame["s"]
            self.html = self.html[:prefix] + middle + self.html[len(self.html) - suffix :]
        return frame

    @property
    def text(self) -> str:
        return self.html.partition("<p>")[2].partition("</p>")[0]

    def event(self, name: str, **value: Any) -> int:
        self.sent += 1
        self.peer.say({"t": "ev", "e": name, "v": value, "r": self.sent})
        return self.sent


@pytest.fixture(params=["with the middleware", "without"])
def app(request: pytest.FixtureRequest) -> Any:
    return Gated() if request.param == "with the middleware" else Starlette(routes=live_routes("/counter", Counter))


@asynccontextmanager
async def opened(app: Any, query: bytes = b"") -> Any:
    async with Peer(app, scope(query)) as peer:
        assert await peer.accepted() == "flyhot.live.v1"
        screen = Screen(peer)
        assert "h" in await screen.next()
        yield screen


async def test_events_are_answered_in_order_with_splices(app: Any) -> None:
    async with opened(app) as screen:
        assert screen.text == "0 []"
        for _ in (1, 2, 3):
            screen.event("add", by=10)
        for number in (1, 2, 3):
            frame = await screen.next()
            assert frame["r"] == number
            assert len(json.dumps(frame)) < 60
        assert screen.text == "30 []"


async def test_an_event_that_changes_nothing_is_answered_without_html(app: Any) -> None:
    async with opened(app) as screen:
        screen.event("add", by=0)
        assert await screen.next() == {"t": "html", "q": 1, "r": 1}


async def test_infos_from_events_timers_topics_and_threads_arrive(app: Any) -> None:
    async with opened(app) as screen:
        view = Counter.opened[0]
        screen.event("post", info="own")
        await screen.next()
        await screen.next()
        assert screen.text == "1 ['own']"
        view.send_after(0, "timer")
        await screen.next()
        assert Counter.topic.publish("", "topic") == 1
        await screen.next()
        await asyncio.to_thread(Counter.topic.publish, "", "thread")
        await screen.next()
        assert screen.text == "1 ['own', 'timer', 'topic', 'thread']"


async def test_a_failing_event_leaves_state_page_and_the_events_after_it(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(app) as screen:
        screen.event("add")
        await screen.next()
        for bad in ("fail", "wrong state"):
            screen.event(bad, by=100)
            frame = await screen.next()
            assert frame["err"] is True
            assert "h" not in frame and "s" not in frame
        screen.event("add")
        await screen.next()
        assert screen.text == "2 []"
    assert caplog.text.count("Counter failed at event") == 2


async def test_a_failing_info_hurts_only_itself(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(app) as screen:
        view = Counter.opened[0]
        await view.send_info("fail")
        await view.send_info("fine")
        await screen.next()
        assert screen.text == "0 ['fine']"
    assert "Counter failed at a message" in caplog.text


async def test_a_rendering_that_fails_leaves_the_old_page_and_the_session(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(app) as screen:
        screen.event("break rendering")
        assert await screen.next() == {"t": "html", "q": 1, "r": 1}
        Counter.opened[0].state.pop("broken")
        screen.event("add")
        await screen.next()
        assert screen.text == "2 []"
    assert "could not be rendered" in caplog.text


async def test_a_missed_frame_is_sent_again_as_a_whole(app: Any) -> None:
    async with opened(app) as screen:
        screen.event("add")
        screen.peer.say({"t": "full"})
        await screen.next()
        assert Counter.opened[0].render() == (await screen.next())["h"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", 1008),
        ("[1]", 1008),
        ('{"t": "ev"}', 1008),
        ('{"t": "ev", "e": 1, "v": {}, "r": 1}', 1008),
        ('{"t": "ev", "e": "add", "v": [], "r": 1}', 1008),
        ('{"t": "ev", "e": "add", "v": {}, "r": true}', 1008),
        ('{"t": "ev", "e": "add", "v": {}, "r": -1}', 1008),
        ('{"t": "ev", "e": "' + "x" * 500 + '", "v": {}, "r": 1}', 1008),
        ("[" * 100_000, 1008),
        ('"' + "x" * 300_000 + '"', 1009),
        (b"{}", 1003),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_no_frame_closes_the_page_and_raises_nothing(
    app: Any, frame: str | bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(app) as screen:
        if isinstance(frame, bytes):
            screen.peer.say_bytes(frame)
        else:
            screen.peer.say_text(frame)
        assert await screen.peer.closed() == code
    assert "Traceback" not in caplog.text
    assert len(Counter.left) == 1


async def test_frames_of_a_later_client_are_ignored(app: Any) -> None:
    async with opened(app) as screen:
        screen.peer.say({"t": "of tomorrow"})
        screen.event("add")
        assert (await screen.next())["r"] == 1


async def test_a_mount_that_fails_closes_with_1011_and_is_not_unmounted(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with Peer(app, scope(b"fail=mount")) as peer:
        await peer.accepted()
        assert await peer.closed() == 1011
    assert Counter.left == []
    assert "Counter could not be mounted" in caplog.text


@pytest.mark.parametrize(
    "more",
    [{"headers": [(b"host", b"app.example"), (b"origin", b"https://evil.example")]}, {"subprotocols": ["chat"]}],
    ids=["origin", "subprotocol"],
)
async def test_pages_of_others_are_refused_before_the_handshake(app: Any, more: dict[str, Any]) -> None:
    async with Peer(app, {**scope(), **more}) as peer:
        assert await peer.closed() == 1008
    assert Counter.opened == []


async def test_nothing_of_a_page_is_left_when_it_has_gone(app: Any) -> None:
    async with opened(app) as screen:
        view = Counter.opened[0]
        timer = view.send_after(3600, "late")
        screen.event("add")
        await screen.next()
    assert Counter.left == [view]
    assert Counter.topic.count("") == 0
    assert timer.cancelled()  # type: ignore[attr-defined]
    assert not view.connected
    await view.send_info("to nobody")
    if isinstance(app, Gated):
        assert app.registry.units() == []
        assert app.registry.sessions == ()


async def test_a_page_that_takes_nothing_is_let_go(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "SEND_TIMEOUT", 0.01)
    async with opened(app) as screen:
        screen.peer.takes.clear()
        screen.event("add")
        async with asyncio.timeout(5):
            await screen.peer.task
    assert len(Counter.left) == 1


async def test_a_page_with_too_many_unread_messages_is_closed_and_others_are_not(app: Any) -> None:
    async with opened(app) as full, opened(app) as other:
        view = Counter.opened[0]
        view.gate = asyncio.Event()
        full.event("wait")
        await asyncio.sleep(0)
        Counter.topic.unsubscribe("", Counter.opened[1]._link._mailbox)  # type: ignore[union-attr]
        for number in range(LIMIT):
            assert Counter.topic.publish("", number) == 1
        assert Counter.topic.publish("", "one too many") == 0
        view.gate.set()
        while (message := await full.peer.hear())["type"] != "websocket.close":
            pass
        assert message["code"] == 1013
        other.event("add")
        await other.next()
        assert other.text == "1 []"


async def test_cancelling_the_server_task_unmounts(app: Any) -> None:
    async with opened(app) as screen:
        screen.peer.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await screen.peer.task
        screen.peer.task = asyncio.create_task(asyncio.sleep(0))
    assert len(Counter.left) == 1


# Upgrades.


async def test_after_an_upgrade_the_page_is_rendered_before_events_and_infos_that_were_held() -> None:
    app = Gated()
    async with opened(app) as screen:
        (unit,) = app.registry.units()
        assert (unit.cls, unit.label, unit.id) == (Counter, "Counter /counter", "ws-1/1")
        await app.hold.suspend(timeout=1, http_drain=0)
        screen.event("add")
        await Counter.opened[0].send_info("held")
        unit.replace_state({**unit.get_state(), "n": 1000})
        unit.resumed("two", True)
        for _ in range(20):
            await asyncio.sleep(0)
        assert screen.peer.heard_nothing()
        app.hold.resume()
        first = await screen.next()
        assert (first["v"], screen.text) == ("two", "1000 []")
        texts = set()
        for _ in range(2):
            await screen.next()
            texts.add(screen.text)
        assert screen.text == "1001 ['held']"


async def test_a_page_is_rendered_after_an_upgrade_that_changed_another_class() -> None:
    app = Gated()
    async with opened(app) as screen:
        await app.hold.suspend(timeout=1, http_drain=0)
        app.registry.units()[0].resumed("two", False)
        app.hold.resume()
        assert await screen.next() == {"t": "html", "q": 1, "v": "two"}


async def test_a_rendering_that_fails_after_an_upgrade_leaves_page_and_session(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Gated()
    async with opened(app) as screen:
        await app.hold.suspend(timeout=1, http_drain=0)
        (unit,) = app.registry.units()
        unit.replace_state({**unit.get_state(), "broken": True})
        unit.resumed("two", True)
        app.hold.resume()
        assert await screen.next() == {"t": "html", "q": 1, "v": "two"}
        assert screen.text == "0 []"
        Counter.opened[0].state.pop("broken")
        screen.event("add")
        await screen.next()
        assert screen.text == "1 []"
    assert "could not be rendered" in caplog.text


async def test_upgraded_runs_after_the_hold_and_what_it_did_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    async def upgraded(self: Counter, old_vsn: str | None) -> None:
        self.state["infos"].append(f"upgraded from {old_vsn}")

    monkeypatch.setattr(Counter, "upgraded", upgraded, raising=False)
    app = Gated()
    async with opened(app) as screen:
        await app.hold.suspend(timeout=1, http_drain=0)
        (unit,) = app.registry.units()
        unit.old_vsn = "one"
        unit.resumed("two", True)
        app.hold.resume()
        while "upgraded from one" not in screen.text:
            await screen.next()


async def test_an_event_that_is_being_handled_keeps_the_session_from_its_boundary() -> None:
    app = Gated()
    async with opened(app) as screen:
        view = Counter.opened[0]
        view.gate = asyncio.Event()
        screen.event("wait")
        suspending = asyncio.create_task(app.hold.suspend(timeout=5, http_drain=0))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not app.registry.sessions[0].quiescent
        view.gate.set()
        await suspending
        assert app.registry.sessions[0].quiescent
        assert view.state["n"] == 1
        app.hold.resume()


async def test_upgrades_under_traffic_lose_double_and_reorder_nothing() -> None:
    app = Gated()
    async with opened(app) as screen:
        for round_ in range(5):
            for _ in range(20):
                screen.event("add")
                Counter.topic.publish("", round_)
            await app.hold.suspend(timeout=5, http_drain=0)
            for unit in app.registry.units():
                unit.resumed(str(round_), True)
            await asyncio.sleep(0)
            app.hold.resume()
        answered = []
        while len(answered) < 100 or Counter.opened[0].state["infos"][-1:] != [4] or not screen.peer.heard_nothing():
            frame = await screen.next()
            if "r" in frame:
                answered.append(frame["r"])
        assert answered == list(range(1, 101))
        assert Counter.opened[0].state["n"] == 100
        assert Counter.opened[0].state["infos"] == [round_ for round_ in range(5) for _ in range(20)]
