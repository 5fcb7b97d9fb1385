"""The commands of releases.py as the command line offers them.

What they need beside the command line itself (cryptography, boto3) is imported when one of them is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..config import Patience, Project
from ..errors import UsageError
from ..local.progress import Notify
from ..local.report import PageReport
from .boot import run as run_command
from .output import Output
from .running import run

Look = Callable[[Any, Project, Notify], PageReport]

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of lines.")


def _run(look: Look, as_json: bool, elsewhere: tuple[str, ...] = ()) -> None:
    """Do it with the module `releases`, in a thread: stores are blocking. `elsewhere` is the same as an order for a
    temporary machine, where only the app's machines can reach the store.
    """

    async def work(project: Project, _: Patience, notify: Notify) -> PageReport:
        if elsewhere and project.is_on_fly and not await _has_store(project):
            from .fleet import page_from_there

            return await page_from_there(project, elsewhere, notify)
        return await asyncio.to_thread(look, _releases(), project, notify)

    run(work, Output(as_json=as_json))


async def _has_store(project: Project) -> bool:
    return (await asyncio.to_thread(_releases().place_of, project)).address is not None


def _releases() -> Any:
    try:
        from . import releases
    except ModuleNotFoundError as exc:
        if (exc.name or "").startswith("flyhot"):
            raise
        raise UsageError(
            f"this command needs {exc.name}, which is not installed", do='pip install "flyhot[deploy]"'
        ) from exc
    return releases


@click.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The secret key.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@as_json
def keygen(output: Path | None, force: bool, as_json: bool) -> None:
    """Make a pair of keys to sign releases with: the secret one in a file, the public one shown."""
    _run(lambda releases, project, notify: releases.keygen(output, force=force), as_json)


@click.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The bundle.")
@click.option("--publish", is_flag=True, help="Put it into the store. No machine is told.")
@click.option("--base", "bases", multiple=True, metavar="IMAGE", help="An image it may be laid over; repeatable.")
@click.option("--sequence", type=click.IntRange(1, 1 << 53), metavar="N", help="By default higher than any before.")
@click.option("--unsigned", is_flag=True, help="Sign with no key: machines refuse it, unless they were told not to.")
@as_json
def pack(
    output: Path | None,
    publish: bool,
    bases: tuple[str, ...],
    sequence: int | None,
    unsigned: bool,
    as_json: bool,
) -> None:
    """Make the app in this folder into a signed bundle. The same folder gives the same release."""

    def look(releases: Any, project: Project, notify: Notify) -> PageReport:
        return releases.pack(  # type: ignore[no-any-return]
            project, notify, output=output, publish=publish, bases=bases, sequence=sequence, unsigned=unsigned
        )

    _run(look, as_json)


@click.command()
@click.option("--keep", type=click.IntRange(0, 10_000), default=10, show_default=True, help="Entries of the history.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@as_json
def gc(keep: int, dry_run: bool, as_json: bool) -> None:
    """Remove old releases from the store. What is current, or younger than a day, stays."""
    _run(
        lambda releases, project, notify: releases.gc(project, notify, keep=keep, dry_run=dry_run),
        as_json,
        _words(keep, dry_run),
    )


def _words(keep: int, dry_run: bool) -> tuple[str, ...]:
    return ("gc", "--keep", str(keep), *(["--dry-run"] if dry_run else []))


@click.command()
@click.option("--force", is_flag=True, help="Without waiting for a sign of life.")
@as_json
def unlock(force: bool, as_json: bool) -> None:
    """Free the lock of a deploy that is dead."""
    order = ("unlock", "--force") if force else ("unlock",)
    _run(lambda releases, project, notify: releases.unlock(project, notify, force=force), as_json, order)


@click.command()
@as_json
def doctor(as_json: bool) -> None:
    """Look whether everything is here that a deploy needs, and say what to mend."""
    _run(lambda releases, project, notify: asyncio.run(releases.doctor(project, notify)), as_json)


COMMANDS: tuple[click.Command, ...] = (keygen, pack, gc, unlock, doctor, run_command)
