"""A server under `run`: a worker that is started anew comes up with the release that stands, though nothing in the
folder can be imported. Without that it dies in its import, and gunicorn ends with all its workers."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from flyhot_asgi.control.paths import RUNTIME_VARIABLE

from .live_app import LiveApp
from .test_servers import APP
from .test_workers import CREWS, releases, until_two, until_up

pytestmark = pytest.mark.e2e

PAGE = """

def page(request):
    from jinja2 import Environment, FileSystemLoader

    return PlainTextResponse(pages.get_template("page.txt").render(words=words()))
"""
FILES = {
    "main.py": APP.replace("\nclass Echo", "\nfrom wording import pages, words\n\n\nclass Echo", 1)
    .replace("routes = [", f"{PAGE.strip()}\n\n\nroutes = [Route('/page', page), ")
    .replace("    from jinja2 import Environment, FileSystemLoader\n\n", ""),
    "wording.py": """
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

pages = Environment(loader=FileSystemLoader(Path(__file__).parent / "pages"))


def words():
    return "words1"
""",
    "pages/page.txt": "page1 {{ words }}",
}


def numbered(number: int) -> dict[str, str]:
    files = {name: text.replace("words1", f"words{number}") for name, text in FILES.items()}
    files["main.py"] = files["main.py"].replace("r1", f"r{number}")
    return {**files, "pages/page.txt": f"page{number} {{{{ words }}}}"}


BROKEN = {"main.py": "def broken(:\n", "wording.py": "import nowhere\n", "pages/page.txt": "broken"}


@pytest.fixture(params=["uvicorn", "gunicorn"])
def crew(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveApp]:
    app = LiveApp(FILES)
    monkeypatch.setenv(RUNTIME_VARIABLE, app.environment[RUNTIME_VARIABLE])
    try:
        server, options = CREWS[request.param]
        app.start(*options, server=server, run=True)
        yield app
    finally:
        app.stop()


async def killed(app: LiveApp) -> None:
    """One of the two workers is killed, and another one has come up."""
    victim = min(await releases(app))
    os.kill(victim, signal.SIGKILL)
    await until_two(app, without=victim)


async def said(app: LiveApp) -> set[str]:
    found = [await asyncio.to_thread(app.get, path) for path in ("/", "/page") * 5]
    assert {response.status_code for response in found} == {200}
    return {response.text for response in found}


async def test_whatever_lies_in_the_folder_a_worker_comes_up_with_what_stands(crew: LiveApp) -> None:
    await until_up(crew, 2)
    crew.write({name: text for name, text in BROKEN.items() if name.endswith(".py")})
    await killed(crew)  # before there was any deploy; whoever was started with the folder reads its pages there
    assert await said(crew) == {"r1", "page1 words1"}

    crew.write(numbered(2))
    done = await crew.deploy_meanwhile("hot")
    assert (done.exit_code, len(done.processes)) == (0, 2), done.document
    crew.write(BROKEN)
    refused = await crew.deploy_meanwhile("hot")
    assert refused.exit_code == 1 and "SyntaxError" in refused.message, refused.document
    await killed(crew)
    assert await said(crew) == {"r2", "page2 words2"}
    assert set((await releases(crew)).values()) == {done.document["to"]}

    crew.write(numbered(3))
    done = await crew.deploy_meanwhile("hot")
    assert (done.exit_code, len(done.processes)) == (0, 2), done.document
    assert all(process["verified"] for process in done.processes)
    assert await said(crew) == {"r3", "page3 words3"}
    assert await asyncio.to_thread((crew.root / "main.py").read_text) == numbered(3)["main.py"]
