"""Frames of the control protocol: one JSON object a line, UTF-8. Sans-I/O.

One request a connection; the last reply has `"done": true`. Both sides drive the same `Decoder`.
"""

from __future__ import annotations

import json
from typing import Any

from ..errors import WireError

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one frame, its newline not counted."""

Frame = dict[str, Any]

LEAVING: Frame = {"leaving": True}
"""The last word of a process that its server ends: what was under way here is undone, unless it was decided."""


def encode(frame: Frame) -> bytes:
    """The frame as a line. Raises WireError if it isn't plain data, or is longer than MAX_LINE."""
    try:
        line = json.dumps(frame, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as exc:
        raise WireError(f"a control frame can't be written: {exc}") from exc
    if len(line) > MAX_LINE:
        raise WireError(f"a control frame is longer than {MAX_LINE >> 20} MiB")
    return line + b"\n"


class Decoder:
    """Bytes in, frames out. Owns what was received of a line that isn't complete yet.

    After a WireError the connection can't be understood any more: close it.
    """

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes, in order. Raises WireError: not a JSON object, or too long a
        line.
        """
        *lines, rest = data.split(b"\n")
        frames: list[Frame] = []
        for line in lines:
            self._append(line)
            frames.append(_decode(bytes(self._pending)))
            self._pending.clear()
        self._append(rest)
        return frames

    def at_boundary(self) -> bool:
        """Whether nothing of an incomplete line is left: only here may a connection end in good order."""
        return not self._pending

    def _append(self, part: bytes) -> None:
        if len(self._pending) + len(part) > MAX_LINE:
            raise WireError(f"a control frame is longer than {MAX_LINE >> 20} MiB")
        self._pending += part


def _decode(line: bytes) -> Frame:
    try:
        frame = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise WireError(f"a control frame is not JSON: {line[:80]!r}") from exc
    if not isinstance(frame, dict):
        raise WireError(f"a control frame is not an object: {line[:80]!r}")
    return frame
