"""When the page stays as it is, when it waits, and when it asks again."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page

from tests.browser.site import Answer, Site, served
from tests.browser.steps import happened, updated, visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ONE = "<!doctype html><html><head>{script}</head><body><p>1</p><input></body></html>"
TWO = ONE.replace("1", "2")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer("", status=302, headers={"location": "/login"}), "redirects"),
        (Answer("<p>broken</p>", status=500), "500"),
        (Answer('{"not": "html"}', kind="application/json"), "no HTML"),
        (Answer("<p>gone</p>", status=404), "404"),
    ],
    ids=["a redirect to the login", "a server error", "no html", "not found"],
)
async def test_what_is_no_page_is_not_applied(page: Page, answer: Answer, why: str) -> None:
    async with served(Site()) as site:
        site.pages["/"] = Answer(ONE)
        site.pages["/login"] = Answer(TWO)
        await visit(page, site)
        await page.fill("input", "typed")
        site.pages["/"] = answer
        await site.upgrade("two")
        (kept,) = await happened(page, "kept")
        assert why in str(kept["error"])
        assert await page.evaluate(
            "[document.querySelector('p').textContent, document.querySelector('input').value]"
        ) == [
            "1",
            "typed",
        ]
        # The next release is shown all the same.
        site.pages["/"] = Answer(TWO)
        await site.upgrade("three")
        await updated(page, "three")
        assert await page.evaluate(
            "[document.querySelector('p').textContent, document.querySelector('input').value]"
        ) == [
            "2",
            "typed",
        ]


async def test_a_page_may_opt_out(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/"] = Answer(ONE.replace("{script}", '{script}<meta name="flyhot" content="off">'))
        await visit(page, site)
        await site.upgrade("two")
        await happened(page, "kept")
        assert site.asked.count("/") == 1


async def test_a_failed_upgrade_changes_nothing_and_ends_the_hold(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/"] = Answer(ONE)
        await visit(page, site)
        site.hub.hold("tx", eta_ms=100, max_ms=5000)
        await page.wait_for_function("document.documentElement.dataset.flyhot === 'hold'")
        assert await page.get_attribute("body", "aria-busy") == "true"
        site.hub.resume("tx", ok=False, vsn="one", render="none")
        await happened(page, "resume")
        assert await page.evaluate("[document.documentElement.dataset.flyhot, document.body.ariaBusy]") == [None, None]
        assert await page.evaluate("flyhot.vsn") == "one"
        assert site.asked.count("/") == 1


async def test_a_short_hold_shows_no_indicator(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/"] = Answer(ONE)
        await visit(page, site)
        site.hub.hold("tx", eta_ms=10, max_ms=5000)
        site.hub.resume("tx", ok=True, vsn="one", render="none")
        await happened(page, "resume")
        assert await page.evaluate("happened.map((each) => each[0])") == ["resume"]


async def test_a_hold_that_nobody_ends_is_over_after_its_longest_time(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/"] = Answer(ONE)
        await visit(page, site)
        site.hub.hold("tx", eta_ms=100, max_ms=400)
        await happened(page, "hold")
        await happened(page, "resume")
        assert await page.evaluate("flyhot.held") is False


async def test_a_burst_of_releases_ends_with_the_last_one_and_few_requests(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/"] = Answer(ONE)
        await visit(page, site)
        slow = asyncio.Event()
        site.pages["/"] = Answer(TWO, wait=slow)
        for vsn in ("two", "three", "four", "five"):
            site.vsn = vsn
            site.hub.resume(vsn, ok=True, vsn=vsn, render="morph")
        await page.fill("input", "typed meanwhile")
        slow.set()
        await updated(page, "five")
        assert await page.inner_text("p") == "2"
        assert await page.input_value("input") == "typed meanwhile"
        assert site.asked.count("/") <= 3


async def test_a_worker_that_is_late_is_asked_again(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/"] = Answer(ONE)
        await visit(page, site)
        site.hub.resume("tx", ok=True, vsn="two", render="morph")  # but this worker still answers as "one"
        async with page.expect_response(lambda response: response.url == site.url + "/") as first:
            pass
        assert (await (await first.value).all_headers())["x-flyhot-vsn"] == "one"
        site.vsn = "two"
        site.pages["/"] = Answer(TWO)
        await updated(page, "two")
        assert await page.inner_text("p") == "2"


async def test_a_page_left_alone_by_a_restart_catches_up_when_it_is_back(page: Page) -> None:
    site = Site()
    site.pages["/"] = Answer(ONE)
    async with served(site):
        await visit(page, site)
        await page.fill("input", "typed")
        port = int(site.url.rpartition(":")[2])
    later = Site()
    later.vsn = "two"
    later.pages["/"] = Answer(TWO)
    async with served(later, port=port):
        await updated(page, "two")
        assert await page.evaluate(
            "[document.querySelector('p').textContent, document.querySelector('input').value]"
        ) == [
            "2",
            "typed",
        ]


async def test_an_application_below_a_path_is_updated_too(page: Page) -> None:
    async with served(Site(root_path="/shop")) as site:
        site.pages["/"] = Answer(ONE)
        await visit(page, site)
        site.pages["/"] = Answer(TWO)
        await site.upgrade("two")
        await updated(page, "two")
        assert await page.inner_text("p") == "2"
        assert site.hub.statistics().sockets == 1


async def test_a_plain_tag_without_a_vsn_works_too(page: Page) -> None:
    async with served(Site()) as site:
        plain = '<script src="/_flyhot/flyhot.js" defer></script>'
        site.pages["/"] = Answer(ONE.replace("{script}", plain))
        await visit(page, site)
        site.pages["/"] = Answer(TWO.replace("{script}", plain))
        await site.upgrade("two")
        await updated(page, "two")
        assert await page.inner_text("p") == "2"


async def test_a_hidden_tab_asks_for_nothing_until_it_is_shown(page: Page) -> None:
    await page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.away === true })")
    async with served(Site()) as site:
        site.pages["/"] = Answer(ONE)
        await visit(page, site)
        await page.evaluate("window.away = true")
        site.pages["/"] = Answer(TWO)
        await site.upgrade("two")
        await happened(page, "resume")
        assert await page.evaluate("[document.querySelector('p').textContent, flyhot.vsn]") == ["1", "one"]
        assert site.asked.count("/") == 1
        await page.evaluate("(window.away = false, document.dispatchEvent(new Event('visibilitychange')))")
        await updated(page, "two")
        assert await page.inner_text("p") == "2"
        assert site.asked.count("/") == 2


@pytest.mark.parametrize(("motion", "moving"), [("reduce", 0), ("no-preference", 1)])
async def test_the_line_of_a_hold_stands_still_for_who_asks_for_it(page: Page, motion: str, moving: int) -> None:
    await page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
    async with served(Site()) as site:
        site.pages["/"] = Answer(ONE)
        await visit(page, site)
        site.hub.hold("tx", eta_ms=100, max_ms=60000)
        await page.wait_for_selector("[data-flyhot-ignore=bar]", state="attached")
        assert await page.evaluate("document.getAnimations().length") == moving
        site.hub.resume("tx", ok=True, vsn="one", render="none")
        await page.wait_for_selector("[data-flyhot-ignore=bar]", state="detached")
