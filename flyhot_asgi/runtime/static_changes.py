"""Does a release change nothing but static files? Then open pages swap those, and nothing renders for it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

SWAPPED = frozenset({".css", ".js", ".mjs"})
"""What open pages ask for again, or offer to."""

SHOWN = SWAPPED | {
    *(".map", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".ico"),
    *(".woff", ".woff2", ".ttf", ".otf", ".eot", ".mp3", ".mp4", ".webm", ".ogg", ".wasm", ".pdf"),
}
"""What no server code reads to make a page of: not so `.html`, or the `.json` that tells a template hashed names."""


@dataclass(frozen=True)
class StaticChanges:
    """`names`: the stylesheets and scripts that change, by the ends of their URLs. `are_all`: nothing else does, that a
    page could show otherwise than by loading it again."""

    names: list[str]
    are_all: bool

    @classmethod
    def between(cls, assets: Mapping[str, Sequence[str]], served: Callable[[str], str | None]) -> StaticChanges:
        """assets: paths, as `Installed.assets_between` has them. served: the path below the static folder that serves a
        file, None if none does."""
        differ = [path for paths in assets.values() for path in paths]
        known = {path: served(path) for path in differ}
        ending = {path: PurePosixPath(path).suffix.lower() for path in differ}
        names = sorted({name for path, name in known.items() if name is not None and ending[path] in SWAPPED})
        # A stylesheet that goes away may have gone under another name: who names it may be any page.
        gone = any(ending[path] in SWAPPED for path in assets.get("deleted", ()))
        are_all = (
            bool(differ) and not gone and all(known[path] is not None and ending[path] in SHOWN for path in differ)
        )
        return cls(names, are_all)
