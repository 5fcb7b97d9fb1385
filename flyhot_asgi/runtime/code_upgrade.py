"""The code of this process, brought to one release: planned and staged while users are served, applied while they wait.

Drives the engine for one transaction and owns what that needs: the plan, the patch, the journal that the whole
transaction writes to. Knows nothing of the event loop: what blocks is called in a thread by the transaction, what is
atomic on the loop's thread.
"""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..engine import Difference, Journal, Patch, Plan, StillCollector, make_plan, verify
from ..engine.adapters import default_adapters
from ..engine.outcome import refusal_of_reason
from ..engine.rehearsal.document import Rehearsed, read_rehearsed
from ..engine.rehearsal.repair import homes_of
from ..engine.source.defuse import Home
from ..engine.verification.reach import could_change
from ..engine.verification.recorded import Recorded
from ..engine.verification.swapped import only_swaps
from ..errors import FlyhotError, NothingToDo, UpgradeRefused
from .complaints import refusal_of
from .installed import Installed, Sources
from .order import Order
from .recordings import Recordings
from .relevance import notes_on_other_assets, why_nothing_changes
from .report import plan_document
from .static_changes import StaticChanges
from .vsns import ClassVsns


class CodeUpgrade:
    """One release's way into this process. Use once."""

    def __init__(self, order: Order, installed: Installed) -> None:
        self.journal = Journal()
        """Of everything that the transaction touches, states included."""
        self.plan: Plan | None = None
        self.document: dict[str, Any] | None = None
        """The plan as it is told; notes are added to it on the way."""
        self.sources: Sources | None = None
        self.only_files = False
        """The release changes nothing but static files: nothing has to render again for it."""
        self.served: list[str] = []
        """Ends of the URLs of stylesheets and scripts that change."""
        self._order = order
        self._installed = installed
        self._patch: Patch | None = None
        self._collector = StillCollector()
        self._cold = order.cold
        self._recorded = order.recorded if order.recorded is not None else Recorded.of(order.cold)
        self._near: frozenset[str] = frozenset()
        self._only_functions = False
        """Of what could have changed: nothing else is looked at while sessions are held."""
        self._migrated: Collection[str] = ()
        self._tree: Path | None = None
        self._files: list[str] = []
        """Those of the release, but for Python, that differ."""

    # -- while users are served --------------------------------------------------------------

    @property
    def wants_check(self) -> bool:
        """The rehearsal that came with the order was of something else: of another release than this process runs, or
        of a process with fewer modules. One that could not be made is not made again."""
        rehearsed = self._rehearsed
        return rehearsed is not None and rehearsed.outcome != "none" and self._binding() is None

    def take(self, cold: dict[str, Any]) -> None:
        """What a check of this very process found."""
        self._cold = cold
        self._recorded = Recorded.of(cold)

    @property
    def _rehearsed(self) -> Rehearsed | None:
        document = (self._cold or {}).get("rehearsed")
        return read_rehearsed(document) if document is not None else None

    def _binding(self) -> Rehearsed | None:
        """The rehearsal, if it was of what is to be done here."""
        found = self._rehearsed
        if found is None:
            return None
        installed = self._installed
        names = installed.cold_names(installed.live())
        return found if found.holds_for(installed.digest, self._order.release.digest, names) else None

    def leave_out_frames(self, functions: Collection[str]) -> None:
        """Frames of these functions, and of those inside of them, do not stay on the old code: they are ended."""
        assert self.plan is not None and self.document is not None

        def ended(name: str) -> bool:
            return any(name == function or name.startswith(f"{function}.<locals>.") for function in functions)

        self.plan.stale_frames = [frame for frame in self.plan.stale_frames if not ended(frame.name)]
        self.document["stale_frames"] = [each for each in self.document["stale_frames"] if not ended(each["name"])]

    def make_plan(
        self, live: dict[str, types.ModuleType], units: Callable[[type], Collection[int]]
    ) -> FlyhotError | None:
        """Plan; return why it can't be done, if so. `units(cls)`: the ids of a class's living units. Blocking.

        Raises SourceError, and NothingToDo if the release changes nothing that is loaded.
        """
        release, installed = self._order.release, self._installed
        if installed.has_undone:
            gc.collect()  # classes that the undone release had made: a plan that saw them would keep them alive
            installed.has_undone = False
        sources = self.sources = installed.sources_with(release, live)
        rehearsed = self._binding()
        self.plan = make_plan(
            sources.old,
            sources.new,
            sources.live,
            adapters=default_adapters(),
            units=units,
            downgrade=self._order.direction == "down",
            drift=self._recorded.look(sources.live, installed.root) if self._recorded is not None else None,
            also=self._also(rehearsed, live),
        )
        if self._order.swaps_only and (self.plan.executes or self.plan.refusals):
            raise UpgradeRefused("it takes more than to swap code", do="check the release first")
        assets = installed.assets_between(release)
        self.document = plan_document(self.plan, installed.digest, release.digest, assets)
        if nothing := why_nothing_changes(installed, release, sources, self.plan, assets):
            raise NothingToDo(
                f"the release differs, but not in anything that this app runs: {nothing}",
                do="deploy from the folder that the app runs from; the old code still serves",
            )
        self.document["notes"] += [
            *notes_on_other_assets(installed, assets),
            *(self._recorded.told() if self._recorded is not None else []),
        ]
        if rehearsed is not None and rehearsed.outcome == "refused" and not self.plan.refusals:
            self.plan.refusals += [refusal_of_reason(reason) for reason in rehearsed.reasons]
            self.document["refusals"] = self.plan.document()["refusals"]
        self._look_at_files(assets)
        return refusal_of(self.plan)

    def _look_at_files(self, assets: dict[str, list[str]]) -> None:
        assert self.plan is not None
        found = StaticChanges.between(assets, self._installed.assets.served)
        code = self.plan.changed or self.plan.added or self.plan.deleted
        python = self._installed.python_changes(self._order.release)
        self.served, self.only_files = found.names, found.are_all and not code and not python

    def _also(self, rehearsed: Rehearsed | None, live: dict[str, types.ModuleType]) -> set[Home]:
        """What the rehearsal executed beyond what the sources ask for, by the names that modules have here."""
        names = self._installed.cold_names(live)
        found = rehearsed.also if rehearsed is not None else ()
        return {*self._order.also, *((names.get(module, module), name) for module, name in found)}

    def vsns(self) -> tuple[ClassVsns, ClassVsns]:
        """Those of the classes of both releases, old and new."""
        assert self.sources is not None
        return self.sources.vsns()

    def stage(self) -> None:
        """Everything that can be done before anybody is held. Blocking. Raises SourceError, UpgradeError."""
        assert self.plan is not None
        patch = self._patch = Patch(self.plan, self._installed.finder, keep_syntax=self._order.swaps_only)
        patch.orphans |= self._installed.orphans
        patch.stage()
        self._near = could_change(self.plan)
        self._files = [path for paths in self._installed.assets_between(self._order.release).values() for path in paths]
        if not self._order.swaps_only or self._files:
            self._installed.assets.look()  # else what lies there is as good as what comes
            self._tree = self._order.release.tree
        if self._recorded is not None:
            self._recorded.prepare(self.plan.new[name] for name in [*self.plan.changed, *self.plan.added])
            self._only_functions = only_swaps(self.plan) and not self._recorded.moves_state
        patch.look_ahead()
        self._collector.hide()

    def add_notes(self, notes: list[str]) -> None:
        assert self.document is not None
        self.document["notes"] += notes

    # -- held --------------------------------------------------------------------------------

    def load(self, run: Callable[[Callable[[], None]], None]) -> None:
        """Apply the patch, within what `run` allows it. Raises whatever the release's statements raise."""
        assert self._patch is not None
        patch = self._patch
        self._collector.begin()
        self._install_finder()
        if self._tree is not None:
            self._installed.assets.follow(self._tree, self.journal, self._files)
        run(lambda: patch.apply(self.journal))

    def _install_finder(self) -> None:
        """Modules that the release adds are imported from the release, not from what lies on disk by now."""
        finder = self._installed.finder
        if finder not in sys.meta_path:
            self.journal.note("sys.meta_path", finder.uninstall)
            finder.install()

    def verify(self, migrated: Collection[str]) -> list[Difference]:
        """In what the process is not the release, as far as the upgrade can have changed it: see `rest`. `migrated`:
        the classes whose `code_change` ran."""
        self._migrated = migrated
        assert self._patch is not None
        found = verify(self._patch, self._recorded.names if self._recorded is not None else None)
        if found or self._recorded is None:
            return found
        root, new = self._installed.root, self._patch.plan.new
        if self._only_functions:
            return self._recorded.compare_functions(root, new, self._near)
        return self._recorded.compare(root, new, self._near, migrated=migrated)

    # -- served again ------------------------------------------------------------------------

    def rest(self) -> list[str]:
        """The recorded modules that were not compared, or not as a whole, while sessions were held."""
        if self._recorded is None:
            return []
        return [name for name in self._recorded.loaded() if self._only_functions or name not in self._near]

    def compare(self, module: str) -> list[Difference]:
        """The same for one of the rest."""
        assert self._recorded is not None and self.sources is not None
        return self._recorded.compare(self._installed.root, self.sources.new, (module,), migrated=self._migrated)

    def take_late(self, recorded: Recorded) -> None:
        """What a cold import found when the upgrade was done: all is to be compared with it."""
        self._recorded, self._near = recorded, frozenset()

    def uncompared(self) -> list[str]:
        """What nobody can compare with a cold import of the release, in words; empty if all of it was."""
        if self._recorded is None:
            return ["the release was not imported in a fresh process, so that only the code of functions was compared"]
        names = self._installed.cold_names(self._installed.live())
        later = sorted(names.keys() - self._recorded.names.keys() - self._recorded.left_out.keys())
        touched = sorted(self._recorded.left_out.keys() & self._near)
        why = [f"{name} was imported meanwhile, and not compared" for name in later]
        return why + [f"{name} was not compared: {self._recorded.left_out[name]}" for name in touched]

    def settle(self, compared: bool) -> None:
        """It is over. `compared`: the process was found to be the release."""
        self._installed.record = self._recorded.settled() if compared and self._recorded is not None else None

    def way_back(self, found: list[Difference], old: str) -> Order | None:
        """The order to go back to the release `old` after these differences; None if nobody knows what that looks like.
        Blocking. Raises StoreError."""
        recorded = self._recorded.backwards(found) if self._recorded is not None else None
        if recorded is None or self.sources is None:
            return None
        return replace(
            self._order,
            release=self._installed.store.get_release(old),
            id=f"{self._order.id}-back",
            direction="down" if self._order.direction == "up" else "up",
            cold=None,
            recorded=recorded,
            also=frozenset(homes_of(found, self.sources.old)),
            swaps_only=False,
        )

    def commit(self) -> None:
        assert self._patch is not None
        self._installed.switch(self._order.release.manifest)  # first: it is true already
        for function in self._patch.orphans:
            self._installed.orphans.add(function)
        self.journal.discard()

    def doubt(self) -> None:
        """It did not come off: what the check said of it is not asked again. Blocking; never fails."""
        Recordings(self._installed.store.path).forget(self._installed.digest, self._order.release.digest)

    def let_go(self) -> None:
        """Garbage is collected again. Idempotent; never fails."""
        self._collector.end()
        if self._patch is not None:
            self._patch.functions = []
