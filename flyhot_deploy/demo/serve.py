"""`demo --serve`: the app stays up, and each press of Enter upgrades it while one looks at it."""

from __future__ import annotations

import asyncio
import sys

from rich.console import Console

from .screen import describe
from .story import Stage
from .upgrades import Expectation

HOT = ("hot", "--local")
# Round and round: what runs now -> what Enter does next.
NEXT: dict[str, Expectation] = {
    "1": Expectation("1", "2", HOT, succeeds=True),
    "2": Expectation("2", "3", HOT, succeeds=True),
    "3": Expectation("3", "2", ("rollback",), succeeds=True),
}


async def keep_serving(where: Stage, console: Console) -> None:
    """Print where to look, then upgrade at each Enter, until cancelled (Ctrl-C). Without a terminal: just wait."""
    console.print()
    for url in where.urls:
        console.print(f"  {url}/poll   {url}/chat   {url}/suggest", style="cyan", highlight=False)
    console.print(
        "\nOpen one, type into a form, and upgrade it: press Enter here, or in another terminal\n"
        f"  cd {where.folder} && {sys.executable} -m flyhot_deploy status\n"
        "Ctrl-C ends it.",
        highlight=False,
    )
    if not sys.stdin.isatty():
        await asyncio.Event().wait()
    while await _enter_pressed():
        serving = (await where.releases())[0]
        expected = NEXT.get(serving, NEXT["1"])
        console.print(f"{' '.join(expected.command)}: {serving} → {expected.new} …", style="dim")
        console.print(describe(await where.upgrade(expected)), highlight=False)


async def _enter_pressed() -> bool:
    """Wait for a line on the terminal; False at its end. Cancelling is safe: nothing is read by then."""
    loop = asyncio.get_running_loop()
    pressed: asyncio.Future[bool] = loop.create_future()

    def readable() -> None:
        if not pressed.done():
            pressed.set_result(bool(sys.stdin.readline()))

    loop.add_reader(sys.stdin, readable)
    try:
        return await pressed
    finally:
        loop.remove_reader(sys.stdin)
