"""`python -m flyhot_deploy demo`: runs the story, prints its numbers, and with `--serve` keeps the app running."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import signal
import sys
from collections.abc import Coroutine
from typing import Any

import click
from rich.console import Console

from flyhot_asgi.errors import FlyhotError

NEEDED = ("fastapi", "jinja2", "multipart", "uvicorn", "websockets")
NEEDED_BY_FLEET = ("cryptography", "httpx")
INTERRUPTED = 130


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as one JSON document.")
@click.option("--serve", is_flag=True, help="Keep the app running afterwards and print its URLs.")
@click.option("--clients", default=200, show_default=True, type=click.IntRange(13, 2000), help="Websockets.")
@click.option(
    "--seconds",
    default=6.0,
    show_default=True,
    type=click.FloatRange(0, 600),
    help="How long the load runs around the upgrades, in all.",
)
@click.option("--fleet", is_flag=True, help="On three machines of a simulated Fly.io.")
def demo_command(as_json: bool, serve: bool, clients: int, seconds: float, fleet: bool) -> None:
    """The whole story on this machine: four upgrades of a running app under load.

    Exits with 1 if a message was lost, doubled or reordered, a socket was closed, or an upgrade did not end
    as it must.
    """
    needed = (*NEEDED, *(NEEDED_BY_FLEET if fleet else ()))
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise click.UsageError(f"the demo needs {', '.join(missing)}: pip install 'flyhot[demo]'")
    from .story import Options

    if fleet and serve:
        raise click.UsageError("--fleet and --serve exclude each other")
    options = Options(clients=clients, seconds=seconds, processes=3 if fleet else 2)
    sys.exit(run(_fleet(options, as_json=as_json) if fleet else _demo(options, as_json=as_json, serve=serve)))


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run it; SIGINT, SIGTERM and SIGHUP cancel it, so that every `finally` ends what it started."""

    async def until_signalled() -> int:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return INTERRUPTED

    return asyncio.run(until_signalled())


async def _fleet(options: Any, *, as_json: bool) -> int:
    from .fleet import stage
    from .screen import Screen, closing_table
    from .story import play

    console = Console(stderr=as_json)
    try:
        with Screen(console) as screen:
            screen.step("Deploying the example app cold to three machines of a simulated Fly.io")
            async with stage() as where:
                screen.serving(where.folder, where.urls)
                report = await play(where, options, screen)
                screen.step("A machine restarts: its disk is the image's again")
                restarted = await where.restart()
                screen.close()
                console.print(closing_table(report))
                console.print(f"after its restart, a machine serves release {restarted}", highlight=False)
                if as_json:
                    click.echo(json.dumps({**report.document(), "restarted": restarted}, indent=2))
    except FlyhotError as error:
        console.print(f"[bold red]✗[/] {error.message}", highlight=False)
        if error.detail:
            console.print(error.detail, style="dim", markup=False, highlight=False)
        return 1
    return 1 if report.problems or restarted != "2" else 0


async def _demo(options: Any, *, as_json: bool, serve: bool) -> int:
    from .screen import Screen, closing_table
    from .serve import keep_serving
    from .story import play, stage

    # With --json the standard output is the document alone.
    console = Console(stderr=as_json)
    try:
        with Screen(console) as screen:
            screen.step(f"Starting the example app in {options.processes} processes")
            async with stage(options.processes) as where:
                screen.serving(where.folder, where.urls)
                report = await play(where, options, screen)
                screen.close()
                console.print(closing_table(report))
                if as_json:
                    click.echo(json.dumps(report.document(), indent=2))
                if serve:
                    with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C is how one ends it
                        await keep_serving(where, console)
    except FlyhotError as error:
        console.print(f"[bold red]✗[/] {error.message}", highlight=False)
        if error.detail:
            console.print(error.detail, style="dim", markup=False, highlight=False)
        return 1
    return 1 if report.problems else 0
