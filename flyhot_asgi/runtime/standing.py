"""A worker that its server starts anew comes up with the release that the others run, whatever lies in the folder.

It would import what lies there: somebody edits it, a deploy of it was refused, or it can't even be imported; then the
worker dies before anything of ours runs, again and again, and gunicorn ends with all its workers. So a server that was
started by `python -m flyhot_deploy run` has a finder in each of its processes (site/sitecustomize.py) which comes here
before the first module of the app is imported, and has it imported from the release that stands, out of the store.

Nothing is laid over the folder (decision 0002), and a server that is started anew starts from it, as ever.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from ..control.crew import Crew
from ..control.decision import Decisions, decisions_dir
from ..control.paths import open_store, runtime_dir
from ..control.standing import VARIABLE
from ..engine.living.modules import LoadedModules
from ..engine.patching.finder import ReleaseFinder
from ..engine.patching.journal import Journal
from ..engine.patching.shown import show_source
from ..errors import FlyhotError
from ..release.config import Settings, read_settings
from ..release.folder import FolderStore, Release
from ..threads import in_thread
from .installed import Installed
from .joining import crew_in

logger = logging.getLogger("flyhot.upgrade")


@dataclass(frozen=True)
class Standing:
    """A release that the app was imported from, in place of its folder."""

    release: Release
    finder: ReleaseFinder


_standing: dict[Path, Standing] = {}


def stand_in(folder: str) -> ReleaseFinder | None:
    """Have the app in `folder` imported from the release that this worker's crew runs, by the finder that is returned;
    None: nobody knows one. Also if the folder is just that: it may be another one before all of it is imported.
    Blocking, before anything of the app is imported. Never raises."""
    root = Path(folder)
    try:
        crew = crew_in(runtime_dir(root))
        wanted = _wanted(crew, root) if crew is not None else None
        if wanted is None:
            return None
        settings = read_settings(root)
        release = open_store(root, settings).get_release(wanted)
        sources = LoadedModules(root, settings.first_party).sources(release.manifest.entries, release.read, {})
    except (FlyhotError, OSError) as exc:
        os.write(2, f"flyhot: worker {os.getpid()} imports what lies in {root}: {exc}\n".encode(errors="replace"))
        return None
    finder = ReleaseFinder()
    finder.modules = sources
    finder.install()
    for source in sources.values():
        show_source(source, Journal())
    _standing[root] = Standing(release, finder)
    return finder


def _wanted(crew: Crew, root: Path) -> str | None:
    """The release that stands. While that is being decided it is the one before: this worker then joins the other."""
    note = crew.read()
    if note is None:
        return None
    if note.tx is None:
        return note.release
    word = Decisions(decisions_dir(runtime_dir(root))).standing(note.tx)
    return note.release if word == "commit" else note.old


def stands(root: Path) -> bool:
    """This process has imported the app in `root` from a release in the store."""
    return root in _standing


def installed_at_start(root: Path, settings: Settings, store: FolderStore) -> Installed:
    """What this process has just imported. Blocking. Raises ReleaseError."""
    standing = _standing.get(root)
    if standing is None:
        return Installed.at_start(root, settings, store)
    installed = Installed.of_release(root, settings, store, standing.release)
    installed.finder = standing.finder
    logger.info("%s was imported from release %s, which its crew runs", root, installed.vsn)
    return installed


async def follow_assets(installed: Installed) -> None:
    """Templates and static files of an app that was imported from a release are that release's, too."""
    standing = _standing.get(installed.root)
    if standing is not None and standing.release.digest == installed.digest:
        installed.assets.look()
        installed.assets.follow(standing.release.tree, Journal())
        installed.assets.forget()


async def note_for_others(installed: Installed, crew: Crew) -> None:
    """Under a server that was started so, the first worker tells those that come later what they are to run, before
    there was any deploy. Never fails."""
    if os.environ.get(VARIABLE) != str(installed.root):
        return
    try:
        if await in_thread(crew.read) is None:
            await in_thread(installed.store_base)
            await in_thread(lambda: crew.settle(installed.digest))
        await in_thread(crew.stand)
    except FlyhotError as exc:
        logger.warning("a worker that is started later imports what lies in its folder by then: %s", exc)
