"""Workers of one server that have the line in their app: the first one lays the release, and what it came to stands for
all of them.

A worker has read some of the app's files before it comes to the line. Whoever began before the laying was over may have
read the image's, so it ends, and its supervisor starts it anew from the release. Whoever began later goes on. Nobody
asks the store twice, and a boot is counted once, whatever the number of workers.

    <local store>/crews/<supervisor>.json    {"tickets", "laid"}
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import time
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from pathlib import Path

from flyhot_asgi.control.crew import START_AGAIN, serving_us, why_nobody_follows
from flyhot_asgi.control.paths import open_store
from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release import boots
from flyhot_asgi.release.began import process_began, tick
from flyhot_asgi.release.config import project_root, read_settings
from flyhot_asgi.release.files import write_atomically
from flyhot_asgi.release.lock import in_turn

from .lay import read_laid
from .start import Say, reapply
from .state import TRIES

KEEP_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Decided:
    """What the first worker's boot came to. `tickets` names the folder of this release's boots, None for the image.
    `laid` is when its laying was over, in seconds since the machine was started; None if no file was changed.
    """

    tickets: str | None
    laid: float | None


def boot_with_crew(folder: Path, environment: MutableMapping[str, str], say: Say) -> int | None:
    """Come up with the release that this server's workers run. Blocking, also while another worker lays it.

    The exit code with which this worker is to end, so that it is started anew; None: go on. Raises FlyhotError,
    OSError: nothing was laid, and nothing can be found out.
    """
    server = serving_us()
    if server is not None and (why := why_nobody_follows(server)) is not None:
        say(f"{why}, so the image is booted as it is, and upgraded hot; begin the command with `run --` instead")
        return None
    root = project_root(folder)
    crews = open_store(root, read_settings(root)).path / "crews"
    crews.mkdir(parents=True, exist_ok=True)
    with in_turn(crews / "lock"):
        boot = _boot_of(crews, root, folder, environment, say)
    if boot.laid is not None and process_began() <= boot.laid:
        if boot.tickets is not None:
            boots.withdraw(Path(boot.tickets))
        time.sleep(2 * tick())  # who begins in the tick of the laying counts as earlier: its successor must not
        return 0 if server == "hypercorn" else START_AGAIN
    if boot.tickets is not None:
        environment[boots.VARIABLE] = boot.tickets
    return None


def _boot_of(crews: Path, root: Path, folder: Path, environment: MutableMapping[str, str], say: Say) -> Decided:
    note = crews / f"{_supervisor()}.json"
    before = _read(note)
    if before is not None and (before.tickets is None or boots.failed(Path(before.tickets)) < TRIES):
        if before.tickets is not None:
            boots.begin(Path(before.tickets))
        return before
    lay_before = read_laid(root)
    done = reapply(folder, environment, say)
    changed = bool(done.change) or (lay_before is not None and lay_before != read_laid(root))
    laid = time.clock_gettime(time.CLOCK_BOOTTIME) if changed else before.laid if before is not None else None
    boot = Decided(done.environment.get(boots.VARIABLE), laid)
    write_atomically(note, json.dumps(asdict(boot)).encode("utf-8"), mode=0o600)
    _forget_others(crews, note)
    return boot


def is_worker() -> bool:
    """Is this process a server's worker, which must not be replaced by a second server?

    Spawned ones are known to multiprocessing; forked ones have their parent's command line, or gunicorn beneath them.
    """
    if multiprocessing.parent_process() is not None or serving_us() == "gunicorn":
        return True
    try:
        own, parent = (Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (os.getpid(), os.getppid()))
    except OSError:
        return False
    return own == parent


def _supervisor() -> str:
    """A name that no other supervisor has or had: of this run of the machine, a pid, and when that process began."""
    try:
        run = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
        fields = Path(f"/proc/{os.getppid()}/stat").read_bytes().rpartition(b")")[2].split()
        return f"{run}-{os.getppid()}-{fields[19].decode('ascii')}"
    except (OSError, IndexError) as exc:
        raise FlyhotError(f"the server of this worker can't be told from others: {exc}") from exc


def _read(note: Path) -> Decided | None:
    try:
        document = json.loads(note.read_bytes())
        tickets, laid = document["tickets"], document["laid"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    good = (tickets is None or isinstance(tickets, str)) and (laid is None or isinstance(laid, float))
    return Decided(tickets, laid) if good else None


def _forget_others(crews: Path, ours: Path) -> None:
    limit = time.time() - KEEP_SECONDS
    for path in crews.glob("*.json"):
        with contextlib.suppress(OSError):
            if path != ours and path.stat().st_mtime < limit:
                path.unlink()
