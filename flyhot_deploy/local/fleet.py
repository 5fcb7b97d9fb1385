"""What the processes of an app say of themselves, and what that means together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyhot_asgi.errors import ControlError

from ..errors import DeployError, NoProcess


@dataclass(frozen=True)
class Status:
    """One process, as it answered. `since` is epoch seconds; `document` is the whole answer."""

    pid: int
    app: str
    root: Path
    store: Path
    release: str
    state: str
    python: str
    since: float
    document: Mapping[str, Any]

    @property
    def vsn(self) -> str:
        return self.release[:12]

    @property
    def joining(self) -> bool:
        """Has it just come up as a worker, so that its release isn't settled?"""
        return self.state == "joining"


@dataclass(frozen=True)
class Silent:
    """A process that listens, and gave no answer that can be understood."""

    pid: int
    why: str


@dataclass(frozen=True)
class Fleet:
    """The processes of one app on this machine, by pid."""

    processes: tuple[Status, ...]
    silent: tuple[Silent, ...] = ()

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in self.processes)

    @property
    def releases(self) -> tuple[str, ...]:
        """The different releases that run, in the order of the first process with each; without what those who join
        will leave at once, unless there is nobody else."""
        settled = [process for process in self.processes if not process.joining] or self.processes
        return tuple(dict.fromkeys(process.release for process in settled))

    @property
    def release(self) -> str | None:
        """The release that all run; None if they differ, or if somebody didn't say."""
        return self.releases[0] if len(self.releases) == 1 and not self.silent else None

    @property
    def is_mixed(self) -> bool:
        return len(self.releases) > 1

    def the_one(self, what: str) -> str:
        """What all processes say of `what` ("store", "app", "python"). Raises DeployError if they differ."""
        said = {str(getattr(process, what)): process.pid for process in self.processes}
        if len(said) != 1:
            each = "; ".join(f"process {pid}: {value}" for value, pid in said.items())
            raise DeployError(
                f"the processes of this app don't agree on their {what} ({each})",
                do="restart them from one folder with one interpreter, then deploy again",
            )
        return next(iter(said))


def read_status(pid: int, document: object, root: Path) -> Status:
    """The status document of the process at `<pid>.sock`. Raises ControlError for one that can't be of this
    app.
    """
    if not isinstance(document, dict):
        raise ControlError(f"process {pid} gave no status")
    wanted: dict[str, type | tuple[type, ...]] = {
        "pid": int,
        "app": str,
        "root": str,
        "store": str,
        "release": str,
        "state": str,
        "python": str,
        "since": (int, float),
    }
    for name, kind in wanted.items():
        if not isinstance(document.get(name), kind):
            raise ControlError(f"the status of process {pid} has no usable {name!r}")
    if Path(document["root"]) != root:
        raise ControlError(f"process {pid} serves {document['root']}, not {root}")
    return Status(
        pid=pid,
        app=document["app"],
        root=root,
        store=Path(document["store"]),
        release=document["release"],
        state=document["state"],
        python=".".join(document["python"].split(".")[:2]),
        since=float(document["since"]),
        document=document,
    )


def gather(answers: Iterable[Status | Silent]) -> Fleet:
    """The fleet that these answers make."""
    ordered = sorted(answers, key=lambda answer: answer.pid)
    return Fleet(
        processes=tuple(answer for answer in ordered if isinstance(answer, Status)),
        silent=tuple(answer for answer in ordered if isinstance(answer, Silent)),
    )


def require_complete(fleet: Fleet) -> None:
    """Raises DeployError if a process did not answer: upgrading the others would leave a mixture."""
    if fleet.silent:
        first = fleet.silent[0]
        raise DeployError(
            f"process {first.pid} runs this app and does not answer ({first.why}); no process was touched",
            do=f"see what it is busy with (its event loop may be blocked), or end it: kill {first.pid}",
        )


def nobody_runs(root: Path, elsewhere: Iterable[tuple[str, Path, int]]) -> NoProcess:
    """The error for an app without processes. `elsewhere`: (app, root, count) of those that do run."""
    others = [f"{app} in {path} ({count} process{'es'[: 2 * (count > 1)]})" for app, path, count in elsewhere]
    return NoProcess(
        f"no running process of the app in {root} was found",
        do=(
            "start the app from this folder, with app.add_middleware(HotUpgrade) in it, as the same user; "
            "then run this again"
        ),
        detail="running elsewhere: " + "; ".join(others) if others else None,
    )
