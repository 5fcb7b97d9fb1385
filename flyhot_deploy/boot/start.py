"""Before the app is imported: find out which release this machine runs, and lay it over the image.

Nothing that goes wrong here keeps an app from starting: the order is the provisional release, the permanent one, the
bare image, and each that can't be had, isn't for this machine, or has failed to come up several times makes way for
the next. What happened is said in plain lines, on stderr, where the machine's log is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from flyhot_asgi.control.paths import open_store
from flyhot_asgi.errors import FlyhotError, NotApplicable, ReleaseError, StoreError
from flyhot_asgi.release import boots
from flyhot_asgi.release.config import project_root, read_settings
from flyhot_asgi.release.folder import FolderStore

from ..environment import Place, read_place
from ..fetch import fetch, has_copy
from ..release.machine import MachineFacts, facts_here
from ..repository.pointer import Pointer
from ..repository.repository import Repository
from .lay import Change, lay, note_image, read_laid
from .state import TRIES, BootState, Line, change_state, read_state

Say = Callable[[str], None]
MACHINE = "FLY_MACHINE_ID"
MAX_NOTED = 8
BOOTED = "FLYHOT_BOOTED"
"""Set for what is started when the work here is done, so that it is done once in a boot."""


@dataclass
class Boot:
    """What a boot came to: `line` None is the bare image. `environment` is for the app's processes."""

    root: Path
    base: str | None
    line: Line | None = None
    provisional: bool = False
    change: Change = field(default_factory=Change)
    environment: dict[str, str] = field(default_factory=dict)


def reapply(folder: Path, environment: Mapping[str, str], say: Say) -> Boot:
    """Lay the current release of the app in `folder` over its image. Blocking; may wait for the store, not for ever.

    Raises FlyhotError only for settings that can't be used: then the caller goes on with the image. Every other
    failure is said, and the next best is booted.
    """
    root = project_root(folder)
    settings = read_settings(root)
    place = read_place(environment, app=settings.app)
    boot = Boot(root, place.base)
    if place.base is None:
        say(f"{root} has no image to lay a release over (FLYHOT_BASE and FLY_IMAGE_REF are not set): it is the release")
        return boot
    local = open_store(root, settings)
    try:
        _Boot(boot, place, place.base, local, environment.get(MACHINE), say).run()
    except (FlyhotError, OSError) as exc:
        say(f"could not look for a release: {_said(exc)}; the image's own files are booted as they are")
    boot.environment[BOOTED] = place.base
    return boot


class _Boot:
    def __init__(self, boot: Boot, place: Place, base: str, local: FolderStore, machine: str | None, say: Say) -> None:
        self.boot = boot
        self.place = place
        self.base = base
        self.local = local
        self.machine = machine
        self.say = say
        self.repository: Repository | None = place.repository() if place.address is not None else None
        self._facts: MachineFacts | None = None
        self._noted: Mapping[str, object] = {}

    def run(self) -> None:
        self._note_image()
        remembered = read_state(self.local.path).on(self.base)
        state = self._ask(remembered)
        for line in _candidates(state):
            if line is None or self._try(line, state):
                provisional = line is not None and line == state.provisional
                break
        self._settle(line)
        self.boot.provisional = provisional

    def _note_image(self) -> None:
        try:
            note_image(self.boot.root, self.local)
        except (ReleaseError, StoreError) as exc:
            self.say(f"nothing can be laid over the image: {_said(exc)}")

    def _ask(self, state: BootState) -> BootState:
        """The memory, brought up to date by the store if it can be reached and believed."""
        if self.repository is None:
            return state
        try:
            pointer = self.repository.pointer().pointer
            self._noted = self.repository.boots(self.machine) if self.machine else {}
        except FlyhotError as exc:
            self.say(f"the store can't be asked: {_said(exc)}; going by what this machine remembers")
            self.repository = None
            return state
        if pointer.has_expired(time.time()):
            self.say("the store's pointer has expired: no deploy for a long time, or somebody withholds newer ones")
        if (pointer.epoch, pointer.sequence) < (state.epoch, state.sequence):
            self.say(f"the store shows sequence {pointer.sequence}, and {state.sequence} was seen here: it is ignored")
            return state
        return self._remember(_updated(state, pointer, self.base))

    def _remember(self, state: BootState) -> BootState:
        try:
            return change_state(self.local.path, lambda _: state)
        except OSError as exc:
            self.say(f"{self.local.path} can't be written ({exc.strerror or exc}): nothing is remembered")
            return state

    def _try(self, line: Line, state: BootState) -> bool:
        """Lay that release. False, and said why: another one has to do."""
        vsn = line.release[:12]
        failed = max(boots.failed(self._tickets(line)), self._failed_elsewhere(line))
        if failed >= TRIES:
            self.say(f"release {vsn} did not come up {failed} times in a row: it is not booted again")
            return False
        try:
            self._have(line, state)
            self._begin(line, failed)
            self.boot.change = lay(self.boot.root, self.local, line.release)
        except (ReleaseError, StoreError, OSError) as exc:
            self.say(f"release {vsn} can't be booted: {_said(exc)}")
            return False
        self.say(f"release {vsn} is laid over {self.base} ({_counted(self.boot.change)})")
        self._say_left()
        return True

    def _say_left(self) -> None:
        for path in self.boot.change.left[:10]:
            self.say(f"{path} was left alone: what lies there is the app's own, and no release's")

    def _have(self, line: Line, state: BootState) -> None:
        if has_copy(self.local, line.release):
            return
        if self.repository is None:
            raise StoreError("this machine has no copy of it, and no store to ask")
        self._facts = self._facts or facts_here(app=self.place.app, channel=self.place.channel, base=self.base)
        manifest = fetch(self.repository, line.manifest, self.local, self._facts, floor=line.sequence)
        if manifest.release != line.release:
            raise NotApplicable(f"the manifest {line.manifest[:12]} is that of release {manifest.vsn}")

    def _begin(self, line: Line, failed: int) -> None:
        """Count this boot before it happens: here, and where a machine whose disk is reset finds it again."""
        tickets = self._tickets(line)
        boots.begin(tickets)
        self.boot.environment[boots.VARIABLE] = str(tickets)
        if self.machine and self.repository is not None:
            others = [item for item in self._tries().items() if item[0] != line.manifest]
            tries = dict(others[-MAX_NOTED:]) | {line.manifest: failed + 1}
            self.repository.note_boots(self.machine, {"base": self.base, "tries": tries})

    def _failed_elsewhere(self, line: Line) -> int:
        return self._tries().get(line.manifest, 0)

    def _tries(self) -> dict[str, int]:
        """What was noted in the store, for a machine whose own disk forgets: manifest → boots that did not come up."""
        tries = self._noted.get("tries")
        if self._noted.get("base") != self.base or not isinstance(tries, dict):
            return {}
        return {str(name): number for name, number in tries.items() if type(number) is int}

    def _tickets(self, line: Line) -> Path:
        return self.local.path / "boots" / line.manifest  # a new deploy of the same files has new tries

    def _settle(self, line: Line | None) -> None:
        self.boot.line = line
        if line is not None:
            return
        if read_laid(self.boot.root) is not None:
            self.boot.change = lay(self.boot.root, self.local, None)
            self._say_left()
        self.say(f"the image {self.base} is booted as it is")


def came_up(environment: Mapping[str, str]) -> None:
    """The app has started: forget the tries, here and in the store. For the agent. Raises FlyhotError."""
    named = environment.get(boots.VARIABLE)
    if not named:
        return
    boots.came_up(Path(named))
    machine, place = environment.get(MACHINE), read_place(environment)
    if machine and place.address is not None:
        repository = place.repository()
        noted = repository.boots(machine)
        if noted.get("tries"):
            repository.note_boots(machine, noted | {"tries": {}})


def _candidates(state: BootState) -> Iterator[Line | None]:
    if state.provisional is not None:
        yield state.provisional
    if state.permanent is not None:
        yield state.permanent
    yield None


def _updated(state: BootState, pointer: Pointer, base: str) -> BootState:
    """What the machine knows after it has read the pointer: the permanent release of its own base, or none."""
    found = pointer.current_on(base)
    line = None if found is None or found.manifest is None else Line(found.release, found.manifest, found.sequence)
    provisional = state.provisional
    if found is not None and provisional is not None and provisional.sequence <= found.sequence:
        provisional = None
    return replace(
        state,
        permanent=line,
        provisional=provisional,
        sequence=max(state.sequence, pointer.sequence),
        epoch=max(state.epoch, pointer.epoch),
    )


def _counted(change: Change) -> str:
    if not change:
        return "the files were its own already"
    return f"{len(change.written)} files written, {len(change.removed)} removed"


def _said(exc: Exception) -> str:
    return exc.message if isinstance(exc, FlyhotError) else str(exc)


def to_stderr(line: str) -> None:
    """A line in the machine's log."""
    os.write(2, f"flyhot: {line}\n".encode("utf-8", "replace"))
