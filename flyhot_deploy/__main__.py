"""`python -m flyhot_deploy`."""

from __future__ import annotations

import sys

NEEDS = frozenset({"click", "rich"})


def main() -> None:
    """Run the command line. Without its two libraries: one line that names the extra, and exit code 2.

    `apply` is what Fly's exec runs on every machine at once: it starts without them, in a fraction of the time.
    """
    if sys.argv[1:2] == ["apply"]:
        from .agent.apply import main as apply

        raise SystemExit(apply(sys.argv[2:]))
    try:
        from .cli.commands import cli
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] not in NEEDS:
            raise
        sys.stderr.write(
            f"flyhot's command line needs {exc.name.partition('.')[0]}, which is not installed.\n"
            'Install it with: pip install "flyhot[deploy]"\n'
        )
        raise SystemExit(2) from None
    except KeyboardInterrupt:  # Ctrl-C, as soon as that
        sys.stderr.write("Interrupted before it began; nothing was changed.\n")
        raise SystemExit(130) from None
    cli(prog_name="python -m flyhot_deploy")


if __name__ == "__main__":
    main()
