"""The commands: arguments in, one report out, its exit code."""

from __future__ import annotations

import asyncio
import importlib
import os
from typing import Any

import click

from ..config import Options, Patience, Project, options_for, read_extra
from ..errors import UsageError
from ..local import deploy, inspect
from ..local.progress import Notify
from .fleet_options import Asked, Source, fleet_options
from .output import Output, Report
from .release_commands import COMMANDS
from .running import keep_watching, run
from .watch import watch

FLEET = "flyhot_deploy.cli.fleet"
DEMO = "flyhot_deploy.demo.command"

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
local = click.option("--local", is_flag=True, help="This machine's processes (the default without a fly.toml).")
config = click.option("--config", metavar="FILE", help="The app's fly.toml, if it has another name.")
extra = click.option("--extra", multiple=True, metavar="K=V", help="Handed to every code_change; repeatable.")
suspend_timeout = click.option(
    "--suspend-timeout",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    metavar="SECONDS",
    help="How long sessions may take to reach a message boundary.",
)


class LazyCommand(click.Command):
    """A command whose module is imported when it is used: the others work without what it needs."""

    def __init__(self, name: str, module: str, attribute: str, help: str) -> None:
        super().__init__(name, help=help)
        self._module = module
        self._attribute = attribute

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        try:
            command = getattr(importlib.import_module(self._module), self._attribute)
        except ModuleNotFoundError as exc:
            if (exc.name or "").startswith("flyhot"):
                raise click.ClickException(f"this installation has no {self.name} ({exc.name})") from exc
            raise click.UsageError(
                f'{self.name} needs {exc.name}, which is not installed: pip install "flyhot[all]"'
            ) from exc
        made: click.Context = command.make_context(info_name, args, parent, **extra)
        return made


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flyhot")
def cli() -> None:
    """Bring new code to a running ASGI app: no socket dropped, no state lost.

    Run it from the app's folder. Exit codes: 0 every process verified; 1 failed, nothing changed; 2 usage;
    3 refused, needs a cold deploy; 4 rolled back; 5 mixed or in doubt; 75 locked by another deploy;
    130 interrupted.
    """


@cli.command()
@local
@extra
@suspend_timeout
@click.option("--dry-run", is_flag=True, help="Only say what would be done; change nothing.")
@config
@click.option("--skip-build", is_flag=True, help="Use an image that was pushed before.")
@click.option("--image", metavar="IMAGE", help="That image.")
@click.option("--from-tree", is_flag=True, help="Pack this folder here, without an image.")
@click.option("--build-arg", "build_args", multiple=True, metavar="K=V", help="For the build; repeatable.")
@click.option("--no-cache", is_flag=True, help="Build without the cache.")
@click.option("--buildkit", is_flag=True, help="Build with BuildKit.")
@fleet_options
@as_json
def hot(
    local: bool,
    extra: tuple[str, ...],
    suspend_timeout: float | None,
    dry_run: bool,
    as_json: bool,
    config: str | None,
    skip_build: bool,
    image: str | None,
    from_tree: bool,
    build_args: tuple[str, ...],
    no_cache: bool,
    buildkit: bool,
    **asked: Any,
) -> None:
    """Upgrade every process of this app while it runs: on all its Fly machines, or here.

    With a fly.toml: build and push the image, pack the app from it, and bring every machine to it, all or none.
    Without one, or with --local: the processes of this machine, to the working tree.
    """
    source = Source(config, skip_build, image, from_tree, build_args, no_cache, buildkit)

    async def work(project: Project, patience: Patience, notify: Notify) -> Report:
        options = _options(project, extra, suspend_timeout)
        if _on_fly(project, local, config):
            return await _fleet("hot", project, source, Asked(extra=extra, **asked), options, notify, dry=dry_run)
        if source != Source():
            raise UsageError("there is no fly.toml here, so there is nothing to build", do="name it with --config")
        if dry_run:
            return await inspect.plan(project, patience=patience, notify=notify)
        return await deploy.hot(project, options, patience=patience, notify=notify)

    run(work, Output(as_json=as_json))


@cli.command()
@local
@as_json
def plan(local: bool, as_json: bool) -> None:
    """Show what `hot` would do, definition by definition, and what it would refuse."""

    async def work(project: Project, patience: Patience, notify: Notify) -> Report:
        _require_local(project, local)
        return await inspect.plan(project, patience=patience, notify=notify)

    run(work, Output(as_json=as_json))


@cli.command()
@click.argument("release", required=False)
@local
@extra
@suspend_timeout
@config
@fleet_options
@as_json
def rollback(
    release: str | None,
    local: bool,
    extra: tuple[str, ...],
    suspend_timeout: float | None,
    as_json: bool,
    config: str | None,
    **asked: Any,
) -> None:
    """Bring every process back, hot: to the previous release, or to RELEASE (its first digits).

    The files that you edit are not touched.
    """

    async def work(project: Project, patience: Patience, notify: Notify) -> Report:
        options = _options(project, extra, suspend_timeout)
        if _on_fly(project, local, config):
            return await _fleet("rollback", project, config, release, Asked(extra=extra, **asked), options, notify)
        return await deploy.rollback(project, options, release, patience=patience, notify=notify)

    run(work, Output(as_json=as_json))


@cli.command()
@config
@as_json
def confirm(config: str | None, as_json: bool) -> None:
    """Make a release permanent that was deployed with --confirm-within."""

    async def work(project: Project, patience: Patience, notify: Notify) -> Report:
        return await _fleet("confirm", project, config, notify)

    run(work, Output(as_json=as_json))


@cli.command()
@local
@config
@click.option("--watch", is_flag=True, help="Look again every two seconds, until Ctrl-C.")
@as_json
def status(local: bool, config: str | None, watch: bool, as_json: bool) -> None:
    """Show each machine and each process: its release, its sessions by class, whether it serves."""

    async def work(project: Project, patience: Patience, notify: Notify) -> Report:
        if _on_fly(project, local, config):
            return await _fleet("show_status", project, config, notify)
        return await inspect.status(project, patience=patience)

    output = Output(as_json=as_json)
    if not watch:
        run(work, output)
    keep_watching(work, output)


@cli.command()
@local
@as_json
def history(local: bool, as_json: bool) -> None:
    """Show what was released from this folder, and when."""

    async def work(project: Project, patience: Patience, notify: Notify) -> Report:
        if not local and (project.is_on_fly or os.environ.get("FLYHOT_STORE")):
            from . import releases

            if (await asyncio.to_thread(releases.place_of, project)).address is None:
                return await _fleet("page_from_there", project, ("history",), notify)
            return await asyncio.to_thread(releases.history, project)
        return await inspect.history(project, patience=patience)

    run(work, Output(as_json=as_json))


for command in COMMANDS:
    cli.add_command(command)
cli.add_command(LazyCommand("orchestrate", FLEET, "orchestrate", "Carry out an order, on a temporary machine."))
cli.add_command(LazyCommand("agent", FLEET, "agent", "This machine's agent: started by the app's lifespan."))
cli.add_command(LazyCommand("apply", FLEET, "apply", "Wake this machine's agent: what Fly's exec runs."))
cli.add_command(watch)
cli.add_command(LazyCommand("demo", DEMO, "demo_command", "The whole story on this machine, in a minute."))


def _options(project: Project, extra: tuple[str, ...], suspend_timeout: float | None) -> Options:
    return options_for(project.settings, extra=read_extra(extra), suspend_timeout=suspend_timeout)


def _require_local(project: Project, local: bool) -> None:
    if project.is_on_fly and not local:
        raise UsageError(
            "there is a fly.toml here, and the processes of machines plan an upgrade only when they vote on it",
            file=str(project.root / "fly.toml"),
            do="see `hot --dry-run`, or say --local to plan for the processes on this machine",
        )


async def _fleet(command: str, *arguments: Any, **more: Any) -> Report:
    """A command over machines: imported when it is used, with what it needs."""
    report: Report = await getattr(importlib.import_module(FLEET), command)(*arguments, **more)
    return report


def _on_fly(project: Project, local: bool, config: str | None) -> bool:
    if local and config is not None:
        raise UsageError("--local and --config exclude each other")
    return not local and (project.is_on_fly or config is not None)
