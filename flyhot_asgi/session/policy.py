"""What a class says of its own sessions: who may hold up an upgrade, and whose failed migration undoes it.

on_busy                not at its boundary when the time is over: "abort" the upgrade (default), "pin" the session to
                       the old release until it comes to its boundary, or "evict" it (closed with 1012)
on_failed_code_change  its `code_change` raised: "abort" the upgrade (default), or "drop_session" (closed with 1012)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from flyhot_asgi.session.unit import Unit

OnBusy = Literal["abort", "pin", "evict"]
OnFailure = Literal["abort", "drop_session"]
ON_BUSY: tuple[OnBusy, ...] = ("abort", "pin", "evict")
ON_FAILURE: tuple[OnFailure, ...] = ("abort", "drop_session")


def on_busy(units: Sequence[Unit], default: OnBusy) -> OnBusy:
    """The word of the first unit whose class has one; `default` if none has. What is no such word counts as "abort"."""
    for unit in units:
        said = getattr(unit.cls, "on_busy", None)
        if said is not None:
            return cast(OnBusy, said) if said in ON_BUSY else "abort"
    return default


def on_failed_code_change(cls: type) -> OnFailure:
    return "drop_session" if getattr(cls, "on_failed_code_change", None) == "drop_session" else "abort"
