"""Commands of typer: entered once in the living app, where a cold import has them, whatever their functions reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from .lab import Lab

TEXT = """
import typer
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from pydantic import BaseModel
engine = create_engine("sqlite://")
make_session = sessionmaker(engine)
class Row(BaseModel):
    name: str = "row"
cli = typer.Typer()
@cli.command()
def users(limit: int = 3) -> None:
    with make_session() as session:
        typer.echo(f"{session.scalar(text('select 1'))} of {limit} {Row().name}")
@cli.command("other")
def another(name: str = typer.Option("x", "--name")) -> None: typer.echo(name)
@cli.command()
def last() -> None: typer.echo("last")
"""
EDITS = {
    "comes": ("", "\n@cli.command()\ndef count() -> None: typer.echo('0')\n"),
    "goes": (
        '@cli.command("other")\ndef another(name: str = typer.Option("x", "--name")) -> None: typer.echo(name)\n',
        "",
    ),
    "an option": ('"--name"', '"--title"'),
    "its name": ('"other"', '"others"'),
    "a parameter": ("limit: int = 3", "limit: int = 4, wide: bool = False"),
    "a body": ("typer.echo(name)", "typer.echo(name * 2)"),
}


@pytest.mark.parametrize(("old", "new"), EDITS.values(), ids=EDITS)
def test_a_command_follows(lab: Callable[..., Lab], old: str, new: str) -> None:
    after = TEXT.replace(old, new) if old else TEXT + new
    assert after != TEXT
    app = lab(m=TEXT)
    app.here = True
    cli, before = app.m.cli, _commands(app.m.cli)
    app.arrive(m=after)
    cold, _, _ = app.cold_here(m=after)
    assert app.m.cli is cli and _commands(cli) == _commands(cold[f"{app.top}.m"].cli)
    app.undo()
    assert _commands(cli) == before


def _commands(cli: typer.Typer) -> Any:
    group: Any = typer.main.get_command(cli)
    runner = CliRunner()
    outputs = {name: runner.invoke(cli, [name]).output for name in group.commands}
    return outputs, {name: [p.opts for p in one.params] for name, one in group.commands.items()}
