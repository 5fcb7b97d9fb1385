"""What tracebacks and `inspect` show of a release's text."""

from __future__ import annotations

import linecache

from ..source.module import SourceModule
from .journal import Journal


def show_source(source: SourceModule, journal: Journal) -> None:
    """Tracebacks and `inspect` show the release's text, whatever is on disk (an entry without mtime stays)."""
    before = linecache.cache.get(source.path)

    def undo() -> None:
        if before is None:
            linecache.cache.pop(source.path, None)
        else:
            linecache.cache[source.path] = before

    journal.note("linecache", undo)
    linecache.cache[source.path] = (len(source.text), None, source.text.splitlines(keepends=True), source.path)
