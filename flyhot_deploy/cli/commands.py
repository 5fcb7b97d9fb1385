"""The commands: arguments in, one report out, its exit code."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from flyhot_asgi.errors import FlyhotError

from ..config import Options, Patience, Project, find_project, options_for, read_extra
from ..errors import DeployError, Exit, UsageError
from ..local import deploy, inspect
from ..local.progress import Notify
from ..local.report import FailureReport, Report, failure
from .output import Output
from .release_commands import COMMANDS

DEMO = "flyhot_deploy.demo.command"

Work = Callable[[Project, Patience, Notify], Awaitable[Report]]

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
local = click.option("--local", is_flag=True, help="This machine's processes (the default without a fly.toml).")
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
@click.option("--dry-run", is_flag=True, help="Only plan; change nothing.")
@as_json
def hot(local: bool, extra: tuple[str, ...], suspend_timeout: float | None, dry_run: bool, as_json: bool) -> None:
    """Upgrade every process of this app to the working tree, while it runs."""

    async def work(project: Project, patience: Patience, notify: Notify) -> Report:
        _require_local(project, local)
        options = _options(project, extra, suspend_timeout)
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
@as_json
def rollback(
    release: str | None, local: bool, extra: tuple[str, ...], suspend_timeout: float | None, as_json: bool
) -> None:
    """Bring every process back, hot: to the previous release, or to RELEASE (its first digits).

    The files that you edit are not touched.
    """

    async def work(project: Project, patience: Patience, notify: Notify) -> Report:
        _require_local(project, local)
        options = _options(project, extra, suspend_timeout)
        return await deploy.rollback(project, options, release, patience=patience, notify=notify)

    run(work, Output(as_json=as_json))


@cli.command()
@local
@as_json
def status(local: bool, as_json: bool) -> None:
    """Show each process: its release, its sessions by class, whether it serves."""

    async def work(project: Project, patience: Patience, notify: Notify) -> Report:
        return await inspect.status(project, patience=patience)

    run(work, Output(as_json=as_json))


@cli.command()
@local
@as_json
def history(local: bool, as_json: bool) -> None:
    """Show what was released from this folder, and when."""

    async def work(project: Project, patience: Patience, notify: Notify) -> Report:
        if not local and (project.is_on_fly or os.environ.get("FLYHOT_STORE")):
            from . import releases

            return await asyncio.to_thread(releases.history, project)
        return await inspect.history(project, patience=patience)

    run(work, Output(as_json=as_json))


for command in COMMANDS:
    cli.add_command(command)
cli.add_command(LazyCommand("demo", DEMO, "demo_command", "The whole story on this machine, in a minute."))


def run(work: Work, output: Output, patience: Patience | None = None) -> NoReturn:
    """Do the work from the current folder, print its report, and exit with its code. Never a traceback."""
    report: Report
    try:
        with output.progress():
            report = asyncio.run(_work(work, output, patience or Patience()))
    except KeyboardInterrupt:
        error = DeployError("interrupted", do="run `status` to see what each process runs")
        report = FailureReport(Exit.INTERRUPTED, error.document() | {"kind": "interrupted"})
    except FlyhotError as exc:
        report = failure(exc)
    except OSError as exc:
        report = failure(DeployError(f"the system refused: {exc}", file=_filename(exc)))
    output.report(report)
    raise SystemExit(int(report.exit))


async def _work(work: Work, output: Output, patience: Patience) -> Report:
    return await work(find_project(_here()), patience, output.notify)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as exc:
        raise UsageError("the current folder is gone", do="change into the app's folder") from exc


def _filename(exc: OSError) -> str | None:
    return exc.filename if isinstance(exc.filename, str) else None


def _options(project: Project, extra: tuple[str, ...], suspend_timeout: float | None) -> Options:
    return options_for(project.settings, extra=read_extra(extra), suspend_timeout=suspend_timeout)


def _require_local(project: Project, local: bool) -> None:
    if project.is_on_fly and not local:
        raise UsageError(
            "there is a fly.toml here, and so far flyhot upgrades the processes of this machine only",
            file=str(project.root / "fly.toml"),
            do="say --local to upgrade the processes on this machine",
        )
