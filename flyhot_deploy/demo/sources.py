"""The example app's releases as folders. Release 1 is whole; each other one is laid over the one it grew from."""

from __future__ import annotations

import shutil
from pathlib import Path

from flyhot_asgi.errors import ConfigError

LAYERS: dict[str, tuple[str, ...]] = {
    "1": ("1",),
    "2": ("1", "2"),
    "3": ("1", "2", "3"),
    "bad": ("1", "2", "bad"),
}


def releases_folder() -> Path:
    """Where the releases are: beside this file once installed, in `example_app/` in a checkout.

    Raises ConfigError if they are in neither place.
    """
    here = Path(__file__).resolve()
    for folder in (here.parent / "releases", here.parents[2] / "example_app" / "releases"):
        if (folder / "1").is_dir():
            return folder
    raise ConfigError(
        "the example app is missing from this installation",
        do="install flyhot from its wheel, or run the demo in a checkout",
    )


def compose(release: str, folder: Path) -> None:
    """Make `folder` hold exactly this release's sources: as after a `git checkout` of it.

    What other tools keep there (hidden folders) stays. Raises KeyError for a release that isn't in LAYERS.
    """
    layers = [releases_folder() / name for name in LAYERS[release]]
    files = {path.relative_to(layer): path for layer in layers for path in _files(layer)}
    for stale in _files(folder):
        if stale.relative_to(folder) not in files:
            stale.unlink()
    for relative, source in files.items():
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _files(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts)
    ]
