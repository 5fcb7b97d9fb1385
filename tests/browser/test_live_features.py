"""What a LiveView can do in a browser, beside rendering: on one page, as each page costs a second."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.async_api import Page, expect
from starlette.applications import Starlette

from flyhot_asgi.live import LiveView, PubSub, live_routes
from tests.browser.site import Site, served
from tests.browser.steps import happened, visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

news = PubSub()


class Workshop(LiveView):
    """Keeps a list of what it is told, and shows it."""

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"seen": [], "page": params.get("page", "1"), "name": "", "error": ""}
        self.subscribe(news, "all")

    async def handle_params(self, params: dict[str, str]) -> None:
        self.state["page"] = params.get("page", "1")

    async def handle_info(self, message: Any) -> None:
        self.state["seen"].append(f"info {message}")

    async def handle_event(self, event: str, value: dict[str, Any]) -> None:
        if event == "timer":
            self.send_after(0.05, "rung")
        elif event == "next":
            await self.patch({"page": int(self.state["page"]) + 1})
        elif event == "check":
            self.state["name"] = value["name"]
            self.state["error"] = "too short" if len(value["name"]) < 3 else ""
            self.state["seen"].append(f"check {value['name']} {value['_target']}")
        elif event == "save":
            self.state["name"] = value["name"]
            self.state["error"] = "taken" if value["name"] == "anna" else ""
        elif event == "leave":
            self.put_flash("info", "Left <well>")
            self.redirect("/workshop?page=9")
        elif event == "tell":
            self.push_event("told", {"n": 7})
            self.title = "Told"
        elif event == "key":
            self.state["seen"].append(f"key {value['key']} {value['shift']}")
        elif event == "slow":
            await self.gate.wait()

    gate: Any = None

    def render(self) -> str:
        flash = "".join(
            f'<p class="flash {kind}">{html.escape(text)}<button data-click="flyhot:clear-flash">ok</button></p>'
            for kind, text in self.flash.items()
        )
        seen = "".join(f"<li>{html.escape(each)}</li>" for each in self.state["seen"])
        value = html.escape(self.state["name"])
        clicks = "".join(
            f"<button data-click={name}>{name}</button>" for name in ("timer", "next", "leave", "tell", "slow")
        )
        return (
            f'{flash}<b>{self.state["page"]}</b>{clicks}<a data-patch href="?page=5">five</a>'
            f'<button data-click="often" data-throttle="60000">often</button>'
            f'<form data-change="check" data-debounce="blur" data-submit="save"><input name="name" value="{value}">'
            f'<em role="alert">{self.state["error"]}</em></form>'
            f'<div data-window-keydown="key" data-keys="Escape F2"></div><ol>{seen}</ol>'
        )


def site() -> Site:
    return Site(app=Starlette(routes=live_routes("/workshop", Workshop)))


async def test_the_whole_workshop(page: Page) -> None:
    import asyncio

    Workshop.gate = asyncio.Event()
    async with served(site()) as where:
        await visit(page, where, "/workshop")
        await page.evaluate("addEventListener('live:told', (event) => { window.told = event.detail })")
        number, seen, error = page.locator("b"), page.locator("ol li"), page.locator("em")
        field = page.locator("[name=name]")

        # handle_info, timers, publish and subscribe
        await page.click("text=timer")
        await expect(seen).to_have_text(["info rung"])
        news.publish("all", "hello")
        await expect(seen).to_have_text(["info rung", "info hello"])

        # patch, back, a link; no reload
        await page.click("text=next")
        await expect(number).to_have_text("2")
        await expect(page).to_have_url(re.compile(r"/workshop\?page=2$"))
        await page.click("text=five")
        await expect(number).to_have_text("5")
        await page.go_back()
        await expect(number).to_have_text("2")
        assert await page.evaluate("mark") == "same document"

        # push, title
        await page.click("text=tell")
        await page.wait_for_function("window.told && told.n === 7")
        await expect(page).to_have_title("Told")

        # keys: only those named, wherever the focus is
        await field.focus()
        await page.keyboard.press("a")
        await page.keyboard.press("Shift+F2")
        await expect(seen).to_have_count(4)  # the letter waits for its debounce, and goes first
        await expect(seen.nth(2)).to_have_text("check a name")
        await expect(seen.nth(3)).to_have_text("key F2 True")
        await expect(error).to_have_text("too short")

        # debounce until the field is left; errors; what was typed stays when the form comes back with one
        await field.fill("anna")
        await expect(error).to_have_text("too short")
        await page.click("ol")
        await expect(seen.nth(4)).to_have_text("check anna name")
        await expect(error).to_have_text("")
        await field.press("Enter")
        await expect(error).to_have_text("taken")
        assert await field.input_value() == "anna"

        # an answer that is late is shown after a moment, and no longer when it is there
        await page.click("text=slow")
        assert await page.locator("text=slow").get_attribute("data-flyhot-pending") == ""
        await page.wait_for_function("document.documentElement.dataset.flyhot === 'wait'")
        await page.wait_for_selector("[data-flyhot-ignore=bar]", state="attached")
        Workshop.gate.set()
        await page.wait_for_function("document.documentElement.dataset.flyhot === undefined")
        await page.wait_for_selector("[data-flyhot-ignore=bar]", state="detached")
        assert await page.locator("text=slow").get_attribute("data-flyhot-pending") is None

        # a redirect takes what there is to say along
        await page.click("text=leave")
        await expect(page.locator(".flash.info")).to_have_text("Left <well>ok")
        await expect(number).to_have_text("9")
        await page.click("text=ok")
        await expect(page.locator(".flash")).to_have_count(0)


async def test_after_a_real_restart_forms_tell_what_was_typed_and_then_what_waited_is_sent(page: Page) -> None:
    async with served(site()) as where:
        await visit(page, where, "/workshop?page=3")
        await page.wait_for_selector("form")
        await page.locator("[name=name]").fill("half ty")
        port = int(where.url.rpartition(":")[2])
    await page.wait_for_function("document.documentElement.dataset.flyhot === 'offline'")
    await page.click("text=timer")  # nobody is there: it waits
    async with served(site(), port=port):
        await expect(page.locator("ol li")).to_have_text(["check half ty name", "info rung"])
        assert await page.locator("[name=name]").input_value() == "half ty"
        assert await page.evaluate("document.documentElement.dataset.flyhot") is None
        await happened(page, "offline")
