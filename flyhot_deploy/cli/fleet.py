"""The commands over machines of Fly: arguments in, one report out. Local ones are in commands.py."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release.config import read_settings

from ..config import Options, Project, find_project
from ..environment import read_place, signing_keys
from ..errors import DeployError, Exit, UsageError, exit_of
from ..fleet import orders
from ..fleet.ask import status
from ..fleet.on_fly import FlyDirectory
from ..fleet.options import FleetOptions
from ..fleet.report import FleetReport
from ..fleet.status import FleetStatus
from ..fly.environment import FlyEnvironment
from ..fly.flyctl import mark
from ..fly.machines import MachinesApi
from ..launch.desk import Desk, plain_progress
from ..launch.dry import dry_run
from ..launch.place import find_app
from ..local.progress import Notify
from ..local.report import PageReport
from .fleet_options import SECONDS, Asked, Source, fleet_options

MEMORY = 1024


async def hot(
    project: Project, source: Source, asked: Asked, local: Options, notify: Notify, *, dry: bool
) -> FleetReport:
    """Build, ship, upgrade every machine. Raises FlyhotError before anything changed."""
    desk = Desk.open(project.root, source.config, os.environ, notify)
    asked = replace(asked, health_path=asked.health_path or desk.config.health, health_port=desk.config.port)
    options = asked.options(local)
    image = source.image or (desk.config.image if source.skip_build else None)
    if source.skip_build and not image and not source.from_tree:
        raise UsageError("--skip-build wants an image", do="name one that was pushed: --image registry.fly.io/app:tag")
    if dry:
        return await dry_run(desk, project.settings, options, image, from_tree=source.from_tree)
    if source.from_tree:
        async with desk.fleet(options) as fleet:
            return await orders.hot(fleet, project.root, project.settings)
    if image is None:
        image = await desk.build(
            source.build_args, no_cache=source.no_cache, buildkit=source.buildkit, named=source.config
        )
    report = await desk.errand(image, ["hot", *asked.arguments(options)], memory=MEMORY)
    return replace(report, extra={**report.extra, "built": image})


async def rollback(
    project: Project, config: str | None, release: str | None, asked: Asked, local: Options, notify: Notify
) -> FleetReport:
    """Back to the release before, or a named one: here if the store can be reached, else on a temporary machine."""
    desk = Desk.open(project.root, config, os.environ, notify)
    asked = replace(asked, health_path=asked.health_path or desk.config.health, health_port=desk.config.port)
    options = asked.options(local)
    if desk.reaches_store() and desk.reaches_machines():
        async with desk.fleet(options) as fleet:
            if not await asyncio.to_thread(orders.needs_image, fleet, release, (await fleet.members()).image()):
                return await orders.rollback(fleet, release)
    image = (await desk.members()).image()
    words = ["rollback", *asked.arguments(options), *(["--release", release] if release else [])]
    return await desk.errand(image, words, memory=MEMORY)


async def confirm(project: Project, config: str | None, notify: Notify) -> FleetReport:
    """Make the provisional release permanent."""
    desk = Desk.open(project.root, config, os.environ, notify)
    if desk.reaches_store() and desk.reaches_machines():
        async with desk.fleet(FleetOptions()) as fleet:
            return await orders.confirm(fleet)
    return await desk.errand((await desk.members()).image(), ["confirm"], memory=MEMORY)


async def show_status(project: Project, config: str | None, notify: Notify) -> FleetStatus:
    """What every machine runs."""
    desk = Desk.open(project.root, config, os.environ, notify)
    repository = desk.place.repository() if desk.reaches_store() else None
    async with desk.api() as api:
        return await status(desk.app, FlyDirectory(api), repository)


async def page_from_there(project: Project, order: Sequence[str], notify: Notify) -> PageReport:
    """What a command on the store finds, asked for on a temporary machine: only the app's own have the bucket's keys.

    Raises DeployError: it could not be asked there.
    """
    desk = Desk.open(project.root, None, os.environ, notify)
    report = await desk.errand((await desk.members()).image(), order, memory=MEMORY)
    lines = report.extra.get("lines")
    if report.error is not None or not isinstance(lines, list):
        said = report.error or {}
        problem = DeployError(str(said.get("message") or "the temporary machine gave no answer"), do=said.get("do"))
        problem.kind = str(said.get("kind") or problem.kind)
        raise problem
    shown = tuple((str(style), str(text)) for style, text in lines)
    data = {name: value for name, value in report.extra.items() if name != "lines"}
    return PageReport(report.exit, report.outcome, shown, data)


PAGES = ("history", "unlock", "gc")


@click.command(hidden=True)
@click.argument("order", type=click.Choice(["hot", "rollback", "confirm", *PAGES]))
@click.option("--keep", type=int, default=10)
@click.option("--dry-run", is_flag=True)
@fleet_options
@click.option("--health-port", type=int, default=8080)
@click.option("--suspend-timeout", type=SECONDS, default=None)
@click.option("--extra", multiple=True)
@click.option("--release", default=None)
@click.option("--root-hint", default=None)
def orchestrate(
    order: str,
    release: str | None,
    root_hint: str | None,
    suspend_timeout: float | None,
    keep: int,
    dry_run: bool,
    **said: Any,
) -> None:
    """Carry out an order over the app's machines, from a machine of its image: `hot` and `rollback` start it there."""
    sys.stdout.write(mark("begun", {"order": order}) + "\n")
    sys.stdout.flush()
    try:
        if order in PAGES:
            page = _page(order, root_hint, keep=keep, dry_run=dry_run, force=bool(said["force"]))
            code, document = page.exit, page.document() | {"lines": page.lines}
        else:
            report = asyncio.run(_orchestrate(order, release, root_hint, suspend_timeout, Asked(**said)))
            code, document = report.exit, report.document()
    except FlyhotError as exc:
        code = exit_of(exc)
        document = FleetReport(order, code, _word(code), None, None, error=exc.document()).document()
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
        document = FleetReport(order, code, "interrupted", None, None).document()
    except Exception as exc:
        code = Exit.MIXED
        failed = FlyhotError(f"flyhot failed: {type(exc).__name__}: {exc}", do="look at `status`, then run it again")
        document = FleetReport(order, code, "in_doubt", None, None, error=failed.document()).document()
    sys.stdout.write(mark("result", document) + "\n")
    sys.stdout.flush()
    raise SystemExit(int(code))


def _page(order: str, hint: str | None, *, keep: int, dry_run: bool, force: bool) -> PageReport:
    """A command on the store, here where its keys are."""
    from . import releases

    project = find_project(find_app(os.environ, hint))
    if order == "gc":
        return releases.gc(project, plain_progress, keep=keep, dry_run=dry_run)
    if order == "unlock":
        return releases.unlock(project, plain_progress, force=force)
    return releases.history(project)


async def _orchestrate(
    order: str, release: str | None, hint: str | None, suspend_timeout: float | None, asked: Asked
) -> FleetReport:
    fly = FlyEnvironment.of(os.environ)
    place = read_place(os.environ)
    async with MachinesApi.of(fly) as api:
        directory = FlyDirectory(api)
        if order == "confirm":
            return await orders.confirm(_fleet(place, directory, FleetOptions()))
        root = find_app(os.environ, hint)
        settings = read_settings(root)
        local = Options(
            suspend_timeout=settings.suspend_timeout if suspend_timeout is None else suspend_timeout,
            http_drain=settings.http_drain,
            hold_budget=settings.hold_budget,
            vote_timeout=settings.vote_timeout,
        )
        fleet = _fleet(place, directory, asked.options(local))
        if order == "hot":
            return await orders.hot(fleet, root, settings, image=fly.image or "", environment=os.environ)
        return await orders.rollback(fleet, release, image_tree=(root, settings))


def _fleet(place: Any, directory: FlyDirectory, options: FleetOptions) -> orders.Fleet:
    return orders.Fleet(place, place.repository(), signing_keys(os.environ), directory, options, plain_progress)


def _word(code: Exit) -> str:
    from ..local.outcome import WORDS

    return WORDS.get(code, "failed")


@click.command(hidden=True)
@click.option("--root", type=click.Path(path_type=Path), required=True)
def agent(root: Path) -> None:
    """This machine's agent: started by the app's lifespan, one for each machine."""
    from ..agent.command import run_agent

    raise SystemExit(run_agent(root))


@click.command(hidden=True, context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def apply(arguments: Sequence[str]) -> None:
    """Wake this machine's agent, and say what it is at: what Fly's exec runs."""
    from ..agent.apply import main

    raise SystemExit(main(arguments))
