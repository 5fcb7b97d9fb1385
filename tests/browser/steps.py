"""What browser tests do again and again. Each waits for a condition in the page, never for a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from playwright.async_api import Page

from tests.browser.site import Site


async def visit(page: Page, site: Site, path: str = "/") -> None:
    """Open the page, and wait until the server knows it. What the page does from now on is in `window.happened`."""
    await page.goto(site.url + path)
    await page.evaluate(
        """() => {
          window.happened = [];
          for (const name of "updated kept assets hold offline resume render overflow lost error".split(" "))
            document.addEventListener("flyhot:" + name, (event) => happened.push([name, event.detail]));
          window.mark = "same document";
        }"""
    )
    await page.wait_for_function("window.flyhot && window.flyhot.connected")


async def updated(page: Page, vsn: str) -> None:
    """Wait until the page shows release `vsn`."""
    await page.wait_for_function("vsn => window.flyhot.vsn === vsn", arg=vsn)


async def happened(page: Page, name: str) -> list[dict[str, object]]:
    """Wait for the event `flyhot:<name>`; what all of them carried so far."""
    await page.wait_for_function("name => happened.some((each) => each[0] === name)", arg=name)
    found: list[dict[str, object]] = await page.evaluate(
        "name => happened.filter((each) => each[0] === name).map(([_, {root, ...more}]) => more)", name
    )
    return found


async def until(condition: Callable[[], object]) -> None:
    """Wait for something in this process."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
