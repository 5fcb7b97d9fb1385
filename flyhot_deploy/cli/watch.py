"""`watch`: the app's server for a working day: every save goes into the running app."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from flyhot_asgi.errors import FlyhotError

from ..errors import exit_of


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def watch(command: tuple[str, ...]) -> None:
    """Run COMMAND, an app's server, and upgrade the app at each save while it runs.

    What can't be done while it runs is done by a restart, and the pages come back by themselves:
    python -m flyhot_deploy watch -- uvicorn app.main:app
    """
    from ..watch.supervisor import Supervisor, saves, say

    try:
        code = asyncio.run(Supervisor(command, say=say, changed=saves(Path.cwd())).run())
    except FlyhotError as exc:
        click.echo(f"error: {exc}\n  what to do: {exc.do}", err=True)
        raise SystemExit(int(exit_of(exc))) from None
    raise SystemExit(code if code >= 0 else 128 - code)
