"""Small documents of a deploy, as plain JSON: decisions, reports, entries of the history. Pure.

They come back from a store that many may write to, so each reading is bounded and strict in what it needs, and
lenient in what it doesn't know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from flyhot_asgi.errors import ManifestError

MAX_BYTES = 1 << 20
Verdict = Literal["commit", "abort"]
Judgement = Literal["confirmed", "reverted"]


def to_record(document: Mapping[str, Any]) -> bytes:
    """A document as it is stored. Raises ManifestError for what JSON can't say, or what is too large."""
    try:
        data = json.dumps(document, separators=(",", ":"), sort_keys=True, allow_nan=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as exc:
        raise ManifestError(f"the record can't be written as JSON: {exc}") from exc
    if len(data) > MAX_BYTES:
        raise ManifestError(f"the record has {len(data):,} bytes; {MAX_BYTES:,} are accepted")
    return data


def from_record(data: bytes, *, key: str) -> dict[str, Any]:
    """The document in a stored record. Raises ManifestError naming its key."""
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as exc:
        raise ManifestError(f"the object {key} can't be read: it is not JSON ({exc})", file=key) from exc
    if not isinstance(document, dict):
        raise ManifestError(f"the object {key} can't be read: it is not a JSON object", file=key)
    return document


def verdict_of(record: Mapping[str, Any]) -> Verdict:
    """The word of a decision. Raises ManifestError if it is another one."""
    match record.get("word"):
        case "commit":
            return "commit"
        case "abort":
            return "abort"
    raise ManifestError(f"a decision is neither commit nor abort but {str(record.get('word'))[:40]!r}")


def judgement_of(record: Mapping[str, Any]) -> Judgement:
    """The word of a verdict on a committed deploy. Raises ManifestError if it is another one."""
    match record.get("word"):
        case "confirmed":
            return "confirmed"
        case "reverted":
            return "reverted"
    raise ManifestError(f"a verdict is neither confirmed nor reverted but {str(record.get('word'))[:40]!r}")
