"""A release looked at where it is packed, away from the processes that will run it. Blocking.

As `runtime.check` does it for a process: what that process has imported is told (`imported`), because nobody here has.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..oracle.cold import TIMEOUT
from ..oracle.request import ColdRequest, request_for_files
from .scratch import Trial, check_release


@dataclass(frozen=True)
class Laid:
    """A release as a folder: its digest, where it lies, its files by their paths."""

    digest: str
    tree: Path
    files: Mapping[str, bytes]


def check_packed(
    old: Laid,
    new: Laid,
    imported: Sequence[tuple[str, str]],
    *,
    root: Path,
    packages: tuple[str, ...] | None,
    environment: Mapping[str, str],
    timeout: float = TIMEOUT,
    cancel: threading.Event | None = None,
) -> dict[str, Any]:
    """What is found of the way from `old` to `new`, see `scratch.check_release`, in processes that have `imported`
    these modules (name in a cold import, file) with this `environment`. `root`: the app's folder here.

    Raises SourceError: the new release can't be imported here; Cancelled.
    """
    trial = Trial(
        old=_request(old, root, imported, environment),
        new=_request(new, root, imported, environment),
        old_files=_python_files(old),
        new_files=_python_files(new),
        from_digest=old.digest,
        to_digest=new.digest,
        packages=packages,
        started=True,
    )
    return check_release(trial, timeout=timeout, cancel=cancel)


def _request(
    release: Laid, root: Path, imported: Sequence[tuple[str, str]], environment: Mapping[str, str]
) -> ColdRequest:
    files = {name: file for name, file in imported if file in release.files and _is_named(name, file)}
    request = request_for_files(release.tree, root.resolve(), files)
    return replace(request, environment=dict(environment), folder=root)


def _is_named(name: str, file: str) -> bool:
    """The file can be a module of that name: others told us, and may tell anything."""
    parts = file.removesuffix(".py").split("/")
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    words = name.split(".")
    return file.endswith(".py") and all(word.isidentifier() for word in words) and parts[-len(words) :] == words


def _python_files(release: Laid) -> dict[str, bytes]:
    return {path: data for path, data in release.files.items() if path.endswith(".py")}
