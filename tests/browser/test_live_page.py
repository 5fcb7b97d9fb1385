"""A LiveView page: events, renderings, an upgrade of its class, a hold, a lost connection."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.async_api import Page
from starlette.applications import Starlette
from starlette.routing import Mount

from flyhot_asgi.live import LiveView, PubSub, live_routes
from tests.browser.site import Answer, Site, served
from tests.browser.steps import happened, updated, visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


class Counter(LiveView):
    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"n": int(params.get("from", "0"))}

    async def handle_event(self, event: str, value: dict[str, Any]) -> None:
        self.state["n"] += int(value.get("by", 1))

    def render(self) -> str:
        return (
            f"<h1>Counter</h1><p>{self.state['n']}</p><input name=note><details><summary>?</summary>!</details>"
            '<button data-click="more">more</button><button data-click="more" data-value-by="10">ten</button>'
        )


def render_two(self: Counter) -> str:
    return f"<h1>Counter, upgraded 🎉</h1><section>{Counter.render_one(self)}</section>"  # type: ignore[attr-defined]


def start(**more: Any) -> Site:
    return Site(app=Starlette(routes=live_routes("/counter", Counter)), **more)


async def connected(page: Page) -> None:
    """Wait until the view's first rendering has come over its websocket."""
    await page.wait_for_function("window.happened.some((each) => each[0] === 'render') || window.rendered")


async def open_live(page: Page, site: Site, path: str = "/counter") -> None:
    await page.add_init_script("document.addEventListener('flyhot:render', () => { window.rendered = true })")
    await visit(page, site, path)
    await connected(page)


async def text(page: Page, selector: str, wanted: str) -> None:
    await page.wait_for_function(
        "([selector, wanted]) => document.querySelector(selector)?.textContent === wanted", arg=[selector, wanted]
    )


async def test_clicks_reach_the_server_in_order_and_the_page_shows_it(page: Page) -> None:
    async with served(start()) as site:
        await open_live(page, site, "/counter?from=5")
        await page.click("text=more")
        await page.click("text=ten")
        await text(page, "p", "16")


async def test_an_upgrade_brings_the_new_template_and_keeps_text_focus_details_and_count(
    page: Page, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with served(start()) as site:
        await open_live(page, site)
        await page.click("text=more")
        await text(page, "p", "1")
        await page.evaluate("document.querySelector('details').open = true")
        await page.focus("input")
        await page.keyboard.type("half typed")
        await page.evaluate("document.activeElement.setSelectionRange(4, 4); window.mine = document.activeElement")
        monkeypatch.setattr(Counter, "render_one", Counter.render, raising=False)
        await site.upgrade("two", change=lambda: monkeypatch.setattr(Counter, "render", render_two))
        await text(page, "h1", "Counter, upgraded 🎉")
        await updated(page, "two")
        seen = await page.evaluate(
            """[mark, mine.isConnected, document.activeElement === mine, mine.value, mine.selectionStart,
                document.querySelector("details").open, document.querySelector("p").textContent]"""
        )
        assert seen == ["same document", True, True, "half typed", 4, True, "1"]
        await page.click("text=ten")
        await text(page, "p", "11")
        await page.screenshot(path=tmp_path_factory.getbasetemp() / "live.png")


class Board(LiveView):
    """A view whose page around it changes too."""

    release = 1

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"rows": ["a", "b", "c"]}

    def render(self) -> str:
        if self.release == 1:
            return "".join(f"<p>{row}</p><b>{row}</b>" for row in self.state["rows"]) + "<input name=note>"
        return "<ul>" + "".join(f"<li>{row}</li><p>{row}!</p>" for row in self.state["rows"]) + "</ul><input name=note>"

    def page(self, body: str, script: str) -> str:
        header = f"<header>release {self.release}</header>" + "<nav>new</nav>" * (self.release - 1)
        return f"<!doctype html><html><head>{script}</head><body>{header}<main>{body}</main></body></html>"


async def test_the_page_around_a_view_is_updated_without_touching_what_the_view_shows(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(Site(app=Starlette(routes=live_routes("/board", Board)))) as site:
        await open_live(page, site, "/board")
        await page.fill("input", "typed")
        for release, vsn in ((2, "two"), (3, "three"), (1, "four")):
            monkeypatch.setattr(Board, "release", release)
            await site.upgrade(vsn)
            await updated(page, vsn)
            view = Board()
            view.state = {"rows": ["a", "b", "c"]}
            assert await page.inner_html("[data-live]") == view.render().replace("name=note", 'name="note"')
            assert await page.inner_text("header") == f"release {release}"
            assert await page.locator("nav").count() == release - 1
            assert await page.input_value("input") == "typed"


async def test_a_view_that_is_new_in_a_plain_page_comes_to_life(page: Page) -> None:
    async with served(start()) as site:
        site.pages["/"] = Answer("<html><head>{script}</head><body><h2>plain</h2></body></html>")
        await visit(page, site)
        inside = "<div data-live='/counter'><p>first</p></div>"
        site.pages["/"] = Answer(f"<html><head>{{script}}</head><body><h2>plain</h2>{inside}</body></html>")
        await site.upgrade("two")
        await text(page, "p", "0")
        await page.click("text=ten")
        await text(page, "p", "10")
        site.pages["/"] = Answer("<html><head>{script}</head><body><h2>plain again</h2></body></html>")
        await site.upgrade("three")
        await updated(page, "three")
        while site.registry.sessions:
            await site.registry.changed()


async def test_events_during_a_hold_wait_and_are_answered_by_the_new_code_in_order(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(start()) as site:
        await open_live(page, site)
        site.hub.hold("tx", eta_ms=100, max_ms=5000)
        await page.wait_for_function("flyhot.held")
        await site.hold.suspend(timeout=5, http_drain=1)
        await page.click("text=more")
        await page.click("text=ten")
        seen: list[str] = []

        async def handle_event(self: Counter, event: str, value: dict[str, Any]) -> None:
            seen.append(value.get("by", "1"))
            self.state["n"] += 100

        monkeypatch.setattr(Counter, "handle_event", handle_event)
        site.vsn = "two"
        for unit in site.registry.units():
            unit.resumed("two", True)
        site.hold.resume()
        site.hub.resume("tx", ok=True, vsn="two", render="morph")
        await text(page, "p", "200")
        assert seen == ["1", "10"]


async def test_the_sixty_fifth_event_in_a_hold_is_refused_aloud(page: Page) -> None:
    async with served(start()) as site:
        await open_live(page, site)
        site.hub.hold("tx", eta_ms=100, max_ms=5000)
        await page.wait_for_function("flyhot.held")
        await page.evaluate("for (let n = 0; n < 70; n++) document.querySelector('button').click()")
        assert len(await happened(page, "overflow")) == 6
        assert "Not sent" in await page.inner_text("[role=status]")
        site.hub.resume("tx", ok=False, vsn="one", render="none")
        await text(page, "p", "64")


class Chat(LiveView):
    room = PubSub()
    fail = False

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"lines": [], "draft": ""}
        self.subscribe(self.room, params["room"])
        self.state["room"] = params["room"]

    async def handle_event(self, event: str, value: dict[str, Any]) -> None:
        if event == "draft":
            self.state["draft"] = value["line"]
        elif value["line"] == "boom":
            raise RuntimeError("boom")
        else:
            self.room.publish(self.state["room"], value["line"])

    async def handle_info(self, message: Any) -> None:
        self.state["lines"].append(message)

    def render(self) -> str:
        lines = "".join(f"<li>{html.escape(line)}</li>" for line in self.state["lines"])
        return (
            f'<ul>{lines}</ul><form data-submit="say"><input name="line" data-change="draft" autocomplete="off"></form>'
            f"<output>{html.escape(self.state['draft'])}</output><select name='s'><option>a<option>b</select>"
        )


def chat() -> Site:
    return Site(app=Starlette(routes=live_routes("/rooms/{room}", Chat)))


async def test_a_submitted_field_is_emptied_and_others_pages_keep_what_is_being_typed(page: Page) -> None:
    async with served(chat()) as site:
        await open_live(page, site, "/rooms/window")
        other = await page.context.new_page()
        await open_live(other, site, "/rooms/window")
        await other.fill("input", "still typing")
        await other.select_option("select", "b")
        await page.fill("input", "hello <b>")
        await text(page, "output", "hello <b>")
        await page.keyboard.press("Enter")
        for each in (page, other):
            await text(each, "li", "hello <b>")
        await page.wait_for_function("document.querySelector('input').value === ''")
        assert await other.input_value("input") == "still typing"
        assert await other.input_value("select") == "b"
        await page.keyboard.type("next")
        assert await page.input_value("input") == "next"


async def test_an_event_that_fails_leaves_the_page_and_what_was_typed(
    page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(chat()) as site:
        await open_live(page, site, "/rooms/door")
        await page.fill("input", "boom")
        await page.keyboard.press("Enter")
        await happened(page, "error")
        assert await page.input_value("input") == "boom"
        assert "Chat failed at event 'say'" in caplog.text
        await page.fill("input", "fine")
        await page.keyboard.press("Enter")
        await text(page, "li", "fine")


async def test_a_lost_connection_comes_back_and_keeps_what_was_typed_and_what_waited(page: Page) -> None:
    site = start()
    async with served(site):
        await open_live(page, site)
        await page.fill("input", "typed")
        port = int(site.url.rpartition(":")[2])
    await page.wait_for_function("document.querySelector('[data-live]').hasAttribute('data-flyhot-offline')")
    await page.click("text=ten")  # nobody is there: it waits
    async with served(start(), port=port):
        await text(page, "p", "10")  # a new state, and the event that waited
        assert await page.input_value("input") == "typed"
        assert await page.get_attribute("[data-live]", "data-flyhot-offline") is None


async def test_a_frame_that_is_missed_is_asked_for_again(page: Page) -> None:
    async with served(start()) as site:
        await page.add_init_script(
            """const Real = WebSocket; let drop = false; window.dropNext = () => (drop = true);
            window.WebSocket = class extends Real {
              set onmessage(handler) {
                super.onmessage = (message) => {
                  if (drop && this.protocol === "flyhot.live.v1") drop = false; else handler(message); }; } };"""
        )
        await open_live(page, site)
        await page.evaluate("dropNext()")
        await page.click("text=more")
        await page.click("text=more")
        await text(page, "p", "2")


async def test_without_the_middleware_a_view_works_by_itself_below_a_mount(page: Page) -> None:
    app = Starlette(routes=[Mount("/sub", routes=live_routes("/counter", Counter))])
    async with served(Site(app=app, middleware=False)) as site:
        await page.goto(site.url + "/sub/counter?from=3")
        await page.wait_for_function("window.flyhot")
        await page.click("text=ten")
        await text(page, "p", "13")
        assert await page.evaluate("flyhot.connected") is False


async def test_a_page_of_another_host_cannot_open_the_sockets(page: Page) -> None:
    async with served(start()) as site:
        await page.goto(site.url.replace("127.0.0.1", "localhost") + "/counter")
        tries = """async ([path, protocol]) => new Promise((resolve) => {
          const socket = new WebSocket(path, protocol);
          socket.onopen = () => resolve("open"); socket.onclose = (event) => resolve(event.code); })"""
        base = site.url.replace("http", "ws")
        for path, protocol in (("/counter", "flyhot.live.v1"), ("/_flyhot/ws", "flyhot.v1")):
            assert await page.evaluate(tries, [base + path, protocol]) == 1006
