"""From a save to the changed page in a real chromium: an app of a hundred modules, one function's body edited. Watch
mode beside `uvicorn --reload` and `uvicorn-hmr`, same app and same edits, in one run. Milliseconds.

The peers tell no page; theirs asks the server all the time and shows what it gets, so that its figure is that of
somebody who presses the reload key just in time. uvicorn-hmr needs a Python of its own (it wants 3.12 or later):
`FLYHOT_HMR_PYTHON` names one that has it and starlette. Skipped, in words, where there is no chromium.
"""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.browser.conftest import ARGUMENTS
from tests.conftest import find_chromium

MODULES, ROUNDS = 100, 12
EDITED = "app/m050.py"
PATIENCE = 60.0

OBSERVE = """() => {
  const seen = window.seen = {};
  const look = () => { const t = document.querySelector('h1').textContent;
    if (!(t in seen)) seen[t] = performance.timeOrigin + performance.now(); };
  look(); new MutationObserver(look).observe(document.documentElement,
    {subtree: true, characterData: true, childList: true}); }"""
ASKING = """<script>
async function ask() {
  try { const text = await (await fetch(location.href)).text();
        const got = new DOMParser().parseFromString(text, 'text/html').querySelector('h1').textContent;
        const h1 = document.querySelector('h1'); if (got !== h1.textContent) h1.textContent = got; } catch (e) {}
  setTimeout(ask, 5);
}
ask()</script>"""

MODULE = """
import dataclasses
from typing import Any

{imports}
TABLE = {{n: str(n) for n in range(20)}}


@dataclasses.dataclass
class Thing:
    name: str
    size: int = {number}

    def grow(self) -> int:
        self.size += 1
        return self.size


def word() -> str:
    return "release-0"

{functions}
"""
FUNCTION = """
def f{n}(a: int, b: str = "x") -> Any:
    total = a * {n} + len(b)
    for i in range(total % 7):
        total += i
    return total
"""
MAIN = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
{imports}

PAGE = {page!r}


async def index(request):
    return HTMLResponse(PAGE.replace("WORD", m050.word()))


app = Starlette(routes=[Route("/", index)])
"""
OURS = """
from flyhot_asgi import HotUpgrade
app.add_middleware(HotUpgrade, watch=True)
"""
PAGE = "<!doctype html><html><head><title>x</title></head><body><h1>WORD</h1>{script}</body></html>"


@dataclass
class Contestant:
    name: str
    command: list[str]
    ours: bool = False
    environment: dict[str, str] = field(default_factory=dict)


def files(ours: bool) -> dict[str, str]:
    """The app: each module imports one that comes before it."""
    found = {"app/__init__.py": ""}
    functions = "\n".join(FUNCTION.format(n=n) for n in range(12))
    for number in range(MODULES):
        imports = f"from app import m{(number - 1) // 2:03d}\n" if number else ""
        found[f"app/m{number:03d}.py"] = MODULE.format(imports=imports, number=number, functions=functions)
    main = MAIN.format(
        imports="\n".join(f"from app import m{number:03d}" for number in range(MODULES)),
        page=PAGE.replace("{script}", "" if ours else ASKING),
    )
    found["app/main.py"] = main + (OURS if ours else "")
    return found


def contestants() -> tuple[list[Contestant], list[dict[str, Any]]]:
    """Who takes part, and rows on who can't."""
    uvicorn = [sys.executable, "-m", "uvicorn", "app.main:app", "--log-level", "warning"]
    found = [Contestant("watch mode", uvicorn, ours=True), Contestant("uvicorn --reload", [*uvicorn, "--reload"])]
    hmr = os.environ.get("FLYHOT_HMR_PYTHON")
    if hmr is None:
        return found, [{"what": "uvicorn-hmr", "skipped": "FLYHOT_HMR_PYTHON names no Python that has it"}]
    command = [str(Path(hmr).with_name("uvicorn-hmr")), "app.main:app", "--log-level", "warning"]
    return [*found, Contestant("uvicorn-hmr", command)], []


async def measure() -> list[dict[str, Any]]:
    path = find_chromium()
    if path is None:
        return [{"what": "save to DOM", "skipped": "there is no chromium"}]
    from playwright.async_api import async_playwright

    who, rows = contestants()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        found = [await _of(browser, one) for one in who]
        await browser.close()
    return [*found, *rows]


async def _of(browser: Any, one: Contestant) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="fh-", ignore_cleanup_errors=True) as folder:
        root = Path(folder) / "site"
        for name, text in files(one.ours).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        environment = {**os.environ, "FLYHOT_RUNTIME_DIR": f"{folder}/rt", **one.environment}
        environment["PYTHONPATH"] = str(Path(__file__).parents[2]) if one.ours else str(root)
        server = subprocess.Popen(  # noqa: ASYNC220
            [*one.command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=root,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            times = await _rounds(browser, f"http://127.0.0.1:{port}/", root / EDITED)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
    times.sort()
    return {
        "what": f"{one.name}: save to DOM, a body in {MODULES} modules",
        "median_ms": round(statistics.median(times), 1),
        "best_ms": round(times[0], 1),
        "worst_ms": round(times[-1], 1),
        **({"target_ms": 150} if one.ours else {}),
    }


async def _rounds(browser: Any, url: str, file: Path) -> list[float]:
    await _answers(url)
    page = await browser.new_page()
    await page.goto(url)
    await page.evaluate(OBSERVE)
    found = []
    for number in range(ROUNDS + 1):
        await asyncio.sleep(2.0)  # a person takes longer from one save to the next, and everybody is at rest by then
        text = file.read_text()  # noqa: ASYNC240
        word = f"release-{number + 1}"
        saved = time.time() * 1000
        file.write_text(text.replace(f'"release-{number}"', f'"{word}"'))  # noqa: ASYNC240
        await page.wait_for_function("word => word in window.seen", arg=word, timeout=PATIENCE * 1000)
        found.append(await page.evaluate("word => window.seen[word]", word) - saved)
    await page.close()
    return found[1:]  # the first save warms everybody up


async def _answers(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    async with httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody answers at {url}")
            await asyncio.sleep(0.1)
