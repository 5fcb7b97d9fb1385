"""Stylesheets, scripts and policies of a page that goes from one release to the next."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page

from tests.browser.site import Answer, Site, served
from tests.browser.steps import happened, until, updated, visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def document(body: str, head: str = "", **more: object) -> Answer:
    html = f"<!doctype html><html><head>{{script}}{head}</head><body>{body}</body></html>"
    return Answer(html, **more)  # type: ignore[arg-type]


def css(text: str, **more: object) -> Answer:
    return Answer(text, kind="text/css", **more)  # type: ignore[arg-type]


async def upgrade(page: Page, site: Site, answer: Answer, vsn: str = "two") -> None:
    site.pages["/"] = answer
    await site.upgrade(vsn)
    await updated(page, vsn)


COLOUR = "getComputedStyle(document.querySelector('h1')).color"


async def test_a_new_stylesheet_applies_before_the_markup_changes_and_the_old_one_goes_last(page: Page) -> None:
    async with served(Site()) as site:
        slow = asyncio.Event()
        site.pages["/one.css"] = css("h1 {color: rgb(1, 1, 1)}")
        site.pages["/two.css"] = css("h1 {color: rgb(2, 2, 2)}", wait=slow)
        site.pages["/"] = document("<h1>one</h1>", '<link rel="stylesheet" href="/one.css">')
        await visit(page, site)
        await page.evaluate(
            f"""() => {{ window.colours = [];
              new MutationObserver(() => colours.push([document.querySelector("h1").textContent, {COLOUR}]))
                .observe(document.body, {{subtree: true, characterData: true, childList: true}}); }}"""
        )
        site.pages["/"] = document("<h1>two</h1>", '<link rel="stylesheet" href="/two.css">')
        await site.upgrade("two")
        await page.wait_for_selector('link[href="/two.css"]', state="attached")
        assert await page.evaluate(f"[document.querySelector('h1').textContent, {COLOUR}]") == ["one", "rgb(1, 1, 1)"]
        slow.set()
        await updated(page, "two")
        assert await page.evaluate("colours[0]") == ["two", "rgb(2, 2, 2)"]
        assert await page.evaluate("[...document.styleSheets].map((each) => new URL(each.href).pathname)") == [
            "/two.css"
        ]


async def test_a_stylesheet_that_cannot_be_loaded_leaves_the_old_one_in_charge_until_one_can(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/one.css"] = css("h1 {color: rgb(1, 1, 1)}")
        site.pages["/"] = document("<h1>one</h1>", '<link rel="stylesheet" href="/one.css">')
        await visit(page, site)
        await upgrade(page, site, document("<h1>two</h1>", '<link rel="stylesheet" href="/missing.css">'))
        assert await page.evaluate(f"[document.querySelector('h1').textContent, {COLOUR}]") == ["two", "rgb(1, 1, 1)"]
        assert await happened(page, "assets") == [{"broken": True}]
        site.pages["/missing.css"] = css("h1 {color: rgb(3, 3, 3)}")
        await upgrade(page, site, document("<h1>three</h1>", '<link rel="stylesheet" href="/missing.css">'), "three")
        assert await page.evaluate(COLOUR) == "rgb(3, 3, 3)"
        assert await page.evaluate("document.querySelectorAll('link').length") == 1


async def test_new_rules_under_the_same_address_apply_and_unchanged_ones_are_left_alone(page: Page) -> None:
    async with served(Site()) as site:
        links = '<link rel="stylesheet" href="/app.css"><link rel="stylesheet" href="/same.css">'
        site.pages["/app.css"] = css("h1 {color: rgb(1, 1, 1)}")
        site.pages["/same.css"] = css("h1 {margin: 0}")
        site.pages["/"] = document("<h1>one</h1>", links)
        await visit(page, site)
        await page.evaluate("window.same = document.querySelectorAll('link')[1]")
        for number, vsn in enumerate(("two", "three"), start=2):
            site.pages["/app.css"] = css(f"h1 {{color: rgb({number}, 0, 0)}}")
            await upgrade(page, site, document(f"<h1>{vsn}</h1>", links), vsn)
            assert await page.evaluate(COLOUR) == f"rgb({number}, 0, 0)"
        assert await page.evaluate("[document.querySelectorAll('link').length, same.isConnected]") == [2, True]


async def test_only_stylesheets_are_renewed_when_the_server_says_so(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/app.css"] = css("h1 {color: rgb(1, 1, 1)}")
        site.pages["/"] = document("<h1>one</h1>", '<link rel="stylesheet" href="/app.css">')
        await visit(page, site)
        site.pages["/app.css"] = css("h1 {color: rgb(2, 2, 2)}")
        await site.upgrade("two", render="css")
        await updated(page, "two")
        assert await page.evaluate(COLOUR) == "rgb(2, 2, 2)"
        assert site.asked.count("/") == 1


async def test_a_new_inline_script_runs_once_and_old_ones_never_again(page: Page) -> None:
    async with served(Site()) as site:
        old = "<script>window.old = (window.old || 0) + 1</script>"
        new = (
            "<script>window.fresh = (window.fresh || 0) + 1; window.found = !!document.querySelector('#last')</script>"
        )
        site.pages["/"] = document("<p>1</p>" + old, old.replace("old", "inHead"))
        await visit(page, site)
        for vsn in ("two", "three"):
            body = f"<p>{vsn}</p>" + new + old + "<i id=last></i>"
            await upgrade(page, site, document(body, old.replace("old", "inHead")), vsn)
        assert await page.evaluate("[old, inHead, fresh, found]") == [1, 1, 1, True]


async def test_a_script_that_changed_is_reported_and_not_run_twice(page: Page) -> None:
    async with served(Site()) as site:
        script = "<script>const socket = 'of version one'; window.runs = (window.runs || 0) + 1;</script>"
        site.pages["/"] = document("<p>1</p>" + script, '<script src="/app.aaaaaa.js" defer></script>')
        site.pages["/app.aaaaaa.js"] = Answer("window.app = 1", kind="text/javascript")
        await visit(page, site)
        changed = document("<p>2</p>" + script.replace("one", "two"), '<script src="/app.bbbbbb.js" defer></script>')
        await upgrade(page, site, changed)
        assert await page.evaluate("[runs, app, document.querySelector('p').textContent]") == [1, 1, "2"]
        assert await happened(page, "assets") == [{"scripts": ["/app.bbbbbb.js", "inline"]}]


async def test_our_own_script_with_a_new_vsn_does_not_start_a_second_client(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/"] = document("<p>1</p>")
        await visit(page, site)
        await page.evaluate("window.client = window.flyhot")
        await upgrade(page, site, document("<p>2</p>"))
        await page.evaluate(
            "document.head.append(Object.assign(document.createElement('script'), {src: '/_flyhot/flyhot.js'}))"
        )
        await page.wait_for_load_state("networkidle")
        assert await page.evaluate("window.client === window.flyhot")
        assert site.hub.statistics().sockets == 1
        assert site.hub.statistics().sockets_in_all == 1


def with_policy(body: str, nonce: str, sources: str = "") -> Answer:
    policy = f"script-src 'nonce-{nonce}' {sources}; object-src 'none'"
    return document(body, nonce=nonce, headers={"content-security-policy": policy})


@pytest.mark.parametrize("sources", ["", "'strict-dynamic'"])
async def test_new_scripts_run_under_a_policy_and_injected_ones_do_not(page: Page, sources: str) -> None:
    async with served(Site()) as site:
        site.pages["/evil.js"] = Answer("window.evil = 1", kind="text/javascript")
        site.pages["/"] = with_policy("<p>1</p>", "aaa", sources)
        await visit(page, site)
        body = (
            '<p>2</p><script nonce="bbb">window.good = 1</script><script>window.evil = 1</script>'
            '<script nonce="aaa">window.evil = 1</script><script src="/evil.js"></script>'
        )
        await upgrade(page, site, with_policy(body, "bbb", sources))
        await page.wait_for_load_state("networkidle")
        assert await page.evaluate("[document.querySelector('p').textContent, window.good, window.evil]") == [
            "2",
            1,
            None,
        ]


FRAMES = """() => {
  window.frames_ = [];
  const seen = new Set();
  const look = () => {
    const [h1, p] = ["h1", "p"].map((name) => getComputedStyle(document.querySelector(name)).color);
    const now = [document.querySelector("h1").textContent, h1, p].join(" ");
    if (!seen.has(now)) { seen.add(now); frames_.push(now); }
    requestAnimationFrame(look);
  };
  look();
}"""


async def test_markup_and_all_stylesheets_change_in_one_frame(page: Page) -> None:
    """No frame is unstyled, and none has one release's sheet with the other one's."""
    async with served(Site()) as site:
        links = '<link rel="stylesheet" href="/a.css"><link rel="stylesheet" href="/b.css">'
        for number, vsn in enumerate(("one", "two", "three"), start=1):
            site.pages["/a.css"] = css(f"h1 {{color: rgb({number}, 0, 0)}}")
            site.pages["/b.css"] = css(f"p {{color: rgb({number}, 0, 0)}}")
            site.pages["/"] = document(
                f"<h1>{vsn}</h1><p>p</p>", links if number < 3 else links.replace(".css", ".css?3")
            )
            if number == 1:
                await visit(page, site)
                await page.evaluate(FRAMES)
            else:
                await site.upgrade(vsn)
                await updated(page, vsn)
        site.pages["/a.css"] = css("h1 {color: rgb(4, 0, 0)}")
        site.pages["/b.css"] = css("p {color: rgb(4, 0, 0)}")
        await site.upgrade("four", render="css", files=["a.css", "b.css"])
        await updated(page, "four")
        await page.wait_for_function("frames_.length === 4")
        assert await page.evaluate("frames_") == [
            f"{word} rgb({number}, 0, 0) rgb({number}, 0, 0)"
            for word, number in (("one", 1), ("two", 2), ("three", 3), ("three", 4))
        ]
        assert site.asked.count("/") == 3


async def test_a_stylesheet_that_another_one_imports_is_renewed_too(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/app.css"] = css("@import url('parts/colours.css'); h1 {margin: 0}")
        site.pages["/parts/colours.css"] = css("h1 {color: rgb(1, 1, 1)}")
        site.pages["/"] = document("<h1>one</h1>", '<link rel="stylesheet" href="/app.css">')
        await visit(page, site)
        assert await page.evaluate(COLOUR) == "rgb(1, 1, 1)"
        site.pages["/parts/colours.css"] = css("h1 {color: rgb(2, 2, 2)}")
        await site.upgrade("two", render="css", files=["parts/colours.css"])
        await updated(page, "two")
        assert await page.evaluate(COLOUR) == "rgb(2, 2, 2)"
        site.pages["/more.css"] = css("h1 {color: rgb(3, 3, 3) !important}")
        site.pages["/app.css"] = css("@import 'parts/colours.css'; @import 'more.css'; h1 {margin: 0}")
        await site.upgrade("three", render="css", files=["app.css", "more.css"])
        await updated(page, "three")
        assert await page.evaluate(COLOUR) == "rgb(3, 3, 3)"
        assert site.asked.count("/") == 1


async def test_a_stylesheet_that_is_new_under_a_name_the_page_does_not_know_has_the_page_fetched(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/app.aaaaaa.css"] = css("h1 {color: rgb(1, 1, 1)}")
        site.pages["/"] = document("<h1>one</h1>", '<link rel="stylesheet" href="/app.aaaaaa.css">')
        await visit(page, site)
        site.pages["/app.bbbbbb.css"] = css("h1 {color: rgb(2, 2, 2)}")
        site.pages["/"] = document("<h1>one</h1>", '<link rel="stylesheet" href="/app.bbbbbb.css">')
        await site.upgrade("two", render="css", files=["app.css"])
        await updated(page, "two")
        assert await page.evaluate(COLOUR) == "rgb(2, 2, 2)"


async def test_a_script_whose_file_changed_under_its_address_is_offered_and_reloads_where_that_is_asked_for(
    page: Page,
) -> None:
    async with served(Site()) as site:
        site.pages["/js/app.js"] = Answer("window.app = 1", kind="text/javascript")
        site.pages["/"] = document("<h1>one</h1><input>", '<script src="/js/app.js" defer></script>')
        await visit(page, site)
        await page.focus("input")
        await site.upgrade("two", render="css", files=["js/app.js", "other.js"])
        assert await happened(page, "assets") == [{"scripts": ["/js/app.js"]}]
        offer = page.locator("[data-flyhot-ignore=offer]")
        await offer.get_by_role("button", name="Reload").wait_for()
        assert await offer.get_attribute("role") == "status"
        assert await page.evaluate("document.activeElement.localName") == "input", "it takes no focus"
        await offer.get_by_role("button", name="Close").click()
        assert await offer.count() == 0
        # A page that offers it itself.
        await page.evaluate("document.addEventListener('flyhot:assets', (event) => event.preventDefault())")
        await site.upgrade("three", render="css", files=["js/app.js"])
        await updated(page, "three")
        assert [await offer.count(), await page.evaluate("[mark, app]")] == [0, ["same document", 1]]
        site.pages["/"] = document("<h1>one</h1>", '<script src="/js/app.js" data-flyhot-track="reload"></script>')
        await page.goto(site.url)
        await page.wait_for_function("window.flyhot && window.flyhot.connected")
        await page.evaluate("window.mark = 'before'")
        async with page.expect_navigation():
            await site.upgrade("four", render="css", files=["js/app.js"])


async def test_the_strictest_policy_is_not_violated_by_anything_of_ours(page: Page) -> None:
    policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'"
    async with served(Site()) as site:

        def at(word: str) -> Answer:
            links = '<link rel="stylesheet" href="/app.css"><script src="/app.js" defer></script>'
            links += '<script src="/new.js" defer></script>' if word == "two" else ""
            body = (
                f"<h1>{word}</h1><dialog id=d><form><input name=a></form></dialog><div id=chart></div>"
                f"<template><p>{word}</p></template>"
            )
            return document(body, links, headers={"content-security-policy": policy})

        site.pages["/app.js"] = Answer(
            "window.broken = []; addEventListener('securitypolicyviolation', (e) => broken.push(e.violatedDirective));"
            "document.querySelector('#d').showModal();"
            "document.querySelector('#chart').append(document.createElement('canvas'));",
            kind="text/javascript",
        )
        site.pages["/new.js"] = Answer("window.ran = (window.ran || 0) + 1", kind="text/javascript")
        site.pages["/app.css"] = css("h1 {color: rgb(1, 1, 1)}")
        site.pages["/"] = at("one")
        await visit(page, site)
        await page.fill("[name=a]", "typed")
        site.hub.hold("tx", eta_ms=100, max_ms=5000)
        await page.wait_for_selector("[data-flyhot-ignore=bar]", state="attached")
        site.hub.resume("tx", ok=False, vsn="one", render="none")
        site.pages["/app.css"] = css("h1 {color: rgb(2, 2, 2)}")
        site.pages["/"] = at("two")
        await site.upgrade("two", files=["app.css", "app.js"])
        await updated(page, "two")
        await page.wait_for_selector("[data-flyhot-ignore=offer]", state="attached")
        site.hub.watch({"ok": False, "title": "not taken", "places": [{"file": "a.py", "line": 1, "what": "x"}]})
        # Both can be clicked in front of the modal dialog, and still when it has closed.
        await page.get_by_role("alert").get_by_role("button", name="Close").click()
        assert await page.evaluate("document.querySelector('#d [role=status]') !== null"), "heard in the dialog"
        offer = page.locator("[data-flyhot-ignore=offer]")
        await offer.get_by_role("button", name="Reload").click(trial=True)
        seen = await page.evaluate(
            f"""[document.querySelector("h1").textContent, {COLOUR}, document.querySelector("#d").matches(":modal"),
                document.querySelector("[name=a]").value, !!document.querySelector("#chart canvas"), ran,
                document.querySelector("template").innerHTML, broken]"""
        )
        assert seen == ["two", "rgb(2, 2, 2)", True, "typed", True, 1, "<p>two</p>", []]
        await page.evaluate("document.querySelector('#d').close()")
        await offer.get_by_role("button", name="Close").click()
        assert await offer.count() == 0


@pytest.mark.parametrize("allowed", ["flyhot", "else"])
async def test_where_trusted_types_are_required_a_policy_of_our_name_is_all_it_takes(page: Page, allowed: str) -> None:
    policy = f"require-trusted-types-for 'script'; trusted-types {allowed}"

    def at(word: str) -> Answer:
        script = '<script src="/new.js" defer></script>' if word == "two" else ""
        body = f"<h1>{word}</h1><template><p>{word}</p></template>"
        return document(body, script, headers={"content-security-policy": policy})

    async with served(Site()) as site:
        site.pages["/new.js"] = Answer("document.documentElement.dataset.ran = 'once'", kind="text/javascript")
        site.pages["/"] = at("one")
        await page.goto(site.url)  # Playwright's own waiting for functions needs eval, which is forbidden here
        await until(lambda: site.hub.statistics().sockets)
        site.pages["/"] = at("two")
        await site.upgrade("two")
        if allowed == "flyhot":
            await page.wait_for_selector("html[data-ran=once]", state="attached")
            assert await page.inner_html("template") == "<p>two</p>"
        else:
            await until(lambda: site.hub.statistics().pages_kept)
        assert await page.inner_text("h1") == ("two" if allowed == "flyhot" else "one")
