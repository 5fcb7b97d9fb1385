"""`python -m flyhot_deploy`."""

from __future__ import annotations

import sys

from .errors import Exit

NEEDS = frozenset({"click", "rich"})


def main() -> None:
    """Run the command line. Without its two libraries: one line that names the extra, and exit code 2."""
    try:
        from .cli.commands import cli
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] not in NEEDS:
            raise
        sys.stderr.write(
            f"flyhot's command line needs {exc.name.partition('.')[0]}, which is not installed.\n"
            'Install it with: pip install "flyhot[deploy]"\n'
        )
        raise SystemExit(int(Exit.USAGE)) from None
    cli(prog_name="python -m flyhot_deploy")


if __name__ == "__main__":
    main()
