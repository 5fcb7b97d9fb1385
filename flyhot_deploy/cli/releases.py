"""Commands about releases and their store: `keygen`, `pack`, `gc`, `unlock`, `doctor`, and the store's `history`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flyhot_asgi.errors import ManifestError, StoreLocked
from flyhot_asgi.release.files import write_atomically

from ..circumstances import shared_key
from ..config import Project
from ..environment import Place, read_place, signing_keys
from ..errors import Exit, UsageError
from ..fleet.predecessor import predecessor
from ..fly.toml import find_config, read_config
from ..local.progress import Fact, Notify, Step
from ..local.report import PageReport
from ..packing import Packed, Terms, bundle_of, now, read_folder
from ..recording import Recording, record
from ..release.bundle import Bundle
from ..release.signing import SecretKey
from ..repository.gc import find_garbage, remove
from ..repository.lease import Lock, acquire, break_lock, is_alive, kept, owner_here, read_lock
from ..repository.repository import Repository

NO_BASE = "tree:unnamed"


def place_of(project: Project) -> Place:
    """Where this project's releases are kept, by the environment. Raises ConfigError."""
    name = project.settings.app
    if config := find_config(project.root):
        name = read_config(config).app or name
    return read_place(os.environ, app=name)


def keygen(path: Path | None, *, force: bool) -> PageReport:
    """A new pair. The secret half goes into a file that only its owner can read, never to the terminal."""
    target = path or Path("flyhot.key")
    if target.exists() and not force:
        raise UsageError(
            f"{target} exists: a key that is overwritten can sign nothing any more",
            do="name another file, or say --force",
        )
    key = SecretKey.generate()
    write_atomically(target.absolute(), f"{key.reveal()}\n".encode("ascii"), mode=0o600)
    lines = (
        ("", f"secret key: {target} (mode 0600). Keep it where releases are made: FLYHOT_SIGNING_KEY_FILE={target}"),
        ("", f"public key ({key.public.id}), for the image or the app's environment:"),
        ("good", f"FLYHOT_PUBLIC_KEYS={key.public}"),
        (
            "dim",
            "several keys may stand there, with spaces between: trust the new one, sign with it, then drop the old one",
        ),
    )
    data = {"key_id": key.public.id, "public_key": str(key.public), "file": str(target)}
    return PageReport(Exit.VERIFIED, "ok", lines, data)


def pack(
    project: Project,
    notify: Notify,
    *,
    output: Path | None,
    publish: bool,
    bases: tuple[str, ...],
    sequence: int | None,
    unsigned: bool,
) -> PageReport:
    """The app in this folder as a bundle: in a file, or in the store, or both."""
    place = place_of(project)
    keys = signing_keys(os.environ)
    if not keys and not unsigned:
        raise UsageError(
            "there is no key to sign with",
            do="set FLYHOT_SIGNING_KEY_FILE (see `keygen`), or say --unsigned: machines refuse it then",
        )
    notify(Step("packing the app's folder"))
    repository = place.repository() if publish else None
    number = sequence if sequence is not None else _next_sequence(repository)
    packed = read_folder(project.root, project.settings)
    over = bases or ((place.base,) if place.base else (NO_BASE,))
    made = _recording(project, place, repository, packed, over[0]) if repository is not None else Recording()
    terms = Terms(place.app, place.channel, number, over, structure=made.structure, plan=made.plan)
    bundle, notes = bundle_of(packed, terms, () if unsigned else keys), packed.left_out
    notes += (f"nothing was recorded, so machines look for themselves: {made.why}",) if made.why else ()
    notify(Fact(f"{len(bundle.manifest.files.files)} files, release {bundle.manifest.vsn}"))
    target: Path | None = None
    if output is not None or repository is None:
        target = output or Path(f"{project.settings.app}-{bundle.manifest.vsn}.flyhot")
        write_atomically(target.absolute(), bundle.to_bytes())
    if repository is not None:
        notify(Step(f"publishing it in {repository.store.url}"))
        repository.publish(bundle, progress=_told(notify))
    return _packed(bundle, target, repository, notes)


def _recording(project: Project, place: Place, repository: Repository, packed: Packed, base: str) -> Recording:
    """Of the way from what machines of that image run now, if that is known."""
    key = shared_key(os.environ, unsigned=place.trusted.allow_unsigned)
    pointer, said = repository.pointer().pointer, repository.said().values()
    before = predecessor(repository, pointer, base, said, {"FLY_IMAGE_REF": base})
    if before is None or key is None or before.release == packed.manifest.digest:
        return Recording()
    return asyncio.run(record(packed.files, before, project.root, project.settings, environment=os.environ, key=key))


def _next_sequence(repository: Repository | None) -> int:
    """Higher than any before: the store knows them, and without it the date does."""
    return now() if repository is None else max(repository.pointer().pointer.sequence + 1, now())


def _told(notify: Notify) -> Any:
    """Progress of a transfer, a line for each quarter."""
    said = 0

    def progress(done: int, total: int | None) -> None:
        nonlocal said
        quarter = 4 * done // total if total else 0
        if quarter > said and total:
            said = quarter
            notify(Fact(f"{done:,} of {total:,} bytes"))

    return progress


def _packed(bundle: Bundle, target: Path | None, repository: Repository | None, notes: tuple[str, ...]) -> PageReport:
    manifest = bundle.manifest
    signers = [one.key_id for one in bundle.envelope.signatures]
    where = [str(target)] if target else []
    where += [repository.store.url] if repository else []
    lines = [
        ("good", f"release {manifest.vsn}, sequence {manifest.sequence}, for {manifest.app}/{manifest.channel}"),
        ("", f"manifest {bundle.digest}"),
        ("", f"signed by {', '.join(signers)}" if signers else "not signed"),
        ("", f"over {', '.join(manifest.bases)}"),
        ("", f"in {', '.join(where)}"),
        *(("dim", f"note: {note}") for note in notes),
    ]
    data = {
        "release": manifest.release,
        "manifest": bundle.digest,
        "sequence": manifest.sequence,
        "bases": list(manifest.bases),
        "signed_by": signers,
        "recorded": manifest.plan is not None,
        "file": str(target) if target else None,
        "store": repository.store.url if repository else None,
        "notes": list(notes),
    }
    return PageReport(Exit.VERIFIED, "ok", tuple(lines), data)


def gc(project: Project, notify: Notify, *, keep: int, dry_run: bool) -> PageReport:
    """Remove what nobody can be asked to run any more. Under the lock, so that no deploy is publishing."""
    repository = place_of(project).repository()
    notify(Step(f"looking through {repository.store.url}"))
    if dry_run:
        garbage = find_garbage(repository, keep=keep)
    else:
        with kept(acquire(repository.store, repository.keys.lock, owner_here("gc"))) as lease:
            garbage = find_garbage(repository, keep=keep)
            lease.check()
            remove(repository, garbage)
    verb = "would remove" if dry_run else "removed"
    lines = [("good", f"{verb} {len(garbage.removed)} objects, {garbage.size:,} bytes; {len(garbage.kept)} stay")]
    lines += [("warn", f"can't be read, and was left alone: {key}") for key in garbage.unreadable[:20]]
    data = {
        "removed": garbage.removed,
        "bytes": garbage.size,
        "kept": len(garbage.kept),
        "unreadable": garbage.unreadable,
        "dry_run": dry_run,
    }
    return PageReport(Exit.VERIFIED, "ok", tuple(lines), data)


def unlock(project: Project, notify: Notify, *, force: bool) -> PageReport:
    """Free the lock of a dead deploy. Raises StoreLocked: it lives."""
    repository = place_of(project).repository()
    store, key = repository.store, repository.keys.lock
    try:
        lock = read_lock(store, key)
    except ManifestError as exc:
        if not force:
            exc.do = "see who wrote it there; --force writes a free lock over it"
            raise
        lock = Lock(held=True)
    if not lock.held:
        return PageReport(Exit.VERIFIED, "ok", (("good", "nobody holds the lock"),), {"was_held_by": None})
    if not force:
        notify(Step(f"watching {lock.owner} for a sign of life, {lock.ttl:g} s at most"))
        if is_alive(store, key):
            raise StoreLocked(
                f"{lock.owner} is alive: it has just renewed its lock (epoch {lock.epoch})",
                do="stop that deploy, or wait for it; --force takes the lock away all the same, and it will notice",
            )
    broken = break_lock(store, key)
    said = f"the lock of {broken.owner} (epoch {broken.epoch}) is free" if broken.held else "nobody holds the lock"
    data = {"was_held_by": broken.owner if broken.held else None, "epoch": broken.epoch}
    return PageReport(Exit.VERIFIED, "ok", (("good", said),), data)


def history(project: Project) -> PageReport:
    """What was released to the fleet, newest first, and what is current on which image."""
    repository = place_of(project).repository()
    pointer, entries = repository.pointer().pointer, repository.history()
    lines = [("", _line(entry)) for entry in reversed(entries)]
    lines += [
        ("good", f"current on {base}: {one.release[:12] or 'its own files'}") for base, one in pointer.current.items()
    ]
    if not lines:
        lines = [("", "nothing was released to this store yet: python -m flyhot_deploy hot")]
    current = {base: one.release for base, one in pointer.current.items()}
    data = {"entries": entries, "current": current, "store": repository.store.url}
    return PageReport(Exit.VERIFIED, "ok", tuple(lines), data)


def _line(entry: Mapping[str, Any]) -> str:
    if "error" in entry and isinstance(entry["error"], dict) and "release" not in entry:
        return f"{entry['sequence']:>6}  can't be read: {entry['error'].get('message')}"
    at = str(entry.get("at", "")).replace("T", " ").removesuffix("+00:00")
    before = str(entry.get("previous") or "-")[:12]
    return (
        f"{entry['sequence']:>6}  {at}  {entry.get('action', '?'):<8}  {str(entry.get('release', '?'))[:12]}  "
        f"(before: {before})  {str(entry.get('outcome', '?')).replace('_', ' ')}"
    )


async def doctor(project: Project, notify: Notify) -> PageReport:
    """Everything that a deploy from here, or a boot here, needs. Exit 1 if something of it fails."""
    from ..doctor import fly, here
    from ..doctor.finding import Finding, worst
    from ..doctor.stores import StoreChecks
    from ..fly.environment import FlyEnvironment

    place = place_of(project)
    notify(Step("looking at this machine"))
    found: list[Finding] = [here.python(), *here.folder(project.root, project.settings)]
    found += [here.writable(project.root, place), *here.keys(place, os.environ), *here.secrets_in_sight(os.environ)]
    if place.address is None:
        said = "none is named: releases stay on this machine (hot --local)"
        found.append(
            Finding("store", "failure" if project.is_on_fly else "note", said, "set FLYHOT_STORE or BUCKET_NAME")
        )
    else:
        notify(Step("asking the store"))
        checks = StoreChecks(place)
        found += await asyncio.to_thread(lambda: list(checks.run()))
        found += here.drift(checks.manifest)
    if project.is_on_fly or os.environ.get("FLY_MACHINE_ID"):
        notify(Step("asking Fly"))
        found += [finding async for finding in fly.token(FlyEnvironment.of(os.environ))]
    grade = worst(found)
    lines: list[tuple[str, str]] = []
    for one in found:
        style = {"ok": "good", "failure": "bad", "warning": "warn"}.get(one.grade, "dim")
        lines.append((style, f"{one.grade:<8} {one.what}: {one.said}"))
        if one.do and one.grade in ("warning", "failure"):
            lines.append(("", f"         what to do: {one.do}"))
    failed = grade == "failure"
    data = {"findings": [one.document() for one in found], "grade": grade}
    return PageReport(Exit.FAILED if failed else Exit.VERIFIED, "failed" if failed else "ok", tuple(lines), data)
