"""A plain page goes from one release to the next: what the server changed is there, what the user did is kept."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page

from tests.browser.site import Answer, Site, served
from tests.browser.steps import updated, visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def document(body: str, head: str = "", attributes: str = "") -> Answer:
    return Answer(
        f"<!doctype html><html><head><title>T</title>{head}{{script}}</head><body{attributes}>{body}</body></html>"
    )


async def step(page: Page, before: str, do: str, after: str, see: str, **head: str) -> Any:
    """Open a page with `before`, run the script `do`, upgrade to `after`; what the expression `see` gives then."""
    async with served(Site()) as site:
        site.pages["/"] = document(before, head.get("head", ""), head.get("attributes", ""))
        await visit(page, site)
        await page.evaluate(do)
        site.pages["/"] = document(after, head.get("new_head", head.get("head", "")), head.get("new_attributes", ""))
        await site.upgrade("two")
        await updated(page, "two")
        assert await page.evaluate("window.mark") == "same document"
        return await page.evaluate(see)


async def test_typed_text_caret_and_focus_stay_while_the_page_gets_new_fields(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/"] = document(
            '<h1>Shop</h1><form><input name="note"><input type="hidden" name="csrf" value="aaa"></form>'
        )
        await visit(page, site)
        await page.focus("[name=note]")
        await page.keyboard.type("half typed")
        await page.evaluate("document.activeElement.setSelectionRange(4, 6); window.mine = document.activeElement")
        site.pages["/"] = document(
            '<p class="banner">New!</p><h1>The shop</h1><form>'
            '<input name="email"><input name="note"><input type="hidden" name="csrf" value="bbb"></form>'
        )
        await site.upgrade("two")
        await updated(page, "two")
        assert await page.inner_text("h1") == "The shop"
        assert await page.inner_text(".banner") == "New!"
        assert await page.input_value("[name=note]") == "half typed"
        assert await page.input_value("[name=email]") == ""
        assert await page.input_value("[name=csrf]") == "bbb"
        focus = await page.evaluate("[document.activeElement === mine, mine.selectionStart, mine.selectionEnd]")
        assert focus == [True, 4, 6]
        await page.keyboard.type("XY")
        assert await page.input_value("[name=note]") == "halfXYyped"


@pytest.mark.parametrize("moves", ["with moveBefore", "without"])
async def test_a_form_that_is_wrapped_keeps_what_was_typed_and_the_focus(page: Page, moves: str) -> None:
    if moves == "without":  # as in browsers that don't have it
        await page.add_init_script("delete Element.prototype.moveBefore")
    seen = await step(
        page,
        '<form action="/a"><input name="word"></form>',
        """() => { window.field = document.querySelector("input"); field.focus(); field.value = "typed"; }""",
        '<main class="card"><section><h2>Words</h2><form action="/a"><label>Word <input name="word"></label></form>'
        "</section></main>",
        """[document.querySelector("main.card section form label input") === field, field.value,
            document.activeElement === field]""",
    )
    assert seen == [True, "typed", True]


async def test_all_kinds_of_fields_keep_what_the_user_chose(page: Page) -> None:
    fields = """
      <input name="text"><input name="secret" type="password"><textarea name="area">server</textarea>
      <input type="checkbox" name="tick"><input type="checkbox" name="ticked" checked>
      <input type="radio" name="size" value="s" checked><input type="radio" name="size" value="m">
      <input type="radio" name="size" value="l">
      <select name="one"><option>a<option>b<option>c</select>
      <select name="many" multiple><option selected>a<option>b<option>c</select><input type="range" name="range">"""
    seen = await step(
        page,
        f"<form>{fields}</form>",
        """() => {
          const q = (name, more = "") => document.querySelector(`[name=${name}]${more}`);
          q("text").value = "t"; q("secret").value = "s"; q("area").value = "a"; q("range").value = "70";
          q("tick").checked = true; q("ticked").checked = false; q("size", "[value=m]").checked = true;
          q("one").value = "c"; q("many").options[0].selected = false; q("many").options[2].selected = true;
        }""",
        # The server changes its mind about many of them: the user's word stands.
        "<p>new</p><form><input name='first'>"
        + fields.replace("server", "other")
        .replace('name="text"', 'name="text" value="server"')
        .replace('value="s" checked', 'value="s"')
        .replace('value="l"', 'value="l" checked')
        .replace("<option>a<option>b<option>c", "<option>z<option selected>b<option>c")
        + "</form>",
        """(() => { const f = document.forms[0].elements;
          return [f.text.value, f.secret.value, f.area.value, f.range.value, f.tick.checked, f.ticked.checked,
            f.size.value, f.one.value, [...f.many.selectedOptions].map((o) => o.value)]; })()""",
    )
    assert seen == ["t", "s", "a", "70", True, False, "m", "c", ["c"]]


async def test_fields_nobody_touched_show_what_the_server_says_now(page: Page) -> None:
    seen = await step(
        page,
        '<form><input name="a" value="1"><textarea name="b">1</textarea><input type="checkbox" name="c">'
        '<select name="d"><option>x<option>y</select><input type="radio" name="e" value="1" checked>'
        '<input type="radio" name="e" value="2"><input name="f" value="1" data-flyhot-server></form>',
        "document.forms[0].f.value = 'typed'",
        '<form><input name="a" value="2"><textarea name="b">2</textarea><input type="checkbox" name="c" checked>'
        '<select name="d"><option>x<option selected>y</select><input type="radio" name="e" value="1">'
        '<input type="radio" name="e" value="2" checked><input name="f" value="2" data-flyhot-server></form>',
        "(() => { const f = document.forms[0].elements; return [f.a.value, f.b.value, f.c.checked, f.d.value, "
        "f.e.value, f.f.value]; })()",
    )
    assert seen == ["2", "2", True, "y", "2", "2"]


async def test_text_typed_into_one_field_never_turns_up_in_another(page: Page) -> None:
    seen = await step(
        page,
        '<input name="password" type="password">',
        "document.querySelector('input').value = 'secret'",
        '<input name="nickname"><input name="comment">',
        "[...document.querySelectorAll('input')].map((each) => each.value)",
    )
    assert seen == ["", ""]


async def test_open_details_and_dialogs_stay_open(page: Page) -> None:
    seen = await step(
        page,
        "<details><summary>More</summary>text</details><dialog>Sure?</dialog>",
        """() => { document.querySelector("details").open = true; document.querySelector("dialog").showModal(); }""",
        "<p>new</p><details><summary>More of it</summary>text</details><dialog>Really sure?</dialog>",
        """[document.querySelector("details").open, document.querySelector("dialog").matches(":modal"),
            document.querySelector("summary").textContent, document.querySelector("dialog").firstChild.data]""",
    )
    assert seen == [True, True, "More of it", "Really sure?"]


async def test_what_scripts_and_extensions_did_stays_while_the_server_changes_the_same_elements(page: Page) -> None:
    seen = await step(
        page,
        '<nav class="menu old" style="color: red">Menu</nav><div class="chart"></div><ol><li>one</li></ol><p>gone</p>',
        """() => {
          const nav = document.querySelector("nav");
          nav.setAttribute("aria-expanded", "true"); nav.classList.add("open"); nav.style.width = "50px";
          document.querySelector(".chart").innerHTML = "<svg></svg>";
          document.body.prepend(Object.assign(document.createElement("div"), {id: "extension"}));
          document.querySelector("ol").append(Object.assign(document.createElement("li"), {textContent: "mine"}));
          document.querySelector("p").remove();
        }""",
        '<nav class="menu new" style="color: blue">Menu</nav><div class="chart"></div>'
        "<ol><li>one</li><li>two</li></ol><p>gone</p>",
        """(() => { const nav = document.querySelector("nav");
          return [nav.getAttribute("aria-expanded"), [...nav.classList].sort(), nav.style.color, nav.style.width,
            !!document.querySelector(".chart svg"), document.body.firstElementChild.id,
            [...document.querySelectorAll("li")].map((each) => each.textContent), !!document.querySelector("p")];
        })()""",
    )
    assert seen == ["true", ["menu", "new", "open"], "blue", "50px", True, "extension", ["one", "two", "mine"], False]


async def test_text_edited_in_place_and_ignored_parts_stay(page: Page) -> None:
    seen = await step(
        page,
        "<div class='edit' contenteditable>server</div><div class='widget' data-flyhot-ignore><b>1</b></div>"
        "<aside data-flyhot-keep>1</aside>",
        "document.querySelector('.edit').textContent = 'mine'",
        "<div class='edit' contenteditable>server, new</div><div class='widget' data-flyhot-ignore>2</div>",
        "[...document.querySelectorAll('.edit, .widget, aside')].map((each) => each.textContent)",
    )
    assert seen == ["mine", "1", "1"]


@pytest.mark.parametrize("anchoring", ["auto", "none"])  # none: a browser that does nothing about it itself
async def test_what_the_user_looks_at_stays_where_it_is(page: Page, anchoring: str) -> None:
    rows = "".join(f"<p id=r{n}>row {n}</p>" for n in range(100))
    seen = await step(
        page,
        f'{rows}<div class="box" style="height: 50px; overflow: auto"><p style="height: 500px">long</p></div>',
        f"document.documentElement.style.overflowAnchor = '{anchoring}';"
        """(() => { scrollTo(0, 1000); document.querySelector(".box").scrollTop = 120;
          window.before = document.querySelector("#r40").getBoundingClientRect().top; })()""",
        f'<header style="height: 200px">new</header>{rows}'
        '<div class="box" style="height: 50px; overflow: auto"><p style="height: 500px">long</p></div>',
        """new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(
          [Math.abs(document.querySelector("#r40").getBoundingClientRect().top - before) < 2,
           document.querySelector(".box").scrollTop]))))""",
    )
    assert seen == [True, 120]


async def test_elements_keep_their_identity_when_they_are_sorted_anew(page: Page) -> None:
    seen = await step(
        page,
        "<ul>" + "".join(f'<li data-key="{n}"><input name="n{n}"></li>' for n in range(5)) + "</ul>",
        """() => { const all = [...document.querySelectorAll("li")]; window.all = all;
          all.forEach((each, n) => each.firstChild.value = "v" + n); all[3].firstChild.focus(); }""",
        "<ul>" + "".join(f'<li data-key="{n}"><input name="n{n}"></li>' for n in (3, 4, 2, 0, 7)) + "</ul>",
        """[[...document.querySelectorAll("li")].map((each) => all.indexOf(each)),
            [...document.querySelectorAll("input")].map((each) => each.value),
            document.activeElement === all[3].firstChild]""",
    )
    assert seen == [[3, 4, 2, 0, -1], ["v3", "v4", "v2", "v0", ""], True]


async def test_a_canvas_a_frame_and_a_custom_element_are_not_made_anew(page: Page) -> None:
    seen = await step(
        page,
        '<canvas width="10" height="10"></canvas><iframe srcdoc="<p>frame</p>"></iframe><x-it>1</x-it>',
        """async () => {
          window.moves = [];
          customElements.define("x-it", class extends HTMLElement {
            connectedCallback() { moves.push("in"); } disconnectedCallback() { moves.push("out"); } });
          document.querySelector("canvas").getContext("2d").fillRect(0, 0, 5, 5);
          document.querySelector("iframe").contentWindow.mine = "kept";
        }""",
        '<h2>new</h2><canvas width="10" height="10"></canvas><iframe srcdoc="<p>frame</p>"></iframe><x-it>2</x-it>',
        """[document.querySelector("canvas").getContext("2d").getImageData(1, 1, 1, 1).data[3],
            document.querySelector("iframe").contentWindow.mine, document.querySelector("x-it").textContent, moves]""",
    )
    assert seen == [255, "kept", "2", ["in"]]


async def test_later_releases_build_on_the_one_before(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/"] = document('<p class="a">1</p><input name="x">')
        await visit(page, site)
        await page.fill("[name=x]", "typed")
        for number, body in enumerate(
            ['<p class="a">2</p><i>i</i><input name="x">', '<div><p class="a">3</p></div><input name="x"><i>i</i>']
        ):
            site.pages["/"] = document(body, attributes=f' class="r{number}"')
            await site.upgrade(f"vsn{number}")
            await updated(page, f"vsn{number}")
        html = await page.evaluate("document.body.innerHTML.replace(/<div role=.status.*/, '')")
        assert html == '<div><p class="a">3</p></div><input name="x"><i>i</i>'
        assert await page.get_attribute("body", "class") == "r1"
        assert await page.input_value("[name=x]") == "typed"


async def test_screen_readers_hear_of_the_update(page: Page) -> None:
    seen = await step(page, "<p>1</p>", "0", "<p>2</p>", "document.querySelector('[role=status]').textContent")
    assert seen == "Page updated"


SILENCE = "data:audio/wav;base64,UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="  # a header, no samples


async def test_a_chosen_file_media_animations_and_the_focus_are_left_alone_by_new_neighbours(page: Page) -> None:
    head = "<style>@keyframes spin {to {rotate: 1turn}} .spin {animation: spin 60s infinite}</style>"
    things = f"""<input type="file" name="file"><audio src="{SILENCE}" controls></audio>
      <video src="{SILENCE}" width="20" height="20" muted></video><i class="spin">x</i><meter value=".3"></meter>
      <div popover id="pop">pop</div><x-shadow><b>light</b></x-shadow><svg viewBox="0 0 9 9"><circle r="3"/></svg>"""
    seen = await step(
        page,
        f"<h1>one</h1><form>{things}<input name=a></form>",
        """() => {
          const q = (selector) => document.querySelector(selector);
          const files = new DataTransfer();
          files.items.add(new File(["content"], "chosen.txt"));
          q("[type=file]").files = files.files;
          q("audio").volume = .25; q("video").playbackRate = 2;
          window.things = ["audio", "video", "[type=file]", ".spin", "svg", "x-shadow"].map(q);
          window.spinning = document.getAnimations()[0];
          spinning.currentTime = 12345; spinning.pause();
          q("#pop").showPopover();
          q("x-shadow").attachShadow({mode: "open"}).innerHTML = "<slot></slot><p>shadow</p>";
          q("[name=a]").focus();
        }""",
        f"<header>new</header><h1>two</h1><form><input name=first autofocus>{things}<input name=a></form>"
        "<footer>new</footer>",
        """[document.querySelector("[type=file]").files[0].name, document.querySelector("audio").volume,
            document.querySelector("video").playbackRate, things.every((each) => each.isConnected),
            document.querySelector(".spin").getAnimations()[0] === spinning && spinning.currentTime > 12000,
            document.querySelector("#pop").matches(":popover-open"),
            document.querySelector("x-shadow").shadowRoot.querySelector("p").textContent,
            document.activeElement.name, document.querySelector("h1").textContent]""",
        head=head,
    )
    assert seen == ["chosen.txt", 0.25, 2, True, True, True, "shadow", "a", "two"]
