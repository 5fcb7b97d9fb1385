"""All tests, by crews: `python -m tests.crews [--lanes N] [pytest's options]`. This is what `make test` runs.

A crew is a process of its own that collects and runs some of the folders. An upgrade looks at the whole heap of its
process, several times: with the modules of 4,000 tests in it, an upgrade in a test costs five times what it costs with
its own. So the tests that upgrade in their own process come in small crews, and those with servers, which mostly wait,
run beside them. As many crews at once as there are lanes; what they say comes line by line, under the crew's name.

The exit code is 0 if every crew's was, else 1. An interrupt ends the crews that run and starts no other.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Crew:
    """What it takes of `tests/`: its paths, without what lies below them and is another crew's."""

    name: str
    paths: tuple[str, ...]

    def ignored(self) -> list[str]:
        others = [path for crew in CREWS if crew is not self for path in crew.paths]
        return [path for path in others if any(path.startswith(f"{mine}/") for mine in self.paths)]

    def command(self, options: list[str]) -> list[str]:
        ignores = [f"--ignore={path}" for path in self.ignored()]
        return [sys.executable, "-m", "pytest", *self.paths, *ignores, *options]


# Of the engine's tests, those that bring web frameworks and databases into their process.
WITH_FRAMEWORKS = ("alike", "factories", "fingerprint", "frameworks", "insides", "real_edits", "repeated")

# The longest first. "others" are all that no crew names, so no test can be forgotten.
CREWS = (
    Crew("servers", ("tests/e2e", "tests/deploy_demo", "tests/example", "tests/test_docs_stories.py")),
    Crew("constructs", ("tests/asgi/engine/constructs",)),
    Crew("engine", ("tests/asgi/engine",)),
    Crew("generated", ("tests/asgi/engine/generated", "tests/asgi/engine/rehearsal")),
    Crew("frameworks", tuple(f"tests/asgi/engine/test_{name}.py" for name in WITH_FRAMEWORKS)),
    Crew("adapters", ("tests/asgi/engine/adapters",)),
    Crew("upgrades", ("tests/faults", "tests/asgi/runtime", "tests/asgi/telemetry")),
    Crew("failpoints", ("tests/asgi/engine/test_journal.py", "tests/asgi/engine/test_failpoints.py")),
    Crew("deploy", ("tests/deploy",)),
    Crew("browser", ("tests/browser",)),
    Crew("others", ("tests",)),
)


@dataclass
class Ended:
    crew: Crew
    code: int
    seconds: float
    last: str
    """What pytest said last: its counts."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crews", description=__doc__)
    parser.add_argument("--lanes", type=int, default=2, help="crews at once (2)")
    ours, options = parser.parse_known_args(arguments)
    waiting: SimpleQueue[Crew] = SimpleQueue()
    for crew in CREWS:
        waiting.put(crew)
    ended: list[Ended] = []
    lanes = [threading.Thread(target=_lane, args=(waiting, options, ended)) for _ in range(max(1, ours.lanes))]
    for lane in lanes:
        lane.start()
    try:
        for lane in lanes:
            lane.join()
    except KeyboardInterrupt:  # the crews had it, too: they are of our process group
        for _ in _rest(waiting):
            pass
        for lane in lanes:
            lane.join()
    sys.stdout.write("\n".join(["", *table(ended), ""]))
    sys.stdout.flush()
    return int(len(ended) < len(CREWS) or any(one.code for one in ended))


def table(ended: list[Ended]) -> list[str]:
    """A line for each crew, those that failed last."""
    ordered = sorted(ended, key=lambda one: (one.code != 0, CREWS.index(one.crew)))
    return [
        f"{'ok    ' if not one.code else 'FAILED'} {one.crew.name:<10} {one.seconds:5.0f} s  {one.last}"
        for one in ordered
    ]


def _rest(waiting: SimpleQueue[Crew]) -> Iterator[Crew]:
    while True:
        try:
            yield waiting.get_nowait()
        except Empty:
            return


def _lane(waiting: SimpleQueue[Crew], options: list[str], ended: list[Ended]) -> None:
    for crew in _rest(waiting):
        began, last = time.monotonic(), ""
        with subprocess.Popen(
            crew.command(options),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as run:
            assert run.stdout is not None
            last = _told(crew, run.stdout)
        ended.append(Ended(crew, run.returncode, time.monotonic() - began, last))


def _told(crew: Crew, lines: IO[str]) -> str:
    last = ""
    for line in lines:
        last = line.strip("= \n") or last
        sys.stdout.write(f"{crew.name:>10} | {line.rstrip()}\n")  # one write: lines of two crews don't mix
        sys.stdout.flush()
    return last


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
