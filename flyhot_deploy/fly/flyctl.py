"""The fly CLI as data: the argument lists that we run, and what its output says. Pure.

Only flags that `fly deploy` and `fly machine run` document; there is no `--json` on either.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .environment import image_name
from .model import MADE, ROLE

MARK = "::flyhot::"
"""Begins the lines that our command on the temporary machine writes for us: a terminal between merges the rest."""

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")
_IMAGE = re.compile(r"^image: (\S+)$")
_STATUS = re.compile(r"Process exited with status (\d+)")
_MACHINE = re.compile(r"^\s*Machine ID: (\S+)$")
_LAUNCHED = "successfully launched"
_MISSING = ("manifest_unknown", "manifest unknown", "could not find image", "not found in registry")


@dataclass(frozen=True)
class Build:
    """What `fly deploy --build-only --push` is told."""

    app: str | None = None
    config: str | None = None
    build_args: tuple[str, ...] = ()
    no_cache: bool = False
    buildkit: bool = False

    def argv(self, fly: str) -> list[str]:
        words = [fly, "deploy", "--build-only", "--push"]
        words += ["-a", self.app] if self.app else []
        words += ["-c", self.config] if self.config else []
        for pair in self.build_args:
            words += ["--build-arg", pair]
        words += ["--no-cache"] if self.no_cache else []
        words += ["--buildkit"] if self.buildkit else []
        return words


@dataclass(frozen=True)
class Errand:
    """A command on a temporary machine of an image, destroyed when it has ended.

    `env` must hold no secrets (it is on the command line): those are the app's own, and reach the machine by
    themselves. `made` is now, in epoch seconds. `memory` is in MB; Fly's default of 256 is too little to import an app
    beside its structure.
    """

    app: str
    image: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    region: str | None = None
    memory: int = 1024
    made: int = 0

    def argv(self, fly: str) -> list[str]:
        words = [fly, "machine", "run", self.image, "-a", self.app]
        words += ["--shell", "--command", shlex.join(self.command)]
        words += ["--vm-memory", str(self.memory), "-m", f"{ROLE}=orchestrator"]
        words += ["-m", f"{MADE}={self.made}"] if self.made else []
        words += ["-r", self.region] if self.region else []
        for name, value in self.env.items():
            words += ["-e", f"{name}={value}"]
        return words


@dataclass(frozen=True)
class Ran:
    """How a fly command ended: its exit status and the lines of both its streams, in the order they came."""

    status: int
    lines: tuple[str, ...]

    @property
    def reason(self) -> str:
        """The sentence to show: fly's own `Error: …`, else its last line."""
        said = [line for line in self.lines if line.startswith("Error:")]
        others = [line for line in self.lines if line.strip() and not line.startswith(MARK)]
        return (said or others or [f"it ended with status {self.status} and said nothing"])[-1].removeprefix("Error: ")


def clean(line: str) -> str:
    """A line without terminal colours and the carriage returns of a PTY."""
    return _ANSI.sub("", line.rstrip("\r\n")).rpartition("\r")[2]


def built_image(lines: Iterable[str]) -> str | None:
    """The image that a build printed, without its digest; None if none was: nothing is built with `[build] image`."""
    found = [match[1] for line in lines if (match := _IMAGE.match(line.strip()))]
    return image_name(found[-1]) if found else None


def launched(lines: Iterable[str]) -> bool:
    """Did the temporary machine start? From here on nothing may be tried again by itself."""
    return any(_LAUNCHED in line or line.startswith(MARK) for line in lines)


def machine_of(lines: Iterable[str]) -> str | None:
    return next((match[1] for line in lines if (match := _MACHINE.match(line))), None)


def image_is_missing(lines: Iterable[str]) -> bool:
    """Is the image not in the registry? Right after a push that passes by itself."""
    return any(word in line.lower() for line in lines for word in _MISSING)


def remote_status(ran: Ran) -> int:
    """The exit status of the command on the machine, though `--shell` ends with 1 whatever it was."""
    found = [int(match[1]) for line in ran.lines for match in _STATUS.finditer(line)]
    return found[0] if found else ran.status


def marked(lines: Iterable[str], word: str) -> dict[str, Any] | None:
    """The last document that our command on the machine marked with `word`; None if there is none that can be read."""
    for line in reversed(list(lines)):
        head, _, rest = line.partition(f"{MARK}{word} ")
        if head.strip() or not rest:
            continue
        try:
            document = json.loads(rest)
        except ValueError:
            continue
        if isinstance(document, dict):
            return document
    return None


def mark(word: str, document: Mapping[str, Any]) -> str:
    """The line that `marked` finds: ASCII, no newline in it."""
    return f"{MARK}{word} {json.dumps(document, separators=(',', ':'), default=str)}"


def unmarked(line: str) -> bool:
    """Is it a line for people?"""
    return bool(line.strip()) and not line.startswith(MARK)


def shown(argv: Sequence[str]) -> str:
    """A command as people would type it."""
    return shlex.join(argv)
