"""Whether a class attribute is as the class's statement made it."""

from __future__ import annotations

from .context import Context


def unchanged_by_program(context: Context, live: type, name: str) -> bool:
    """It was looked at, through and through, and is as a cold import of the running release has it."""
    top, _, rest = live.__qualname__.partition(".")
    home, part = (live.__module__, top), f".{rest}.{name}" if rest else f".{name}"
    drift = context.drift
    return (
        drift is not None
        and drift.known(home)
        and not drift.by_program(home, part)
        and drift.opaque(home, part) is None
    )
