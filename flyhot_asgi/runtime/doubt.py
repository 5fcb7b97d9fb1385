"""Files that were edited while the app was being imported: then the tree need not be what runs.

A server starts a worker anew in the very second in which somebody edits or deploys. What it has read of its files is
found out by comparing it: with the tree, with what its crew runs, with what the other processes run.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from ..control.crew import Crew
from ..control.paths import ControlSocket, runtime_dir, sockets_of
from ..control.wire import Decoder, Frame, encode
from ..errors import ControlError, FlyhotError
from ..release import began, imported
from ..threads import in_thread
from .installed import Installed
from .joining import crew_in
from .loading import load

logger = logging.getLogger("flyhot.upgrade")

ASK_SECONDS = 10.0


def edited_meanwhile(installed: Installed) -> list[str]:
    """The files of loaded modules that were changed after the import of the app may have begun. Blocking."""
    found = []
    for module in installed.live().values():
        file = getattr(module, "__file__", None)
        with contextlib.suppress(OSError, TypeError):
            if os.stat(file).st_ctime >= began.BEGAN:  # type: ignore[arg-type]
                found.append(str(file))
    return sorted(set(found))


async def what_runs(installed: Installed) -> Installed:
    """`installed`, or the other release that was really imported. Takes as long as the app's import, and only where a
    file was edited meanwhile.

    Where the code is the tree's, and its values are nobody's, the program has made them so; but for those of modules
    that were seen to be imported from another text. Raises ControlError if what runs is no release that anybody knows.
    """
    edited = await in_thread(lambda: edited_meanwhile(installed))
    if not edited:
        return installed
    await load()
    from .already import runs_code_of

    if await _is(installed):
        return installed
    tried = {installed.digest}
    for digest in await in_thread(lambda: list(_candidates(installed))):
        if digest in tried:
            continue
        tried.add(digest)
        with contextlib.suppress(FlyhotError):  # that one is gone from the store
            release = await in_thread(lambda digest=digest: installed.store.get_release(digest))  # type: ignore[misc]
            other = Installed.of_release(installed.root, installed.settings, installed.store, release)
            if await _is(other):
                logger.info("imported was release %s, and its files were edited meanwhile", other.vsn)
                return other
    if await runs_code_of(installed) and not await in_thread(lambda: imported_otherwise(installed)):
        return installed
    raise ControlError(
        f"{edited[0]} was edited while the app was being imported, and what was imported is neither that nor another "
        "release that is known",
        file=edited[0],
        do="restart it, and it runs what lies in its folder",
    )


async def keep_for_forks(installed: Installed) -> None:
    """Where the app was imported by the server, which forks its workers: a later one has to find out that it has this
    release, when the folder is another one, and no worker is left to ask. Never fails."""
    crew = crew_in(runtime_dir(installed.root))
    if crew is None or not began.is_fork() or crew.base == installed.base_digest:
        return
    try:
        await in_thread(installed.store_base)
        await in_thread(lambda: crew.forked(installed.base_digest))
    except FlyhotError as exc:
        logger.warning("a worker that is started later may not find out what it runs: %s", exc)


def imported_otherwise(installed: Installed) -> list[str]:
    """The modules whose bodies, as they were imported, are not those of the release. Blocking; never fails."""
    live = installed.live()
    try:
        sources = installed.sources(live)
    except FlyhotError:
        return []  # the comparison that follows says why
    found = []
    for name, module in live.items():
        body = imported.body_of(getattr(module, "__file__", None))
        with contextlib.suppress(FlyhotError):
            if body is not None and name in sources and sources[name].code != body:
                found.append(name)
    return found


async def _is(installed: Installed) -> bool:
    from .already import differs_as_imported

    other = await in_thread(lambda: imported_otherwise(installed))
    if other:
        logger.info("what was imported is not release %s: %s was another text", installed.vsn, other[0])
        return False
    try:
        found = await differs_as_imported(installed)
    except FlyhotError as exc:
        logger.warning("what was imported can't be compared with release %s: %s", installed.vsn, exc)
        return False
    if found:
        logger.info("what was imported is not release %s: %s", installed.vsn, found[0])
    return not found


def _candidates(installed: Installed) -> Iterator[str]:
    """Releases that a process of this app may have imported. Blocking."""
    folder = runtime_dir(installed.root)
    crew = crew_in(folder)
    if crew is not None:
        if (base := crew.base) is not None:
            yield base
        yield from _noted(crew)
    with contextlib.suppress(FlyhotError):
        for other in sockets_of(folder):
            if other.pid != os.getpid():
                yield from _told_by(other)
    with contextlib.suppress(FlyhotError):
        history = installed.store.history()
        if history.current is not None:
            yield history.current
        yield from (entry.release for entry in history.entries[-1:])  # tried, undone, and the files put back since


def _noted(crew: Crew) -> Iterator[str]:
    with contextlib.suppress(FlyhotError):
        note = crew.read()
        if note is not None:
            yield note.release
            yield note.old


def _told_by(other: ControlSocket) -> Iterator[str]:
    """What another process runs, and what it was started with: it puts that into the store when it is asked."""
    for verb in ("base", "status"):
        with contextlib.suppress(OSError, FlyhotError):
            answer = _ask(other.path, {"verb": verb})
            release = answer.get("release") or (answer.get("status") or {}).get("release")
            if isinstance(release, str):
                yield release


def _ask(path: Path, request: Frame) -> Frame:
    """One request, one answer. Raises OSError, WireError."""
    decoder = Decoder()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(ASK_SECONDS)
        line.connect(str(path))
        line.sendall(encode(request))
        while data := line.recv(1 << 16):
            for frame in decoder.feed(data):
                if frame.get("done") is True:
                    return frame
    raise OSError("it hung up")
