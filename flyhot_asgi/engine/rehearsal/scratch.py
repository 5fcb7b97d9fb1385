"""A release checked before anybody is held for it: imported cold, twice, and the upgrade to it rehearsed. Blocking.

Three fresh processes side by side: two import the new release, with different hash seeds, so that what is never the
same is known; one imports the old release, waits for what they say, and tries the upgrade on itself. Nothing of this
touches the process that asks.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import SourceError
from ..oracle.clock import Clock
from ..oracle.cold import TIMEOUT, Cancelled, flags, image_of, import_cold, tail_of
from ..oracle.elsewhere import elsewhere
from ..oracle.failed import left_out_of
from ..oracle.images import Images
from ..oracle.request import ColdRequest
from ..reason import Reason
from ..verification.recorded import record
from .document import Rehearsed

_CHILD = Path(__file__).with_name("scratch_child.py")
_LOOK = 0.02
AGAIN = 2
"""The seed of the second import of a release, which tells what is never, or not everywhere, the same."""
_COLD = "deploy this change cold (restart the app); nothing was changed, the old code still serves"


@dataclass(frozen=True)
class Trial:
    """Two releases, as a fresh process of each is asked for them. Files are relative paths below `old.tree`.

    `packages`: the first-party top-level names; None: whatever lies below the tree and is not installed.
    """

    old: ColdRequest
    new: ColdRequest
    old_files: Mapping[str, bytes]
    new_files: Mapping[str, bytes]
    from_digest: str
    to_digest: str
    packages: tuple[str, ...] | None = None
    downgrade: bool = False
    started: bool = False
    """Those who will run it have started their app, which a fresh process does not."""

    def same(self, module: str) -> bool:
        """Both releases have the same text for a module that was asked for."""
        path = self.new.files.get(module)
        if path is None or self.old.files.get(module) != path:
            return False
        return self.old_files.get(path) == self.new_files.get(path)

    def unneeded(self, modules: Collection[str]) -> dict[str, Any]:
        """The document of a rehearsal that was not made, in a process with these modules: code is swapped, and no
        value becomes another one."""
        return Rehearsed(self.from_digest, self.to_digest, "unneeded", modules=frozenset(modules)).document()

    def document(self) -> dict[str, Any]:
        return {
            "root": str(self.old.tree),
            "old": {path: data.decode("latin-1") for path, data in self.old_files.items()},
            "new": {path: data.decode("latin-1") for path, data in self.new_files.items()},
            "from": self.from_digest,
            "to": self.to_digest,
            "packages": list(self.packages) if self.packages is not None else None,
            "downgrade": self.downgrade,
            "started": self.started,
        }


def check_release(
    trial: Trial,
    *,
    rehearse: bool = True,
    images: Images | None = None,
    timeout: float = TIMEOUT,
    cancel: threading.Event | None = None,
) -> dict[str, Any]:
    """Import the new release and rehearse the way to it: `{"modules": {name: names}, "structure": …, "masked": …,
    "before": … or None, "left_out": {name: why}, "rehearsed": …, "read": …}`: see `oracle.failed`,
    `document.Rehearsed` (None if it was not asked for) and `oracle.cold`.

    `images` remembers what releases look like. `timeout`: seconds for one import, and once more for the rehearsal.
    Raises SourceError if the new release can't be imported, Cancelled when `cancel` is set; every process is killed
    then. What the rehearsal finds, its own failure included, is in the document.
    """
    run = _Imports(trial, images if images is not None else Images(), timeout, cancel)
    if not rehearse:
        first, again, before = run.all()
        left_out = left_out_of(trial.new, trial.same, first, again, before)
        before = before if before is not None and before["failed"].keys() <= left_out.keys() else None
        return {**record(first, again, before), "left_out": left_out, "rehearsed": None, "read": first["read"]}
    with tempfile.TemporaryDirectory(prefix="flyhot-rehearsal-") as folder, Scratch(trial, Path(folder)) as scratch:
        first, again = run.new()
        before = scratch.before(timeout, cancel)
        left_out = left_out_of(trial.new, trial.same, first, again, before)
        if before is not None and (lost := before["failed"].keys() - left_out.keys()):
            failure, before = before["failed"][min(lost)], None
            scratch.why = f"the running release can't be imported any more: {failure['type']}: {failure['message']}"
        if before is None:
            rehearsed = _none(trial, scratch.why or "the running release can't be imported any more")
        else:
            run.keep_old(before)
            rehearsed = scratch.rehearse(first, again, timeout, cancel)
    return {**record(first, again, before), "left_out": left_out, "rehearsed": rehearsed, "read": first["read"]}


def image_twice(
    request: ColdRequest,
    digest: str,
    images: Images,
    *,
    timeout: float = TIMEOUT,
    cancel: threading.Event | None = None,
) -> list[dict[str, Any]]:
    """One release imported cold side by side, with two hash seeds. Raises SourceError, Cancelled."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        asked = [pool.submit(image, request, digest, seed, images, timeout, cancel) for seed in (1, AGAIN)]
        return [one.result() for one in asked]


def image(
    request: ColdRequest, digest: str, seed: int, images: Images, timeout: float, cancel: threading.Event | None
) -> dict[str, Any]:
    """One cold import, unless `images` has it: with the seed AGAIN as another machine would import it, or as this one
    does, if it can't be imported there."""
    key = images.key(digest, request, seed)
    found = images.get(key)
    if found is not None:
        return found
    here = request.environment if request.environment is not None else os.environ
    there = elsewhere(here) if seed == AGAIN else here
    if there != here:
        with contextlib.suppress(SourceError):
            elsewhere_asked = replace(request, environment=there)
            found = import_cold(elsewhere_asked, hash_seed=seed, timeout=timeout, cancel=cancel)
    if found is None or found["failed"]:
        found = import_cold(request, hash_seed=seed, timeout=timeout, cancel=cancel)
    images.put(key, found)
    return found


@dataclass(frozen=True)
class _Imports:
    """The cold imports of one check, side by side."""

    trial: Trial
    images: Images
    timeout: float
    cancel: threading.Event | None

    def new(self) -> list[dict[str, Any]]:
        trial = self.trial
        return image_twice(trial.new, trial.to_digest, self.images, timeout=self.timeout, cancel=self.cancel)

    def all(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]:
        """The new release twice, and the old one if it can still be imported."""
        trial = self.trial
        with ThreadPoolExecutor(max_workers=1) as pool:
            old = pool.submit(image, trial.old, trial.from_digest, 1, self.images, self.timeout, self.cancel)
            first, again = self.new()
            try:
                return first, again, old.result()
            except SourceError:
                return first, again, None

    def keep_old(self, image: dict[str, Any]) -> None:
        self.images.put(self.images.key(self.trial.from_digest, self.trial.old, 1), image)


def _none(trial: Trial, why: str) -> dict[str, Any]:
    reason = Reason("", "", None, "the rehearsal", why, "the upgrade is verified all the same")
    return Rehearsed(trial.from_digest, trial.to_digest, "none", reasons=(reason,)).document()


def _refused(trial: Trial, why: str, mend: str = _COLD) -> dict[str, Any]:
    reason = Reason("", "", None, "the rehearsal", why, mend)
    return Rehearsed(trial.from_digest, trial.to_digest, "refused", reasons=(reason,)).document()


class Scratch:
    """The process that tries it. A context: what it started is killed at its end."""

    def __init__(self, trial: Trial, folder: Path) -> None:
        self._trial = trial
        self._folder = folder
        self.why: str | None = None
        """Why the old release could not be imported."""
        self._before, self._out, self._errors = (
            folder / name for name in ("before.json", "rehearsed.json", "errors.txt")
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1

    def __enter__(self) -> Scratch:
        asked = self._folder / "asked.json"
        reading, self._pipe = os.pipe()
        document = {
            "cold": self._trial.old.document(),
            "trial": self._trial.document(),
            "before": str(self._before),
            "out": str(self._out),
            "pipe": reading,
        }
        asked.write_text(json.dumps(document))
        environment = self._trial.old.environment
        environment = {**(environment if environment is not None else os.environ), "PYTHONHASHSEED": "1"}
        try:
            with self._errors.open("wb") as to:
                self._process = subprocess.Popen(
                    [self._trial.old.python, *flags(), str(_CHILD), str(asked)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=to.fileno(),
                    env=environment,
                    cwd=self._trial.old.folder,
                    start_new_session=True,
                    pass_fds=[reading],
                )
        finally:
            os.close(reading)
        return self

    def __exit__(self, *exc: object) -> None:
        os.close(self._pipe)
        process = self._process
        assert process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what the app started at import, too
        process.wait()

    def before(self, timeout: float, cancel: threading.Event | None) -> dict[str, Any] | None:
        """The old release's cold image; None if it has none, `why` says why. Raises Cancelled."""
        answer = self._await(self._before, timeout, cancel)
        if answer is None:
            self.why = self._died("importing the running release")
        elif not answer["ok"]:
            self.why = f"the running release can't be imported any more: {answer['type']}: {answer['message']}"
        else:
            return image_of(answer)
        return None

    def rehearse(
        self, new: Mapping[str, Any], again: Mapping[str, Any], timeout: float, cancel: threading.Event | None
    ) -> dict[str, Any]:
        """The document of the rehearsal. Raises Cancelled."""
        files = [self._folder / f"new{number}.json" for number in (1, 2)]
        for file, image in zip(files, (new, again), strict=True):
            file.write_text(json.dumps(image))
        with contextlib.suppress(BrokenPipeError):
            os.write(self._pipe, json.dumps({"images": [str(file) for file in files]}).encode() + b"\n")
        answer = self._await(self._out, timeout, cancel)
        if answer is None:
            return _refused(self._trial, self._died("trying the upgrade"))
        if "fault" in answer:
            last = answer["fault"].strip().splitlines()[-1]
            return _refused(self._trial, f"flyhot failed while rehearsing: {last}", f"please report it; {_COLD}")
        return answer

    def _await(self, file: Path, timeout: float, cancel: threading.Event | None) -> dict[str, Any] | None:
        """The document in `file`, once it is there; None if the process died or took too long."""
        assert self._process is not None
        clock = Clock(self._process.pid)
        while not file.exists():
            if cancel is not None and cancel.is_set():
                raise Cancelled
            if clock.left(timeout) < 0 or self._process.poll() is not None:
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_LOOK)
        if not file.exists():
            return None
        found: dict[str, Any] = json.loads(file.read_text())
        return found

    def _died(self, doing: str) -> str:
        assert self._process is not None
        if self._process.poll() is None:
            return f"{doing} in a fresh process took too long"
        said = tail_of(self._errors).strip().splitlines()[-1:] or ["no output"]
        return f"the fresh process died while {doing}: {said[0]}"
