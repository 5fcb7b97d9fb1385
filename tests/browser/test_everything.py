"""One page with all that pages have, used by somebody, through three releases: what he did and what scripts made stays,
what the server changed is there. One page load for all questions.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.site import Answer, Site, served
from tests.browser.steps import updated, visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TYPED = {
    "color": "#00ff00",
    "date": "2024-02-03",
    "time": "10:11",
    "datetime-local": "2024-02-03T10:11",
    "month": "2024-02",
    "number": "42",
    "email": "a@b",
    "url": "http://x",
    "tel": "123",
    "search": "find",
    "range": "77",
    "password": "secret",
}
"""One field of each type that holds a text."""

CLASSES = """
class LateElement extends HTMLElement {
  connectedCallback() {
    this.times = (this.times || 0) + 1;
    if (!this.shadowRoot) this.attachShadow({mode: "open"}).innerHTML = "<input><slot></slot>";
  }
}
class FormElement extends HTMLElement {
  static formAssociated = true;
  constructor() { super(); this.inside = this.attachInternals(); }
}
window.boots = (window.boots || 0) + 1;"""


def page_of(release: int) -> Answer:
    new = release > 1
    fields = "".join(f"<label>{kind} <input type={kind} name={kind}></label>" for kind in TYPED)
    rows = "".join(
        f"<tr data-key=r{n}><td>{n}<td><input name=q{n} value=0></tr>" for n in ((3, 1, 2, 4) if new else (1, 2, 3))
    )
    body = f"""{"<p>new</p>" if new else ""}<h1>release {release}</h1><form id=form>
      {"<label>Added <input name=added></label>" if new else ""}{fields}<input type=file name=file multiple>
      <input type=checkbox name=box value=1><input type=checkbox name=box value=2 checked>
      <input type=radio name=choice value=1 checked><input type=radio name=choice value=2>
      <select name=one><optgroup label=A><option>x<option>y</optgroup>{"<option>w" if new else ""}<option>z</select>
      <select name=many multiple><option>a<option>b<option>c{"<option>d" if new else ""}</select>
      <textarea name=words>hello</textarea><input type=hidden name=token value=token{release}>
      <form-element name=own></form-element></form>
      <div id=edited contenteditable><p>edit me</p></div>
      <details id=more><summary>More {release}</summary>x</details>
      <details name=group><summary>1</summary>a</details><details name=group><summary>2</summary>b {release}</details>
      <div id=outer style="height: 120px; overflow: auto"><div style="height: 300px">{release}
        <div id=inner style="height: 80px; overflow: auto"><p style="height: 400px">long {release}</p></div></div></div>
      <canvas id=canvas width=9 height=9></canvas><div id=chart></div><iframe srcdoc="<input>"></iframe>
      <video muted loop></video>
      <svg viewBox="0 0 9 9"><linearGradient></linearGradient><rect width={release} height=1 />
        {"<circle r=3 />" if new else ""}<foreignObject><p>{release}</p></foreignObject></svg>
      <math><mn>{release}</mn>{"<msup><mi>y</mi><mn>2</mn></msup>" if new else ""}</math>
      <template><b>{release}</b></template><late-element data-n={release}><i>{release}</i></late-element>
      <table><tbody>{rows}</tbody></table><div id=owned x-data><p hidden>panel {release}</p></div>
      <div popover id=pop>{release}<input name=popped></div><dialog id=dialog>{release}<input name=asked></dialog>"""
    head = f"<title>release {release}</title>{{script}}<script>{CLASSES}</script>"
    return Answer(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>")


USE = """async (typed) => {
  const $ = (selector) => document.querySelector(selector), all = (selector) => document.querySelectorAll(selector);
  const put = (name, value) => { $(`[name=${name}]`).value = value; };
  Object.entries({...typed, popped: "p", asked: "d", q2: "7", words: "typed\\ntext"}).forEach((each) => put(...each));
  const files = new DataTransfer();
  for (const name of ["a.txt", "b.txt"]) files.items.add(new File(["x"], name));
  $("[name=file]").files = files.files;
  all("[name=box]").forEach((box) => box.click());
  all("[name=choice]")[1].click();
  put("one", "y");
  for (const option of $("[name=many]").options) option.selected = option.value !== "b";
  $("#edited").innerHTML = "<p>edited <b>bold</b></p>";
  $("#more").open = all("[name=group]")[1].open = true;
  $("#outer").scrollTop = 60;
  $("#inner").scrollTop = 90;
  $("#canvas").getContext("2d").fillRect(0, 0, 9, 9);
  $("#chart").innerHTML = "<svg><path d='M0 0'></path></svg>";
  $("#chart").style.height = "55px";
  $("rect").setAttribute("fill", "blue");
  $("svg").append(document.createElementNS("http://www.w3.org/2000/svg", "g"));
  customElements.define("late-element", LateElement);
  customElements.define("form-element", FormElement);
  $("form-element").inside.setFormValue("own value");
  $("late-element").shadowRoot.querySelector("input").value = "in the shadow";
  while (!$("iframe").contentDocument.querySelector("input")) await new Promise((next) => setTimeout(next, 10));
  $("iframe").contentDocument.querySelector("input").value = "in the frame";
  $("video").srcObject = $("#canvas").captureStream();
  await $("video").play();
  $("#owned").classList.add("is-open");
  $("#owned p").hidden = false;
  $("#pop").showPopover();
  $("#dialog").show();
  document.documentElement.dataset.theme = "dark";
  $("[name=words]").focus();
  $("[name=words]").setSelectionRange(2, 6, "backward");
  window.nodes = [...all("form, video, iframe, canvas, svg, late-element, [data-key=r2], [name=words]")];
  window.animation = $("h1").animate([{opacity: .5}, {opacity: 1}], 1e7);
}"""

STAYS = """(kinds) => {
  const $ = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const value = (name) => $(`[name=${name}]`).value;
  return {
    typed: [...kinds, "popped", "asked", "words", "q2"].map(value),
    files: [...$("[name=file]").files].map((f) => f.name),
    ticks: all("[name=box], [name=choice]").map((each) => each.checked),
    chosen: [value("one"), [...$("[name=many]").selectedOptions].map((each) => each.value)],
    edited: $("#edited").innerHTML, open: all("details").map((each) => each.open),
    scrolled: [$("#outer").scrollTop, $("#inner").scrollTop],
    pixel: [...$("#canvas").getContext("2d").getImageData(1, 1, 1, 1).data], chart: $("#chart").outerHTML,
    scripted: [$("rect").getAttribute("fill"), !!$("svg > g"), $("#owned").className, $("#owned p").hidden],
    custom: [$("late-element").times, $("late-element").shadowRoot.querySelector("input").value,
             new FormData($("form")).get("own")],
    media: [$("iframe").contentDocument.querySelector("input").value, $("video").paused, animation.playState],
    top: [$("#pop").matches(":popover-open"), $("#dialog").open, document.documentElement.dataset.theme],
    focus: [document.activeElement.name, value("words").slice(document.activeElement.selectionStart,
            document.activeElement.selectionEnd), document.activeElement.selectionDirection],
    same: nodes.every((each) => each.isConnected), boots, mark };
}"""

CHANGES = """() => {
  const $ = (selector) => document.querySelector(selector);
  return [$("h1").textContent, document.title, $("[name=token]").value, $("summary").textContent,
    $("template").innerHTML,
    $("rect").getAttribute("width"), $("foreignObject").textContent, ($("circle") || {}).namespaceURI || null,
    $("math").lastElementChild.namespaceURI.split("/").at(-1), $("math mn").textContent, $("late-element").textContent,
    $("late-element").dataset.n, [...document.querySelectorAll("tr")].map((each) => each.dataset.key).join(" "),
    $("#owned p").textContent, !!$("[name=added]"), $("[name=many]").options.length];
}"""


def changes(release: int) -> list[object]:
    n = str(release)
    rows = "r3 r1 r2 r4" if release > 1 else "r1 r2 r3"
    circle = "http://www.w3.org/2000/svg" if release > 1 else None
    said = [f"release {n}", f"release {n}", f"token{n}", f"More {n}", f"<b>{n}</b>", n, n, circle, "MathML"]
    return [*said, n, n, n, rows, f"panel {n}", release > 1, 4 if release > 1 else 3]


async def test_all_that_was_done_to_a_page_stays_and_all_that_the_server_changed_comes(page: Page) -> None:
    async with served(Site()) as site:
        site.pages["/"] = page_of(1)
        await visit(page, site)
        await page.evaluate(USE, TYPED)
        before = await page.evaluate(STAYS, list(TYPED))
        assert before["typed"][: len(TYPED)] == list(TYPED.values())
        for release in (2, 3, 1):
            site.pages["/"] = page_of(release)
            await site.upgrade(f"v{release}")
            await updated(page, f"v{release}")
            assert await page.evaluate(STAYS, list(TYPED)) == before
            assert await page.evaluate(CHANGES) == changes(release)
