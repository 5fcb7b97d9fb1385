"""Modules that a process has and that can't be imported cold: which of them are the release's fault. Pure.

A process may have a module that no fresh process can import: a script swallowed what it raised, or something was
installed, mounted or set when it was imported and is not any more. If it can't be imported in the release that runs
either, for the same reason and with the same text, then it says nothing about the release: it is left out of the
comparison, and that is told. Anything else is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .request import ColdRequest, failure_of

Image = Mapping[str, Any]


def left_out_of(
    request: ColdRequest, same: Callable[[str], bool], first: Image, again: Image, before: Image | None
) -> dict[str, str]:
    """The modules that can't be compared, and why. `first`, `again`: cold imports of the new release, that `request`
    asks for; `before`: of the one that runs; `same(module)`: its text did not change.

    Raises SourceError for one that is the release's fault.
    """
    known = before["failed"] if before is not None else {}
    found: dict[str, str] = {}
    for image in (first, again):
        for name, failure in image["failed"].items():
            if _said(known.get(name)) != _said(failure) or not same(name):
                raise failure_of(request, failure)
            found[name] = f"{failure['type']}: {failure['message']}"
    return found


def _said(failure: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    return (failure["type"], failure["message"]) if failure is not None else None
