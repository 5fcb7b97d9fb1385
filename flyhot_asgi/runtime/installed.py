"""The release that this process runs: its digest, and what of it is in memory."""

from __future__ import annotations

import time
import types
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.living.modules import LoadedModules, cold_name, relative_file
from ..engine.oracle.images import Images
from ..engine.patching.finder import ReleaseFinder
from ..engine.source.module import SourceModule
from ..errors import SourceError
from ..release.config import Settings
from ..release.folder import FolderStore, Release
from ..release.manifest import Manifest
from ..release.scan import scan
from .assets import AssetFolders
from .vsns import ClassVsns

if TYPE_CHECKING:
    from ..engine.verification.recorded import Recorded


@dataclass
class Installed:
    """Owner of "which release is this". Changed by a commit only.

    Before the first upgrade that is the **base**: the files below the root as they were when the app started. They are
    kept in memory until a deploy asks for them to be stored (`store_base`), so that a mere start writes nothing.
    """

    root: Path
    settings: Settings
    store: FolderStore
    manifest: Manifest
    modules: LoadedModules = field(init=False)
    assets: AssetFolders = field(init=False)
    finder: ReleaseFinder = field(default_factory=ReleaseFinder)
    orphans: weakref.WeakSet[types.FunctionType] = field(default_factory=weakref.WeakSet)
    images: Images = field(default_factory=Images)
    """What releases look like, imported cold by this process."""
    record: Recorded | None = None
    """What the running release looks like, once the process was compared with it."""
    has_undone: bool = False
    """An upgrade was undone after its code was in: what that had made is the collector's."""
    since: float = field(default_factory=time.time)
    _base_files: dict[str, bytes] | None = None
    _base_digest: str = ""
    _running: Release | None = None
    _vsns: tuple[str, ClassVsns] | None = None

    def __post_init__(self) -> None:
        self.modules = LoadedModules(self.root, self.settings.first_party)
        self.assets = AssetFolders(self.root)

    @classmethod
    def at_start(cls, root: Path, settings: Settings, store: FolderStore) -> Installed:
        """Read the tree that the app has just been imported from. Blocking. Raises ReleaseError."""
        files = scan(root, settings)
        manifest = Manifest.of(files, app=settings.app)
        return cls(root, settings, store, manifest, _base_files=files, _base_digest=manifest.digest)

    @classmethod
    def of_release(cls, root: Path, settings: Settings, store: FolderStore, release: Release) -> Installed:
        """The process was started with a release that is in the store, whatever lies in its folder by now."""
        return cls(root, settings, store, release.manifest, _base_digest=release.digest, _running=release)

    @property
    def digest(self) -> str:
        return self.manifest.digest

    @property
    def base_digest(self) -> str:
        """The digest of what this process was started with."""
        return self._base_digest

    @property
    def is_compared(self) -> bool:
        """The process was found to be its release; or is what it was started with."""
        return self.record is not None or self.digest == self._base_digest

    @property
    def vsn(self) -> str:
        return self.manifest.vsn

    def store_base(self) -> str:
        """Put the base into the store, if it is not there yet. Blocking. Raises StoreError."""
        files = self._base_files
        if files is not None:
            self.store.put_release(files)
            self._base_files = None
        return self._base_digest

    def read(self, path: str) -> bytes:
        """A file of the running release. Raises HashMismatch, or StoreError if the store has lost it."""
        if self._base_files is not None and self.digest == self._base_digest:
            return self._base_files[path]
        if self._running is None or self._running.digest != self.digest:
            self._running = self.store.get_release(self.digest)
        return self._running.read(path)

    def live(self) -> dict[str, types.ModuleType]:
        """The first-party modules that are loaded, in import order."""
        return self.modules.live(self.manifest.entries)

    def cold_names(self, live: Mapping[str, types.ModuleType]) -> dict[str, str]:
        """These modules' names by those under which a cold import has them."""
        return {cold_name(name, module): name for name, module in live.items()}

    def imported(self) -> list[list[str]]:
        """The first-party modules that are loaded, in import order: the name of each in a cold import, and its file."""
        found = ((name, relative_file(module, self.root)) for name, module in self.cold_modules().items())
        return [[name, file] for name, file in found if file is not None]

    def cold_modules(self) -> dict[str, types.ModuleType]:
        """The loaded first-party modules, by the names that a cold import has for them."""
        return {cold_name(name, module): module for name, module in self.live().items()}

    def sources(self, live: Mapping[str, types.ModuleType]) -> dict[str, SourceModule]:
        """The running release as modules of this process, without what nobody has imported and this Python can't read.
        Blocking; raises SourceError."""
        found = self._sources_of(self.manifest, self.read, live)
        return {name: source for name, source in found.items() if name in live or _is_readable(source)}

    def sources_with(self, release: Release, live: Mapping[str, types.ModuleType]) -> Sources:
        """The running release and another one, as modules of this process. Blocking; raises SourceError.

        Left out is what this Python can't read, if nobody has imported it and it did not change: it is for another one.
        """
        old = self._sources_of(self.manifest, self.read, live)
        new = self._sources_of(release.manifest, release.read, live)
        same = [name for name in new.keys() & old.keys() - live.keys() if new[name].text == old[name].text]
        for name in same:
            if not _is_readable(new[name]):
                del old[name], new[name]
        return Sources(live=live, old=old, new=new)

    def _sources_of(
        self, manifest: Manifest, read: Callable[[str], bytes], live: Mapping[str, types.ModuleType]
    ) -> dict[str, SourceModule]:
        return self.modules.sources(manifest.entries, read, live, lambda path: manifest.entries[path].sha256)

    def assets_between(self, release: Release) -> dict[str, list[str]]:
        """Files other than Python that differ, as `{"changed": […], "added": […], "deleted": […]}`."""
        before = _hashes(self.manifest, python=False)
        after = _hashes(release.manifest, python=False)
        return {
            "changed": sorted(path for path in before.keys() & after.keys() if before[path] != after[path]),
            "added": sorted(after.keys() - before.keys()),
            "deleted": sorted(before.keys() - after.keys()),
        }

    def python_changes(self, release: Release) -> list[str]:
        before, after = _hashes(self.manifest, python=True), _hashes(release.manifest, python=True)
        return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))

    def vsns(self) -> ClassVsns:
        """The vsns of the running release's classes. Read once per release."""
        if self._vsns is None or self._vsns[0] != self.digest:
            self._vsns = (self.digest, ClassVsns(self.sources(self.live())))
        return self._vsns[1]

    def switch(self, manifest: Manifest) -> None:
        """The process now runs that release."""
        self.manifest = manifest
        self.record = None
        self.since = time.time()


@dataclass(frozen=True)
class Sources:
    """Two releases as modules of this process. `live` are the modules that are loaded."""

    live: Mapping[str, types.ModuleType]
    old: Mapping[str, SourceModule]
    new: Mapping[str, SourceModule]

    def vsns(self) -> tuple[ClassVsns, ClassVsns]:
        return ClassVsns(self.old), ClassVsns(self.new)


def _hashes(manifest: Manifest, *, python: bool) -> dict[str, str]:
    return {entry.path: entry.sha256 for entry in manifest.files if entry.path.endswith(".py") is python}


def _is_readable(source: SourceModule) -> bool:
    try:
        return bool(source.tree)
    except SourceError:
        return False
