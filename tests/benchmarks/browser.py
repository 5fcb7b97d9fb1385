"""From the server's resume to the changed page in a real chromium: LiveView, plain page, 1,000 rows, PyView; and
200 live sessions rendered and sent. Milliseconds, of one run; `best` says what other work on the machine adds.

Both ends are on one machine, so their clocks are one: the page notes `performance.timeOrigin + performance.now()` in a
MutationObserver. Skipped, in words, where there is no chromium.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from flyhot_asgi.live import LiveView, live_routes
from tests.asgi.client.peer import Peer, websocket_scope
from tests.browser.conftest import ARGUMENTS
from tests.browser.site import Answer, Site, served
from tests.browser.steps import visit
from tests.conftest import find_chromium

ROUNDS = 40
SESSIONS = 200

WATCH = """() => {
  new MutationObserver(() => { window.changed = performance.timeOrigin + performance.now(); })
    .observe(document.querySelector("h1"), {subtree: true, characterData: true, childList: true}); }"""
FIELDS = "".join(f'<label>Field {n} <input name="f{n}"></label><p>A line of words, number {n}.</p>' for n in range(20))


class Counter(LiveView):
    release = "v0"

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"rows": int(params.get("rows", "0"))}

    def render(self) -> str:
        rows = "".join(
            f"<li>row {n} of {self.release if n % 10 == 0 else 'all'}</li>" for n in range(self.state["rows"])
        )
        return f"<h1>{self.release}</h1>{FIELDS}<ul>{rows}</ul>"


def plain(release: str) -> Answer:
    return Answer(f"<!doctype html><html><head>{{script}}</head><body><h1>{release}</h1>{FIELDS}</body></html>")


async def measure() -> list[dict[str, Any]]:
    sent = await _two_hundred_sessions()
    rows: list[dict[str, Any]] = [{"what": f"{SESSIONS} live sessions rendered and sent", **sent, "target_ms": 25}]
    path = find_chromium()
    if path is None:
        return [*rows, {"what": "resume to DOM", "skipped": "there is no chromium"}]
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        pages = {
            "LiveView": ("/live", 5),
            "plain page": ("/plain", 12),
            "LiveView, 1,000 rows": ("/live?rows=1000", 20),
        }
        for what, (address, target) in pages.items():
            rows.append({"what": f"{what}: resume to DOM", **await _in_process(browser, address), "target_ms": target})
        rows.append({"what": "peer: the plain page reloads itself", **await _reloading(browser)})
        rows.append({"what": "PyView: resume to DOM", **await _pyview(browser), "target_ms": 5})
        await browser.close()
    return rows


async def _in_process(browser: Any, address: str) -> dict[str, float]:
    Counter.release = "v0"
    async with served(Site(app=Starlette(routes=live_routes("/live", Counter)))) as site:
        site.pages["/plain"] = plain("v0")
        page = await browser.new_page()
        await visit(page, site, address)
        await page.wait_for_selector("h1")
        await page.evaluate(WATCH)

        async def upgrade(number: int) -> float:
            vsn = f"v{number}"
            site.pages["/plain"] = plain(vsn)
            resumed = 0.0

            def change() -> None:
                nonlocal resumed
                Counter.release = vsn
                resumed = time.time() * 1000

            await site.upgrade(vsn, change=change)
            return resumed

        return await _rounds(page, upgrade, lambda number: f"v{number}")


async def _reloading(browser: Any) -> dict[str, float]:
    """What reload tools do: told by a socket, the same page loads anew; all that was typed in it is lost."""
    async with served(Site()) as site:
        site.pages["/"] = plain("v0")
        page = await browser.new_page()
        await page.add_init_script(
            """addEventListener("DOMContentLoaded", () => {
              window.changed = performance.timeOrigin + performance.now();
            })"""
        )
        await visit(page, site, "/")

        async def upgrade(number: int) -> float:
            site.pages["/"] = plain(f"v{number}")
            site.vsn = f"v{number}"
            resumed = time.time() * 1000
            site.hub.resume(f"tx{number}", ok=True, vsn=f"v{number}", render="reload")
            await page.wait_for_function("text => document.querySelector('h1')?.textContent === text", arg=f"v{number}")
            await page.wait_for_function("window.flyhot && window.flyhot.connected")
            return resumed

        return await _rounds(page, upgrade, lambda number: f"v{number}")


async def _rounds(
    page: Any, upgrade: Callable[[int], Awaitable[float]], text: Callable[[int], str]
) -> dict[str, float]:
    found = []
    for number in range(1, ROUNDS + 1):
        resumed = await upgrade(number)
        await page.wait_for_function("text => document.querySelector('h1').textContent === text", arg=text(number))
        found.append(await page.evaluate("window.changed") - resumed)
    found.sort()
    return {
        "median_ms": round(statistics.median(found), 1),
        "p95_ms": round(found[int(len(found) * 0.95) - 1], 1),
        "best_ms": round(found[0], 1),
    }


async def _pyview(browser: Any) -> dict[str, float]:
    """In this process: PyView's own application behind a gate, its sockets told as an upgrade tells them."""
    from pyview import LiveView as PyLiveView
    from pyview import PyView
    from pyview.template import LiveRender, LiveTemplate
    from pyview.vendor.ibis import Template
    from starlette.staticfiles import StaticFiles

    from flyhot_asgi.integrations import pyview as adapter

    release = "v0"

    class View(PyLiveView[Any]):
        async def mount(self, socket: Any, session: Any) -> None:
            socket.context = {"n": 1}

        async def render(self, assigns: Any, meta: Any) -> Any:
            template = LiveTemplate(Template(f"<div><h1>{release}</h1><p>{{{{n}}}}</p>{FIELDS}</div>"))
            return LiveRender(template, assigns, meta)

    app = PyView()
    app.mount("/static", StaticFiles(packages=[("pyview", "static")]))
    app.add_live_view("/py", View)
    adapter.install(Path(__file__).parent)
    async with served(Site(app=app)) as site:
        page = await browser.new_page()
        await page.goto(site.url + "/py")
        await page.wait_for_selector("[data-phx-main].phx-connected")
        await page.evaluate(WATCH)

        async def upgrade(number: int) -> float:
            nonlocal release
            resumed = 0.0

            def change() -> None:
                nonlocal resumed, release
                release = f"v{number}"
                resumed = time.time() * 1000

            await site.upgrade(f"v{number}", change=change)
            return resumed

        return await _rounds(page, upgrade, lambda number: f"v{number}")


async def _two_hundred_sessions() -> dict[str, float]:
    """In memory: from the resume to the last of 200 frames handed to the server."""
    Counter.release = "v0"
    site = Site(app=Starlette(routes=live_routes("/live", Counter)))
    found, cpu = [], []
    async with AsyncExitStack() as stack:
        peers = [
            await stack.enter_async_context(Peer(site, websocket_scope("/live", "flyhot.live.v1")))
            for _ in range(SESSIONS)
        ]
        for peer in peers:
            await peer.accepted()
            await peer.frame()
        for number in range(1, 21):
            resumed = worked = 0.0

            def change(number: int = number) -> None:
                nonlocal resumed, worked
                Counter.release = f"v{number}"
                resumed, worked = time.perf_counter(), time.process_time()

            await site.upgrade(f"v{number}", change=change)
            await asyncio.gather(*(peer.hear() for peer in peers))
            found.append((time.perf_counter() - resumed) * 1000)
            cpu.append((time.process_time() - worked) * 1000)
    median = round(statistics.median(found), 1)
    return {"median_ms": median, "best_ms": round(min(found), 1), "cpu_ms": round(statistics.median(cpu), 1)}
