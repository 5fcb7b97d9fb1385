"""What a visitor sees of the example app's upgrades: new pages in place, and everything typed still there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from websockets.asyncio.client import connect

from flyhot_deploy.demo.story import Stage, stage
from flyhot_deploy.demo.upgrades import Expectation, run_command

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

TO_2 = Expectation("1", "2", ("hot", "--local"), succeeds=True)
TO_BAD = Expectation("2", "bad", ("hot", "--local"), succeeds=False)
TO_3 = Expectation("2", "3", ("hot", "--local"), succeeds=True)
BACK = Expectation("3", "2", ("rollback",), succeeds=True)
ACCENT = "getComputedStyle(document.querySelector('.release')).backgroundColor"


@pytest.fixture
async def noon() -> AsyncIterator[Stage]:
    async with stage(1) as where:
        yield where


async def visit(browser: Browser, url: str) -> Page:
    """A page that would show if it were loaded anew, or if its script threw."""
    page = await browser.new_page()
    page.set_default_timeout(15_000)
    await page.goto(url)
    await page.evaluate("window.mark = 'the same page'")
    return page


async def is_at(page: Page, release: str) -> None:
    """Wait until the page shows this release; it must be the page that was opened."""
    from playwright.async_api import expect

    await expect(page.locator(".release")).to_have_text(f"release {release}", timeout=15_000)
    assert await page.evaluate("window.mark") == "the same page"


async def accent(page: Page, colour: str) -> None:
    await page.wait_for_function(f"{ACCENT} === '{colour}'")


CHART = "[...document.querySelectorAll('.chart text')].map((each) => each.textContent)"


async def shows_what_a_new_page_shows(page: Page, noon: Stage) -> None:
    """The merged chart has exactly the server's texts: nothing lost, nothing left over."""
    browser = page.context.browser
    assert browser is not None
    fresh = await browser.new_page()
    await fresh.goto(f"{noon.urls[0]}/poll")
    wanted = await fresh.evaluate(CHART)
    await fresh.close()
    assert await page.evaluate(CHART) == wanted


async def upgrade(noon: Stage, step: Expectation) -> None:
    told = await noon.upgrade(step)
    assert told.problem is None, told.problem


async def only_a_stylesheet_changes(page: Page, noon: Stage) -> None:
    """No page is asked for, no view renders, no frame is without style."""
    poll = await visit(page.context.browser, f"{noon.urls[0]}/poll")  # type: ignore[arg-type]
    sent: list[str] = []
    asked: list[str] = []
    poll.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append(str(frame))))
    await poll.reload()
    await poll.get_by_role("button", name="Ramen").wait_for()
    await poll.wait_for_function("window.flyhot && window.flyhot.connected")
    await poll.evaluate("window.mark = 'the same page'")
    page.on("request", lambda request: asked.append(request.resource_type))
    poll.on("request", lambda request: asked.append(request.resource_type))
    await page.evaluate(
        f"""() => {{ window.colours = new Set();
          const look = () => {{ colours.add({ACCENT}); requestAnimationFrame(look); }}; look(); }}"""
    )
    theme = noon.folder / "app" / "static" / "theme.css"
    theme.write_text(theme.read_text().replace("#1c8557", "#123456"))
    told = await run_command(noon.folder, "hot", "--local")
    assert told.exit_code == 0, told
    for each in (page, poll):
        await accent(each, "rgb(18, 52, 86)")
        assert await each.evaluate("window.mark") == "the same page"
    colours = await page.evaluate("[...colours]")  # the theme goes from one to the other in many
    assert colours[0] == "rgb(28, 133, 87)" and "rgba(0, 0, 0, 0)" not in colours
    assert "document" not in asked
    assert not [frame for frame in sent if '"q":1' in frame], "the view was rendered again"
    await poll.close()


async def test_a_form_that_is_being_typed_into_survives_everything(noon: Stage, browser: Browser) -> None:
    page = await visit(browser, f"{noon.urls[0]}/suggest")
    await page.locator("#name").fill("Ann")
    await page.locator("#words").press_sequentially("half a sent")
    await upgrade(noon, TO_2)
    await is_at(page, "2")
    await accent(page, "rgb(28, 133, 87)")
    assert await page.locator("#dish option").count() == 5
    assert await page.locator("#name").input_value() == "Ann"
    await page.keyboard.type("ence")
    assert await page.locator("#words").input_value() == "half a sentence"
    await only_a_stylesheet_changes(page, noon)
    await upgrade(noon, TO_3)
    await is_at(page, "3")
    await upgrade(noon, BACK)
    await is_at(page, "2")
    await accent(page, "rgb(18, 52, 86)")
    assert await page.locator("#words").input_value() == "half a sentence"
    await page.get_by_role("button", name="Put it in").click()
    await page.get_by_text("half a sentence").last.wait_for()


async def test_the_poll_goes_on_with_the_votes_and_knows_who_voted(noon: Stage, browser: Browser) -> None:
    page = await visit(browser, f"{noon.urls[0]}/poll")
    other = await visit(browser, f"{noon.urls[0]}/poll")
    await page.get_by_role("button", name="Ramen").click()
    await page.get_by_text("You chose Ramen.").wait_for()
    await upgrade(noon, TO_2)
    await is_at(page, "2")
    await shows_what_a_new_page_shows(page, noon)
    await page.get_by_role("button", name="Pizza").click()
    await page.get_by_text("You chose Pizza and changed your mind once.").wait_for()
    await other.get_by_text("1 · 100 %").wait_for()
    async with connect(f"ws://127.0.0.1:{noon.servers[0].port}/ws/chat?name=guest-13&table=x"):
        await upgrade(noon, TO_BAD)
    await is_at(page, "2")
    await upgrade(noon, TO_3)
    await is_at(page, "3")
    await page.get_by_text("You chose Pizza and changed your mind once.").wait_for()
    await shows_what_a_new_page_shows(page, noon)
    await page.get_by_role("button", name="Hurrah for Pizza").click()
    await other.get_by_text("Pizza (2)").wait_for()
    await upgrade(noon, BACK)
    await is_at(page, "2")
    await page.get_by_text("You chose Pizza and changed your mind once.").wait_for()
    assert (await noon.servers[0].ask("/api/poll"))["votes"]["Pizza"] == 2


async def test_the_chat_stays_on_its_one_connection(noon: Stage, browser: Browser) -> None:
    page = await visit(browser, f"{noon.urls[0]}/chat")
    await page.get_by_text("on one connection since").wait_for()
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    await page.locator("#text").fill("hello")
    await page.keyboard.press("Enter")
    await page.locator("#log").get_by_text("hello").wait_for()
    await page.locator("#text").fill("not sent yet")
    await upgrade(noon, TO_2)
    await is_at(page, "2")
    await page.locator("#text").press("Enter")
    await page.locator("#log").get_by_text("not sent yet").wait_for()
    await upgrade(noon, TO_3)
    await is_at(page, "3")
    await page.locator("#text").fill("/me waves :tada:")
    await page.keyboard.press("Enter")
    await page.locator("#log .did").get_by_text("waves 🎉").wait_for()
    assert await page.locator("#log").get_by_text("hello").count() == 1
    assert not [url for url in sockets if "/ws/chat" in url]
