"""`run`: what a container's command begins with."""

from __future__ import annotations

import click

from flyhot_asgi.errors import FlyhotError

from ..errors import exit_of


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command: tuple[str, ...]) -> None:
    """Lay the current release over the image, then become COMMAND.

    In a Dockerfile: CMD ["python", "-m", "flyhot_deploy", "run", "--", "uvicorn", "app.main:app", "--port", "8080"]
    """
    from ..boot.run import run as become

    try:
        become(command)
    except FlyhotError as exc:
        click.echo(f"error: {exc}\n  what to do: {exc.do}", err=True)
        raise SystemExit(int(exit_of(exc))) from None
    except OSError as exc:
        click.echo(f"error: {command[0]} can't be started: {exc.strerror or exc}", err=True)
        raise SystemExit(126) from None
