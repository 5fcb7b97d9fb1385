"""PyView templates with loops, branches and forms, as its examples have them, through several releases: one page, one
websocket, what was typed stays, and nothing is ever "undefined"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from flyhot_asgi.integrations import pyview as adapter
from tests.browser.site import Site, served

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FORM = """<form phx-change="filter" phx-submit="add"><input name="item" id="item" value="">
  <select name="kind" id="kind"><option>all<option>open<option>done</select></form>"""
RELEASES = (
    "<div><h1>List</h1>" + FORM + "<ul>{% for item in items %}<li>{{item.name}}</li>{% endfor %}</ul></div>",
    "<div><h1>List of {{count}}</h1><p>new</p>" + FORM + "{% if count > 1 %}<b>{{count}} things</b>{% else %}<b>few</b>"
    "{% endif %}<ul>{% for item in items %}<li><i>{{item.name}}</i>{% if item.done %} done{% endif %}</li>{% endfor %}"
    "</ul></div>",
    "<div><h1>{{count}}</h1>" + FORM + "{% if count > 99 %}<b>many</b>{% endif %}<ol>{% for item in items %}"
    "<li>{{item.name}}: {{item.done}}</li>{% endfor %}</ol></div>",
)


async def test_loops_branches_and_forms_through_releases_on_one_websocket(page: Page) -> None:
    from pyview import LiveView, PyView, defaultRootTemplate
    from pyview.template import LiveRender, LiveTemplate
    from pyview.vendor.ibis import Template
    from starlette.staticfiles import StaticFiles

    release = 0

    class Todo(LiveView[Any]):
        async def mount(self, socket: Any, session: Any) -> None:
            socket.context = {"items": [{"name": "eggs", "done": False}, {"name": "milk", "done": True}], "count": 2}

        async def handle_event(self, event: str, payload: Any, socket: Any) -> None:
            if event == "add":
                socket.context["items"].append({"name": payload["item"][0], "done": False})
                socket.context["count"] += 1

        async def render(self, assigns: Any, meta: Any) -> Any:
            return LiveRender(LiveTemplate(Template(RELEASES[release])), assigns, meta)

    app = PyView()
    app.rootTemplate = defaultRootTemplate(head_content=adapter.keep_script())
    app.mount("/static", StaticFiles(packages=[("pyview", "static")]))
    app.add_live_view("/todo", Todo)
    adapter.install(Path(__file__).parent)

    def to(number: int) -> None:
        nonlocal release
        release = number

    async with served(Site(app=app)) as site:
        opened: list[str] = []
        page.on("websocket", lambda socket: opened.append(socket.url))
        await page.goto(site.url + "/todo")
        await page.wait_for_selector("[data-phx-main].phx-connected")
        await page.select_option("#kind", "done")
        await page.fill("#item", "half ty")
        await page.evaluate("window.mark = document.querySelector('#item')")
        heads = ("List", "List of 2", "2")
        for number in (1, 2, 0, 2, 1):
            await site.upgrade(f"v{number}", change=lambda number=number: to(number))  # type: ignore[misc]
            await expect(page.locator("h1")).to_have_text(heads[number])
            assert await page.locator("li").count() == 2
            assert "undefined" not in await page.inner_text("body")
            assert await page.input_value("#item") == "half ty"
            assert await page.evaluate("document.activeElement === mark")
        await page.keyboard.type("ped")
        await page.keyboard.press("Enter")
        await expect(page.locator("li")).to_have_text(["eggs", "milk done", "half typed"])
        await expect(page.locator("b")).to_have_text("3 things")
        assert await page.input_value("#kind") == "done"
        assert len([url for url in opened if "/live/" in url]) == 1
