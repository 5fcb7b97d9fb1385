"""What can be found out on this machine without asking anybody: Python, the app's folder, keys, secrets,
dependencies.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release.config import Settings
from flyhot_asgi.release.manifest import Manifest
from flyhot_asgi.release.scan import survey

from ..environment import SECRETS, Place, signing_keys
from ..release.machine import dependencies_here, differences, python_abi
from ..release.manifest import ReleaseManifest
from ..release.payload import check_files
from .finding import Finding

SECRET_BYTES = 8
"""Shorter values are words that may stand on any command line."""


def python() -> Finding:
    """The interpreter: CPython from 3.11 on, with the GIL."""
    said = f"{platform.python_implementation()} {platform.python_version()} ({python_abi()})"
    free_threaded = not getattr(sys, "_is_gil_enabled", lambda: True)()
    if platform.python_implementation() != "CPython" or free_threaded:
        return Finding("python", "failure", f"{said} can't be upgraded in place", "use CPython with the GIL")
    return Finding("python", "ok", said)


def folder(root: Path, settings: Settings) -> Iterator[Finding]:
    """Would the app's folder make a release?"""
    try:
        found = survey(root, settings)
        check_files(Manifest.of(found.files, app=settings.app))
    except FlyhotError as exc:
        yield Finding("app", "failure", exc.message, exc.do)
        return
    code = sum(1 for path in found.files if path.endswith(".py"))
    size = sum(map(len, found.files.values()))
    if not code:
        yield Finding("app", "failure", f"there is no Python below {root}", "run this from the app's folder")
    else:
        yield Finding("app", "ok", f"{settings.app}: {len(found.files)} files ({code} Python), {size:,} bytes")
    for item in found.skipped[:10]:
        yield Finding("app", "warning", f"{item.path} is left out: {item.reason}", "exclude it, if it doesn't matter")


def keys(place: Place, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Who may sign, who is trusted, and whether the two fit."""
    trusted = place.trusted
    make = "make a pair with `python -m flyhot_deploy keygen`, and put its public half into FLYHOT_PUBLIC_KEYS"
    if trusted.allow_unsigned:
        yield Finding(
            "keys", "warning", "FLYHOT_ALLOW_UNSIGNED is set: whoever can write to the store can run code here", make
        )
    elif not trusted.keys:
        yield Finding("keys", "failure", "no public key is trusted here: every release will be refused", make)
    if trusted.keys:
        yield Finding("keys", "ok", "trusted: " + ", ".join(key.id for key in trusted.keys))
    try:
        signing = signing_keys(environment)
    except FlyhotError as exc:
        yield Finding("keys", "failure", exc.message, exc.do)
        return
    known = {key.id for key in trusted.keys}
    for key in signing:
        if key.public.id not in known and not trusted.allow_unsigned:
            yield Finding(
                "keys", "failure", f"releases made here are signed by {key.public.id}, whom nobody trusts", make
            )
    if signing and environment.get("FLY_MACHINE_ID"):
        yield Finding(
            "keys",
            "warning",
            "the secret key is on a machine that serves: whoever breaks into the app can sign releases",
            "keep FLYHOT_SIGNING_KEY where releases are made, and out of the app's secrets",
        )


def secrets_in_sight(environment: Mapping[str, str], proc: Path = Path("/proc")) -> Iterator[Finding]:
    """Does any process of this machine show one of our secrets on its command line?"""
    values = {name: environment[name].encode() for name in SECRETS if len(environment.get(name, "")) >= SECRET_BYTES}
    seen = False
    for path in proc.glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        for name, value in values.items():
            if value in line:
                seen = True
                yield Finding(
                    "secrets",
                    "failure",
                    f"the value of {name} stands on the command line of process {path.parent.name}: `ps` shows it",
                    "hand it over in the environment, and make a new one: this one is known",
                )
    if not seen:
        yield Finding("secrets", "ok", f"{len(values)} known, none on a command line")


def drift(manifest: ReleaseManifest | None) -> Iterator[Finding]:
    """What is installed here against what the current release was made with."""
    if manifest is None:
        return
    if manifest.python_abi != python_abi():
        yield Finding(
            "dependencies", "failure", f"release {manifest.vsn} is for {manifest.python_abi}, here is {python_abi()}",
            "deploy cold: `fly deploy`",
        )  # fmt: skip
    found = differences(dependencies_here().versions, manifest.dependencies.versions)
    if found:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        yield Finding("dependencies", "failure", "; ".join(found[:5]) + more, "deploy cold: `fly deploy`")
    else:
        yield Finding("dependencies", "ok", f"as release {manifest.vsn} wants them")


def writable(root: Path, place: Place) -> Finding:
    """Can a release be laid over the image here?"""
    if place.base is None:
        return Finding("image", "note", "not made from an image that is named (FLYHOT_BASE, FLY_IMAGE_REF)")
    if os.access(root, os.W_OK | os.X_OK):
        return Finding("image", "ok", f"{place.base}; {root} can be written to")
    return Finding(
        "image",
        "warning",
        f"{root} can't be written to: after a restart this machine serves its image, not the current release",
        "let the app's user write to the app's folder (COPY --chown in the Dockerfile)",
    )
