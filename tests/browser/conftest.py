"""One chromium and one profile for all browser tests of this folder, one page for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.conftest import find_chromium

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The one chromium."""
    from playwright.async_api import async_playwright

    path = find_chromium()
    if path is None:
        pytest.fail("no chromium on PATH, but FLYHOT_REQUIRE_BROWSER is set")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def profile(browser: Browser) -> AsyncIterator[BrowserContext]:
    """One profile for all: each test's site has an origin of its own."""
    context = await browser.new_context(viewport={"width": 900, "height": 700})
    context.set_default_timeout(5000)
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(profile: BrowserContext) -> AsyncIterator[Page]:
    """A page of its own; an error thrown in it fails the test at its end."""
    opened = await profile.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    for each in profile.pages:
        await each.close()
    assert not errors, f"the page threw: {errors}"
