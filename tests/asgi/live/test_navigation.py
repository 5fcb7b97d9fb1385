"""What a view says to its visitor, where it sends him, and what it tells the page's scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette

from flyhot_asgi.live import LiveView, live_routes
from tests.asgi.client.peer import Peer, request, websocket_scope


class Shop(LiveView):
    title = "Shop"

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"params": dict(params), "rendered": 0}
        if "away" in params:
            self.redirect("/elsewhere")

    async def handle_params(self, params: dict[str, str]) -> None:
        self.state["params"] = params

    async def handle_event(self, event: str, value: dict[str, Any]) -> None:
        if event == "turn":
            await self.patch({"page": value["page"]}, replace=value.get("replace", False))
        elif event == "buy":
            self.put_flash("info", "Bought <it>")
            self.redirect(value["to"])
        elif event == "note":
            self.push_event("noted", {"n": 1})
            self.title = "Noted"
        elif event == "say":
            self.put_flash("info", "Hello")
        if value.get("fail"):
            raise RuntimeError("on purpose")

    def render(self) -> str:
        return f"{sorted(self.state['params'].items())} {self.flash}"


APP = Starlette(routes=live_routes("/shop/{id}", Shop))


@asynccontextmanager
async def opened(query: bytes = b"") -> AsyncIterator[Peer]:
    scope = {**websocket_scope("/shop/7", "flyhot.live.v1"), "query_string": query}
    async with Peer(APP, scope) as peer:
        await peer.accepted()
        assert (await peer.frame())["t"] == "html"
        yield peer


async def shown(peer: Peer) -> str:
    """What the page shows after the next answer."""
    await peer.frame()
    peer.say({"t": "full"})
    return str((await peer.frame())["h"])


def event(name: str, number: int = 1, **value: Any) -> dict[str, Any]:
    return {"t": "ev", "e": name, "v": value, "r": number}


async def test_a_patch_shows_another_address_and_the_view_gets_its_parameters() -> None:
    async with opened(b"page=1") as peer:
        peer.say(event("turn", page=2))
        assert await peer.frame() == {"t": "nav", "to": "?page=2", "k": "push"}
        assert "[('id', '7'), ('page', '2')]" in await shown(peer)
        peer.say(event("turn", 2, page=3, replace=True))
        assert (await peer.frame())["k"] == "replace"
        await peer.frame()


async def test_the_back_button_tells_the_view_and_cannot_change_the_path() -> None:
    async with opened() as peer:
        peer.say(event("flyhot:url", url="/shop/8?page=5&id=9&q=a%26b"))
        assert "[('id', '7'), ('page', '5'), ('q', 'a&b')]" in await shown(peer)


async def test_a_redirect_takes_along_what_there_is_to_say() -> None:
    async with opened() as peer:
        peer.say(event("buy", to="/done?n=1"))
        assert await peer.frame() == {"t": "nav", "to": "/done?n=1", "k": "go", "f": {"info": "Bought <it>"}}
        await peer.frame()


async def test_what_another_view_had_to_say_is_said_here_and_taken_back() -> None:
    async with opened() as peer:
        peer.say(event("flyhot:flash", info="Bought", more=7))
        assert "{'info': 'Bought', 'more': '7'}" in await shown(peer)
        peer.say(event("flyhot:clear-flash", 2, kind="more"))
        assert (await shown(peer)).endswith("{'info': 'Bought'}")
        peer.say(event("flyhot:clear-flash", 3))
        assert (await shown(peer)).endswith("{}")


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "done", "/a\nb", ""])
async def test_a_redirect_to_another_site_is_an_error_of_the_event(to: str, caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as peer:
        peer.say(event("buy", to=to))
        assert (await peer.frame())["err"] is True
        assert "redirect() goes to a path of this site" in caplog.text


async def test_an_event_that_fails_sends_nobody_away(caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as peer:
        peer.say(event("buy", to="/done", fail=True))
        assert (await peer.frame())["err"] is True
        peer.say(event("note", 2))
        assert await peer.frame() == {"t": "push", "e": "noted", "d": {"n": 1}}
        assert (await peer.frame())["title"] == "Noted"


async def test_the_title_is_sent_when_it_changes() -> None:
    async with opened() as peer:
        for number in (1, 2):
            peer.say(event("note", number))
            await peer.frame()
            assert (await peer.frame()).get("title") == (None if number == 2 else "Noted")


async def test_a_view_that_redirects_while_it_is_mounted_is_no_page() -> None:
    status, headers, _ = await request(APP, "/shop/7", query_string=b"away=1")
    assert (status, headers["location"]) == (303, "/elsewhere")


async def test_a_view_that_redirects_as_it_connects_sends_its_visitor_away() -> None:
    scope = {**websocket_scope("/shop/7", "flyhot.live.v1"), "query_string": b"away=1"}
    async with Peer(APP, scope) as peer:
        await peer.accepted()
        assert await peer.frame() == {"t": "nav", "to": "/elsewhere", "k": "go"}
        assert (await peer.frame())["t"] == "html"


async def test_a_flood_of_events_is_taken_at_the_views_pace_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    class Still:
        def __init__(self, *given: Any) -> None:
            self.left = 3

        def take(self, now: float) -> float:
            self.left -= 1
            waits.append(0.0 if self.left >= 0 else 0.001)
            return waits[-1]

    monkeypatch.setattr("flyhot_asgi.live.session.Pace", Still)
    async with opened() as peer:
        for number in range(1, 9):
            peer.say(event("say", number))
        assert [(await peer.frame())["r"] for _ in range(8)] == list(range(1, 9))
    assert waits[:3] == [0.0, 0.0, 0.0] and set(waits[3:]) == {0.001}
