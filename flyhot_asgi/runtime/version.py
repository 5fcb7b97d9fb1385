"""What runs in this process, for the app itself to say."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, FlyhotError
from .installed import Installed
from .shared import running

IMAGE_VARIABLE = "FLY_IMAGE_REF"
_versions: dict[str, str] = {}


@dataclass(frozen=True)
class Version:
    """What runs.

    base_image      the image that the machine was started from (Fly.io's `FLY_IMAGE_REF`); None elsewhere
    hot             digest of the release that was laid over it; None as long as what was started runs
    version         `[project] version` in the release's pyproject.toml, else the first digits of its digest
    fingerprint     SHA-256 over all files of what runs: equal if and only if that is
    """

    base_image: str | None
    hot: str | None
    version: str
    fingerprint: str


def current_version(root: str | os.PathLike[str] | None = None) -> Version:
    """What the app at `root` runs; without it, the one app of this process.

    Raises ConfigError if no app has been started here, or several were and none is named. Reads a small file once for
    each release.
    """
    apps = running()
    if root is not None:
        named = Path(root).resolve()
        apps = {folder: installed for folder, installed in apps.items() if folder == named}
    if len(apps) != 1:
        which = ", ".join(map(str, apps)) or "none"
        raise ConfigError(
            f"there is not one app that could be asked for its version (running here: {which})",
            do="call it when the app has started; of several apps, name the folder of one",
        )
    [installed] = apps.values()
    digest = installed.digest
    return Version(
        base_image=os.environ.get(IMAGE_VARIABLE) or None,
        hot=None if digest == installed.base_digest else digest,
        version=_version(installed),
        fingerprint=digest,
    )


def _version(installed: Installed) -> str:
    digest = installed.digest
    if digest not in _versions:
        _versions[digest] = _read_version(installed) or installed.vsn
    return _versions[digest]


def _read_version(installed: Installed) -> str | None:
    if "pyproject.toml" not in installed.manifest.entries:
        return None
    try:
        project = tomllib.loads(installed.read("pyproject.toml").decode()).get("project")
    except (FlyhotError, ValueError):
        return None
    version = project.get("version") if isinstance(project, dict) else None
    return version if isinstance(version, str) else None
