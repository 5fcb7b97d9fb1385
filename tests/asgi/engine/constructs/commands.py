"""Commands of click, and decorators that only wrap though they do much."""

CASES = {
    "a command gains an option": """
        --- m
        import click
        @click.command()
        @click.option("--name", default="x")
        def main(name): click.echo(f"hello {name}")
        HELD = [main]
        +++ m
        import click
        @click.command(help="says hello")
        @click.option("--name", default="y")
        @click.option("--loud", is_flag=True)
        def main(name, loud=False): click.echo(f"hi {name} {loud}")
        HELD = [main]
        === hold
        from click.testing import CliRunner
        held = m.main
        === ask
        CliRunner().invoke(held, ["--loud"]).output
        CliRunner().invoke(m.HELD[0], ["--name", "z"]).output
        held is m.main
        held.help
    """,
    "a group's command changes its options": """
        --- m
        import click
        @click.group()
        def cli(): pass
        @cli.command()
        @click.argument("n", type=int)
        def twice(n): click.echo(n * 2)
        @cli.command()
        def other(): click.echo("other")
        +++ m
        import click
        @click.group()
        def cli(): pass
        @cli.command()
        @click.argument("n", type=int)
        @click.option("--by", default=2)
        def twice(n, by): click.echo(n * by)
        @cli.command()
        def other(): click.echo("OTHER")
        === hold
        from click.testing import CliRunner
        held = m.cli
        === ask
        CliRunner().invoke(held, ["twice", "4", "--by", "5"]).output
        CliRunner().invoke(held, ["other"]).output
        held.commands["twice"] is m.twice
        sorted(held.commands)
    """,
    "a group gains a command": """
        --- m
        import click
        @click.group()
        def cli(): pass
        +++ m
        import click
        @click.group()
        def cli(): pass
        @cli.command("new")
        def fresh(): click.echo("new")
        === hold
        from click.testing import CliRunner
        held = m.cli
        === ask
        CliRunner().invoke(held, ["new"]).output
    """,
    "a group loses a command": """
        --- m
        import click
        @click.group()
        def cli(): pass
        @cli.command()
        def a(): click.echo("a")
        @cli.command()
        def b(): click.echo("b")
        +++ m
        import click
        @click.group()
        def cli(): pass
        @cli.command()
        def a(): click.echo("a")
        === hold
        from click.testing import CliRunner
        held = m.cli
        === ask
        sorted(held.commands)
        CliRunner().invoke(held, ["a"]).output
    """,
    "a group's own options change": """
        --- m
        import click
        @click.group()
        def cli(): pass
        @cli.command()
        def a(): click.echo("a")
        +++ m
        import click
        @click.group()
        @click.option("--debug", is_flag=True)
        def cli(debug): click.echo(debug)
        @cli.command()
        def a(): click.echo("a")
        === hold
        from click.testing import CliRunner
        held = m.cli
        === ask
        sorted(held.commands)
        CliRunner().invoke(held, ["--debug", "a"]).output
    """,
    "a command becomes a group": """
        --- m
        import click
        @click.command()
        def cli(): click.echo("command")
        +++ m
        import click
        @click.group()
        def cli(): click.echo("group")
        @cli.command()
        def a(): click.echo("a")
        === hold
        from click.testing import CliRunner
        held = m.cli
        === ask
        CliRunner().invoke(held, ["a"]).output
    """,
    "a decorator that chooses what to give": """
        --- m
        import functools, inspect
        def variant(plain):
            def decorator(other):
                marked = getattr(plain, "mark", None)
                if marked is None:
                    def pick(args): return args[0]
                else:
                    def pick(args): return args[0].inner
                @functools.wraps(plain)
                def wrapper(*args): return other(*args) if pick(args) else plain(*args)
                return wrapper
            return decorator
        def sync_f(x): return "sync", x
        @variant(sync_f)
        def f(x): return "async", x
        TABLE = {"f": f}
        +++ m
        import functools, inspect
        def variant(plain):
            def decorator(other):
                marked = getattr(plain, "mark", None)
                if marked is None:
                    def pick(args): return args[0]
                else:
                    def pick(args): return args[0].inner
                @functools.wraps(plain)
                def wrapper(*args): return other(*args) if pick(args) else plain(*args)
                return wrapper
            return decorator
        def sync_f(x: int, y=2): return "sync", x, y
        @variant(sync_f)
        def f(x: int, y=3): return "async", x, y
        TABLE = {"f": f}
        === hold
        held = m.f
        === ask
        held(0)
        held(1)
        held is m.TABLE["f"]
        m.f.__wrapped__ is m.sync_f
    """,
    "a choice of a command's option changes": """
        --- m
        import click
        LEVELS = click.Choice(["a", "b"])
        @click.command()
        @click.option("--level", type=LEVELS, default="a")
        def main(level): click.echo(level)
        +++ m
        import click
        LEVELS = click.Choice(["a", "b", "c"])
        @click.command()
        @click.option("--level", type=LEVELS, default="a")
        def main(level): click.echo(level)
        === hold
        from click.testing import CliRunner
        held = m.main
        === ask
        CliRunner().invoke(held, ["--level", "c"]).output
        held is m.main
    """,
    "what a call at import did to a command, the release's code does otherwise": """
        --- m
        import click
        class G(click.Group):
            def add_command(self, cmd, name=None):
                cmd.help = "a"
                super().add_command(cmd)
        @click.group(cls=G)
        def cli(): "help"
        @click.command()
        def one(): click.echo("one")
        cli.add_command(one)
        +++ m
        import click
        class G(click.Group):
            def add_command(self, cmd, name=None):
                cmd.help = "b"
                super().add_command(cmd)
        @click.group(cls=G)
        def cli(): "help"
        @click.command()
        def one(): click.echo("one")
        cli.add_command(one)
        === ask
        m.one.help
    """,
    "click is imported in a block": """
        --- m
        try:
            import click
        except ImportError:
            click = None
        @click.group()
        def cli(): "help"
        @click.command()
        @click.option("--name", default="x")
        def main(name): click.echo(f"hello {name}")
        cli.add_command(main)
        +++ m
        try:
            import click
        except ImportError:
            click = None
        @click.group()
        def cli(): "help me"
        @click.command()
        @click.option("--name", default="y")
        def main(name): click.echo(f"hi {name}")
        cli.add_command(main)
        === hold
        from click.testing import CliRunner
        held = m.cli
        === ask
        held.help
        m.cli is held
        CliRunner().invoke(held, ["main"]).output
    """,
}
