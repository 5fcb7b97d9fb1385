"""An unmodified PyView app in a real browser: new code, template and state on the same websocket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.live_app import LiveApp, live_app

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

MAIN = """
from pyview import PyView, defaultRootTemplate
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from flyhot_asgi import HotUpgrade
from flyhot_asgi.integrations.pyview import keep_script
from views.counter import CountView

app = PyView()
app.rootTemplate = defaultRootTemplate(head_content=keep_script())
app.mount("/static", StaticFiles(packages=[("pyview", "static")]))
app.add_live_view("/count", CountView)
app.add_middleware(HotUpgrade)
"""
VIEW = """
from typing import TypedDict

from pyview import LiveView


class CountContext(TypedDict):
    count: int


class CountView(LiveView[CountContext]):
    async def mount(self, socket, session):
        socket.context = CountContext(count=0)

    async def handle_event(self, event, payload, socket):
        socket.context["count"] += 1
"""
PAGE = """<div>
  <h1>Counter</h1><p>{{count}}</p><input id="note">
  <details id="more"><summary>more</summary>inside</details><button phx-click="up">+</button>
</div>"""
CODE_CHANGE = """
    def code_change(self, old_vsn, socket, extra):
        if extra["direction"] == "down":
            socket.context = {"count": socket.context["count"]}
        else:
            socket.context = {**socket.context, "clicks": 0}
"""
COUNT_SOCKETS = """
  const Real = window.WebSocket;
  window.opened = [];
  window.WebSocket = class extends Real {
    constructor(...given) { super(...given); window.opened.push(this); }
  };
"""


@pytest.fixture
def app() -> Iterator[LiveApp]:
    files = {"main.py": MAIN, "views/__init__.py": "", "views/counter.py": VIEW, "views/counter.html": PAGE}
    with live_app(files) as running:
        yield running


async def opened(page: Page, app: LiveApp) -> None:
    await page.add_init_script(COUNT_SOCKETS)
    await page.goto(f"http://127.0.0.1:{app.ports[0]}/count")
    await page.wait_for_selector("[data-phx-main].phx-connected")
    for number in (1, 2, 3):
        await page.click("button")
        await shown(page, "p", str(number))
    await page.click("summary")
    await page.fill("#note", "half typ")
    await page.evaluate("window.mark = document.querySelector('#note')")


async def shown(page: Page, selector: str, text: str) -> None:
    await page.wait_for_function(
        "([s, t]) => document.querySelector(s)?.textContent === t", arg=[selector, text], timeout=10_000
    )


async def nothing_lost(page: Page) -> None:
    assert await page.input_value("#note") == "half typ"
    assert await page.evaluate("document.querySelector('details').open")
    assert await page.evaluate("window.mark === document.querySelector('#note')")
    sockets = await page.evaluate("window.opened.filter((s) => s.url.includes('/live/')).map((s) => s.readyState)")
    assert sockets == [1], "one websocket, and it is open"


async def test_a_view_goes_up_and_down_and_its_page_follows(page: Page, app: LiveApp) -> None:
    await opened(page, app)
    app.edit("views/counter.py", ('["count"] += 1', '["count"] += 10\n        socket.context["clicks"] += 1'))
    app.write({"views/counter.py": (app.root / "views/counter.py").read_text() + CODE_CHANGE})
    app.edit("views/counter.html", ("Counter", "Upgraded"), ("</p>", "</p><b>{{clicks}}</b>"))
    done = await app.deploy_meanwhile("hot", "--local")
    assert done.exit_code == 0, done.message
    await shown(page, "h1", "Upgraded")
    await shown(page, "p", "3")
    await shown(page, "b", "0")
    await nothing_lost(page)
    await page.click("button")
    await shown(page, "p", "13")
    await shown(page, "b", "1")
    assert (await app.deploy_meanwhile("rollback", "--local")).exit_code == 0
    await shown(page, "h1", "Counter")
    await shown(page, "p", "13")
    await page.click("button")
    await shown(page, "p", "14")
    await nothing_lost(page)


async def test_a_template_that_changes_where_no_value_does_shows_no_undefined(page: Page, app: LiveApp) -> None:
    await opened(page, app)
    app.edit("views/counter.html", ("<p>{{count}}</p>", "<p>{{count}}</p><i>new, {{count}}</i>"))
    assert (await app.deploy_meanwhile("hot", "--local")).exit_code == 0
    await shown(page, "i", "new, 3")
    await page.click("button")
    await shown(page, "i", "new, 4")
    assert "undefined" not in await page.inner_text("body")
    await nothing_lost(page)


async def test_a_code_change_that_raises_leaves_view_and_page_as_they_were(page: Page, app: LiveApp) -> None:
    await opened(page, app)
    broken = (
        "\n    def code_change(self, old_vsn, socket, extra):\n        socket.context = socket.context['missing']\n"
    )
    app.write({"views/counter.py": VIEW.replace("+= 1", "+= 5") + broken})
    done = await app.deploy_meanwhile("hot", "--local")
    assert (done.exit_code, done.outcome) == (4, "rolled_back"), done.document
    await page.click("button")
    await shown(page, "p", "4")
    await nothing_lost(page)
