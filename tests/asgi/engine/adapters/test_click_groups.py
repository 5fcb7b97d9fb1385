"""Commands of click's groups come, go and get other names, by decorators and by `add_command`."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge

HEAD = """
    import click
    from click.testing import CliRunner
    @click.group()
    def cli(): pass
    def told(): return {name: CliRunner().invoke(cli, [name]).output for name in sorted(cli.commands)}
"""
ONE = """
    @cli.command()
    def one(): click.echo("one")
"""
TWO = """
    @cli.command("second")
    @click.option("--n", default=2)
    def two(n): click.echo(f"two {n}")
"""
BY_HAND = """
    @click.command()
    def three(): click.echo("three")
    cli.add_command(three)
"""
GROUP = """
    @cli.group(invoke_without_command=True)
    def db(): click.echo("db")
    @db.command()
    def init(): click.echo("init")
"""
EDITS = {
    "one goes": (ONE + TWO, TWO),
    "one is called otherwise": (ONE + TWO, ONE.replace("def one", "def uno") + TWO),
    "one comes by hand": (ONE, ONE + BY_HAND),
    "one goes by hand": (ONE + BY_HAND, ONE),
    "one gets a name by hand": (BY_HAND, BY_HAND.replace("(three)", '(three, "third")')),
    "a group goes with its commands": (ONE + GROUP, ONE),
    "one of an inner group goes": (GROUP, GROUP.partition("    @db")[0]),
}


@pytest.mark.parametrize(("old", "new"), EDITS.values(), ids=EDITS)
def test_it_follows(old, new, tmp_path):
    text = f"\n    --- m{HEAD}{old}\n    +++ m{HEAD}{new}\n    === use\n    m.told()\n    === ask\n    m.told()\n"
    verdict = judge(case(text), tmp_path, here=True)
    assert verdict.word == "right", verdict.why
