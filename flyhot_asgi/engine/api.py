"""The one way in without ASGI: bring this process to what lies on disk now, or say why not, and undo it.

Synchronous; for any process that has imported its packages. Nothing here holds anybody: who calls `upgrade()` sees
to it that no other thread runs the program meanwhile.
"""

from __future__ import annotations

import gc
import hashlib
import sys
import time
import traceback
import types
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import FlyhotError, SourceError, UndoFailed, UpgradeError
from .living.extensions import Extensions
from .living.modules import LoadedModules
from .living.started import serving
from .living.tree import read_tree
from .oracle.cold import TIMEOUT
from .oracle.images import Images
from .oracle.read import Beside, made_the_same, read_again
from .oracle.request import ColdRequest, request_in_place
from .outcome import Outcome, Refused, reason_of_fault, reason_of_raised, reason_of_read, reason_of_refusal
from .patching.finder import ReleaseFinder
from .patching.journal import Journal
from .rehearsal.attempts import Ground, attempt
from .rehearsal.document import Rehearsed, read_rehearsed
from .rehearsal.scratch import Trial, check_release
from .source.module import SourceModule
from .verification.recorded import Recorded

_NOTHING = "import it first; whoever imports it now gets the new release anyway"
_RESTART = "mend it, or restart the program on the new release"


@dataclass
class _Releases:
    """Both releases as modules of this process."""

    live: dict[str, types.ModuleType]
    old: dict[str, SourceModule]
    new: dict[str, SourceModule]
    files: dict[str, bytes] = field(default_factory=dict)


class Engine:
    """Upgrades the first-party code of this process. Make it while the old source is on disk and imported.

    `root`: the folder that all first-party files lie below; `packages`: top-level names of first-party packages and
    modules, such as `["app"]`. They need not be imported wholly, or at all. `cold`: modules that a cold import of a
    release imports (default: those that live here and that it still has). `python`: the interpreter for cold imports;
    `environment` its environment (default: this process's); `timeout` seconds for one of them. `rehearse`: an
    upgrade that executes anything is tried in a fresh process first, so that what can't be done is refused before this
    process is touched. `units(cls)`: the ids of the living instances of a class that the caller migrates itself,
    with its `code_change`.

    Raises SourceError if a file of the packages is no Python text, OSError if it can't be read. Not safe for threads.
    """

    def __init__(
        self,
        root: Path | str,
        packages: Sequence[str],
        *,
        cold: Sequence[str] | None = None,
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
        rehearse: bool = True,
        units: Callable[[type], Collection[int]] = lambda cls: (),
    ) -> None:
        self.root = Path(root).resolve()
        self.packages = tuple(packages)
        self._modules = LoadedModules(self.root, self.packages)
        self._files = read_tree(self.root, self.packages)
        self._extensions = Extensions(self.root, self.packages)
        self._finder = ReleaseFinder()
        self._orphans: weakref.WeakSet[types.FunctionType] = weakref.WeakSet()
        self._cold, self._python, self._environment, self._timeout = cold, python, environment, timeout
        self._rehearse = rehearse
        self._units = units
        self._images = Images()
        self._last: tuple[Journal, dict[str, bytes], Beside] | None = None
        self._beside = Beside.now(self.root)
        self._releases()  # what is no Python text is told now

    def plan(self) -> dict[str, Any]:
        """What `upgrade()` would do with the files as they are now: see the reference of plans. Changes nothing.

        Raises SourceError for a file that can't be compiled. Refusals are in the document.
        """
        return self._ground(self._releases()).plan().document()

    def upgrade(self) -> Outcome:
        """Bring the process to the files as they are now. Raises Refused, and everything is as it was; UndoFailed if
        that could not be reached: then the process must be restarted."""
        self._forget_last()
        began = time.perf_counter()
        sources: Mapping[str, SourceModule] = {}
        try:
            releases = self._releases()
            sources = releases.new
            if not releases.live:
                raise UpgradeError(f"this process has imported nothing of {', '.join(self.packages)}", do=_NOTHING)
            ground = self._ground(releases)
            first = ground.plan()
            if ground.refused:
                raise Refused([reason_of_refusal(one) for one in ground.refused], plan=first.document())
            rehearse = self._rehearse and (first.executes or bool(first.refusals))
            own = {source.relpath for name, source in sources.items() if name in releases.live}
            cold = self._check(releases, rehearse=rehearse)
            changed = self._beside.read_since(cold["read"], own)
            if changed:
                self._images = Images()  # some may be of the files as they were
                cold = self._check(releases, rehearse=rehearse)
            recorded = Recorded.of(cold)
            assert recorded is not None
            drift = ground.look(recorded)
            left = [path for path in changed if not made_the_same(cold["read"][path], sources, drift)]
            again = {path: read_again(cold["read"][path], sources, releases.live, drift) for path in left}
            if left := [path for path in left if not again[path]]:
                raise Refused([reason_of_read(path) for path in left], plan=first.document())
            if again:
                recorded.as_lives = frozenset().union(*again.values())
                ground.look(recorded)
            rehearsed = _rehearsed(cold["rehearsed"])
            also = (rehearsed.also if rehearsed is not None else frozenset()) | recorded.as_lives
            plan = ground.plan(also)  # now with what the program changed
            if plan.refusals:
                raise Refused([reason_of_refusal(one) for one in plan.refusals], plan=plan.document())
            arrival = attempt(ground, plan, also)
        except Refused:
            _free()
            raise
        except FlyhotError as exc:
            if isinstance(exc, UndoFailed):
                raise
            raise Refused([reason_of_raised(exc, sources)], detail=exc.detail) from exc
        except Exception as exc:
            raise Refused([reason_of_fault(exc)], detail=traceback.format_exc()) from exc
        self._orphans |= arrival.patch.orphans
        self._last, self._files = (arrival.journal, self._files, self._beside), releases.files
        self._beside = Beside.now(self.root)
        spent = (time.perf_counter() - began) * 1000 - arrival.timings.commit - arrival.timings.verify
        timings = replace(arrival.timings, prepare=spent)
        tried = rehearsed.passes if rehearsed is not None else 0
        return Outcome(True, arrival.plan.document(), timings, arrival.passes, tried)

    def undo_last(self) -> None:
        """Everything is again as it was before the last `upgrade()`, what the program did since then included; the new
        files stay on disk. Once, and until the next `upgrade()`. Raises UpgradeError if there is nothing to undo,
        UndoFailed if the process must be restarted."""
        if self._last is None:
            raise UpgradeError("there is no upgrade to undo", do="nothing was changed")
        (journal, files, self._beside), self._last = self._last, None
        journal.rollback()
        self._files = files
        _free()

    def close(self) -> None:
        """Forget what could be undone and stop answering for imports. Idempotent."""
        self._forget_last()
        self._finder.uninstall()

    # -- prepare -----------------------------------------------------------------------------

    def _releases(self) -> _Releases:
        files = read_tree(self.root, self.packages)
        live = self._modules.live({**self._files, **files})
        old = self._modules.sources(self._files, self._files.__getitem__, live)
        new = self._modules.sources(files, files.__getitem__, live)
        for name in [name for name in {**old, **new} if name not in live]:
            if not all(_compiles(side[name]) for side in (old, new) if name in side):
                old.pop(name, None)  # a template, a test's data: nobody imports it
                new.pop(name, None)
        return _Releases({name: live[name] for name in live if name in old}, old, new, files)

    def _ground(self, releases: _Releases) -> Ground:
        return Ground(
            self.root,
            releases.old,
            releases.new,
            releases.live,
            self._finder,
            units=self._units,
            orphans=self._orphans,
            refused=self._extensions.changed(),
        )

    def _check(self, releases: _Releases, *, rehearse: bool) -> dict[str, Any]:
        """What cold imports of both releases and a rehearsal say. Raises SourceError."""
        return check_release(self._trial(releases), rehearse=rehearse, images=self._images, timeout=self._timeout)

    def _trial(self, releases: _Releases) -> Trial:
        """What fresh processes are asked for."""
        old, new = releases.old, releases.new
        return Trial(
            old=self._request(old, new, releases),
            new=self._request(new, old, releases),
            old_files={source.relpath: self._files[source.relpath] for source in old.values()},
            new_files={source.relpath: releases.files[source.relpath] for source in new.values()},
            from_digest=_digest(old),
            to_digest=_digest(new),
            packages=self.packages,
            started=serving(),
        )

    def _request(
        self, sources: dict[str, SourceModule], other: dict[str, SourceModule], releases: _Releases
    ) -> ColdRequest:
        names = self._cold if self._cold is not None else releases.live
        modules = tuple(name for name in names if name in sources)
        request = request_in_place(self.root, sources, other, modules)
        environment = self._environment if self._environment is not None else request.environment
        return replace(request, python=self._python, environment=environment)

    def _forget_last(self) -> None:
        if self._last is not None:
            self._last[0].discard()
            self._last = None


def _free() -> None:
    """What an upgrade made and its undo left to nobody goes now: until it is collected, a class stays among its base's
    subclasses."""
    gc.collect()


def _compiles(source: SourceModule) -> bool:
    try:
        return source.code is not None
    except SourceError:
        return False


def _rehearsed(document: dict[str, Any] | None) -> Rehearsed | None:
    """What a rehearsal found, if there was one. Raises Refused if it found that it can't be done."""
    if document is None:
        return None
    rehearsed = read_rehearsed(document)
    if rehearsed.outcome == "refused":
        raise Refused(rehearsed.reasons, plan=rehearsed.plan, passes=rehearsed.passes)
    return rehearsed


def _digest(sources: Mapping[str, SourceModule]) -> str:
    """Of a release's texts and where they lie."""
    text = hashlib.sha256()
    for name, source in sorted(sources.items()):
        text.update(f"\0{name}\0{source.path}\0".encode())
        text.update(source.text.encode("utf-8", "surrogatepass"))
    return text.hexdigest()
