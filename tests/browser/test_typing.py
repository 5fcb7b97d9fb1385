"""Somebody types while release after release comes: no key is lost, no frame unstyled, no connection opened again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.async_api import Page
from starlette.applications import Starlette

from flyhot_asgi.live import LiveView, live_routes
from tests.browser.site import Answer, Site, served
from tests.browser.steps import updated, visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

UPGRADES = 20
WORDS = "the quick brown fox jumps over the lazy dog, "
SAMPLE = """() => {
  window.unstyled = 0;
  const look = () => {
    if (getComputedStyle(document.querySelector("h1")).color === "rgb(0, 0, 0)") unstyled++;
    requestAnimationFrame(look);
  };
  look();
}"""


class Draft(LiveView):
    """Answers each key with another rendering around the field."""

    release = 0

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"heard": ""}

    async def handle_event(self, event: str, value: dict[str, Any]) -> None:
        self.state["heard"] = value["words"]

    def render(self) -> str:
        new = "".join(f"<p>release {number}</p>" for number in range(self.release % 4))
        return (
            f"<h1>release {self.release}</h1>{new}<form data-change='typed'><label>Words <textarea name='words'>"
            f"</textarea></label></form><output>{self.state['heard']}</output>"
        )

    def page(self, body: str, script: str) -> str:
        sheet = f'<link rel="stylesheet" href="/r{self.release}.css">'
        return f"<!doctype html><html><head>{sheet}{script}</head><body>{body}</body></html>"


def plain(release: int) -> Answer:
    new = "".join(f"<p>release {number}</p>" for number in range(release % 4))
    return Answer(
        f'<!doctype html><html><head><link rel="stylesheet" href="/r{release}.css">{{script}}</head><body>'
        f"<h1>release {release}</h1>{new}<form><input name='a{release % 3}'><textarea name='words'></textarea></form>"
        "</body></html>"
    )


@pytest.mark.parametrize("path", ["/plain", "/live"])
async def test_twenty_upgrades_while_somebody_types(page: Page, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draft, "release", 0)
    async with served(Site(app=Starlette(routes=live_routes("/live", Draft)))) as site:
        for release in range(UPGRADES + 1):
            site.pages[f"/r{release}.css"] = Answer(f"h1 {{color: rgb(9, 9, {release + 1})}}", kind="text/css")
        site.pages["/plain"] = plain(0)
        page.set_default_timeout(60_000)
        opened: list[str] = []
        page.on("websocket", lambda socket: opened.append(socket.url))
        await visit(page, site, path)
        await page.evaluate(SAMPLE)
        await page.focus("textarea")
        done = asyncio.Event()
        typed = ""
        pressed = asyncio.Event()

        async def type_on() -> None:
            nonlocal typed
            while not done.is_set():
                key = WORDS[len(typed) % len(WORDS)]
                await page.keyboard.type(key)
                typed += key
                pressed.set()
                await asyncio.sleep(0.1)  # ten keys a second: somebody who types

        typing = asyncio.create_task(type_on())
        try:
            for release in range(1, UPGRADES + 1):
                site.pages["/plain"] = plain(release)
                await site.upgrade(f"v{release}", change=lambda release=release: setattr(Draft, "release", release))  # type: ignore[misc]
                if release % 5 == 0:  # else the next one comes as it likes: in a burst
                    await updated(page, f"v{release}")
                pressed.clear()
                async with asyncio.timeout(60):  # on a slow machine, somebody who types slowly
                    await pressed.wait()
        finally:
            done.set()
            await typing
        await page.wait_for_function(f"document.querySelector('h1').textContent === 'release {UPGRADES}'")
        assert len(typed) >= UPGRADES
        assert await page.input_value("textarea") == typed
        assert await page.evaluate("[mark, document.activeElement.name, unstyled]") == ["same document", "words", 0]
        if path == "/live":
            await page.wait_for_function("typed => document.querySelector('output').textContent === typed", arg=typed)
        assert len(opened) == (2 if path == "/live" else 1), "each websocket was opened once"
        assert site.hub.statistics().sockets_in_all == 1


@pytest.mark.parametrize("path", ["/plain", "/live"])
async def test_a_word_that_is_being_composed_is_neither_cut_nor_doubled(
    page: Page, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Draft, "release", 0)
    async with served(Site(app=Starlette(routes=live_routes("/live", Draft)))) as site:
        site.pages["/plain"] = plain(0)
        for release in (0, 1):
            site.pages[f"/r{release}.css"] = Answer("", kind="text/css")
        await visit(page, site, path)
        await page.focus("textarea")
        keyboard = await page.context.new_cdp_session(page)
        await keyboard.send("Input.imeSetComposition", {"text": "に", "selectionStart": 1, "selectionEnd": 1})
        site.pages["/plain"] = plain(1)
        await site.upgrade("v1", change=lambda: setattr(Draft, "release", 1))
        if path == "/live":  # a view's field is not touched, so what is around it needs not wait
            await page.wait_for_function("document.querySelector('h1').textContent === 'release 1'")
        await keyboard.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
        assert await page.input_value("textarea") == "にほ"
        await keyboard.send("Input.insertText", {"text": "日本"})
        await updated(page, "v1")
        assert await page.evaluate("document.querySelector('h1').textContent") == "release 1"
        assert await page.input_value("textarea") == "日本"
        await keyboard.detach()
