"""What all tests share: the browser, and the rules for CI: a browser test may not be skipped; one that fails among
servers or browsers is tried once more.

A test marked `browser` needs a chromium of the machine (on PATH, or named by FLYHOT_CHROMIUM). Without one it
is skipped; with FLYHOT_REQUIRE_BROWSER=1 (CI) it fails instead, and so does one that skips itself.

With FLYHOT_SECOND_TRY=1 (CI) a test that starts servers or a browser and fails is run again once, and the summary
names it (RERUN): a machine that stood still for seconds says nothing about the code. All others are deterministic.
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flyhot_asgi.release import began

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

HERE = Path(__file__).parent
began.BEGAN = float("inf")  # tests write their apps long after this process began, and import them as they wrote them
WITH_SERVERS = frozenset({"deploy_demo", "e2e", "example"})
ON_THE_MACHINE = frozenset({"servers", "browser"})
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


def find_chromium() -> str | None:
    """Path of the machine's chromium, or None."""
    named = os.environ.get("FLYHOT_CHROMIUM")
    if named:
        return named
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def switched_on(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")


def browser_required() -> bool:
    return switched_on("FLYHOT_REQUIRE_BROWSER")


def group_of(item: pytest.Item) -> str:
    """Tests with servers run one after the other, whatever the number of workers, and those with a browser: two
    crews at once would time each other. All others run beside them, file by file."""
    top = item.path.relative_to(HERE).parts[0]
    if top in WITH_SERVERS or item.get_closest_marker("e2e"):
        return "servers"
    if item.get_closest_marker("browser"):
        return "browser"
    return str(item.path)


@functools.cache
def any_machine() -> None:
    """How long examples take is the machine's business, not the code's."""
    from hypothesis import HealthCheck, settings

    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")


def pytest_pycollect_makemodule(module_path: Path) -> None:
    """Before it is imported. Most have no need of hypothesis: an upgrade looks at the whole heap of its process."""
    if b"hypothesis" in module_path.read_bytes():
        any_machine()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = group_of(item)
        item.add_marker(pytest.mark.xdist_group(group))
        if group in ON_THE_MACHINE and switched_on("FLYHOT_SECOND_TRY"):
            item.add_marker(pytest.mark.flaky(reruns=1))
    if find_chromium() is not None or browser_required():
        return
    skip = pytest.mark.skip(reason="no chromium on PATH (apt-get install chromium)")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and browser_required():
        if item.get_closest_marker("browser"):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: a browser test was skipped, but FLYHOT_REQUIRE_BROWSER is set"
    return report


@pytest.fixture
def chromium_path() -> str:
    """Path of the machine's chromium. For tests marked `browser`."""
    path = find_chromium()
    if path is None:
        pytest.fail("no chromium on PATH, but FLYHOT_REQUIRE_BROWSER is set")
    return path


@pytest.fixture
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    """A headless chromium of its own for the test, closed afterwards."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_ARGS)
        try:
            yield launched
        finally:
            await launched.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """One page of `browser`; an error thrown in the page fails the test at its end."""
    opened = await browser.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    assert not errors, f"the page threw: {errors}"
