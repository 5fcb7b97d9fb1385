"""The merge alone, on many generated pages: where nobody but the server changed anything, the page is what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page

from flyhot_asgi.client.build import CORE, SOURCES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

GENERATOR = Path(__file__).with_name("generated_pages.js").read_text("utf-8")


def client_and(script: str) -> str:
    """A function of one argument: the client's parts without its start, and then `script`."""
    parts = "".join((SOURCES / f"{part}.js").read_text("utf-8") for part in CORE if part != "start")
    return f"(seed) => {{\n{parts}\n{GENERATOR}\n{script}\n}}"


@pytest.mark.parametrize("seed", [1, 20261123])
async def test_after_each_step_the_page_is_what_the_server_says(page: Page, seed: int) -> None:
    assert await page.evaluate(client_and("return differences(seed, 400)"), seed) == []


@pytest.mark.parametrize("seed", [2, 1123])
async def test_fields_that_stay_keep_their_text_and_no_text_moves_to_another_field(page: Page, seed: int) -> None:
    assert await page.evaluate(client_and("return strayTexts(seed, 400)"), seed) == []


async def test_a_long_list_is_merged_row_by_row(page: Page) -> None:
    script = """
      const rows = (change) => "<ul>" + Array.from({length: 1000}, (_, n) =>
        `<li class="row"><b>${n}</b> <i>${n % 7 === 0 ? change : "same"}</i></li>`).join("") + "</ul>";
      const {root, say} = screen(rows("one"));
      const first = [...root.querySelectorAll("li")];
      const right = say(rows("two"));
      const longer = say(rows("two").replace("<ul>", "<ul><li>new</li>"));
      return [right, longer, first.every((each) => each.isConnected)];"""
    assert await page.evaluate(client_and(script), 0) == [True, True, True]
