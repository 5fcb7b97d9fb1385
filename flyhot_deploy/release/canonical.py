"""JSON with exactly one spelling, so that a digest or a signature names its meaning.

Keys sorted, no spaces, UTF-8, no NaN. Reading refuses every other spelling, with one error for whatever is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from flyhot_asgi.errors import ManifestError

MAX_DEPTH = 100


def to_canonical(document: Mapping[str, Any]) -> bytes:
    """The one spelling of a document. Raises ManifestError for what JSON can't say."""
    try:
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as exc:
        raise ManifestError(f"the document can't be written as JSON: {exc}") from exc


def from_canonical(data: bytes, *, what: str, max_bytes: int) -> dict[str, Any]:
    """The object in these bytes. Raises ManifestError, and nothing else; `what` names it in the message."""
    if len(data) > max_bytes:
        refuse(what, f"it has {len(data):,} bytes; {max_bytes:,} are accepted")
    try:
        document = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise ManifestError(f"{what} can't be used: it is not JSON ({exc})") from exc
    if not isinstance(document, dict):
        refuse(what, "it is not a JSON object")
    if to_canonical(document) != data:
        refuse(what, "it is not spelled canonically")
    return document


def check_keys(document: Mapping[str, Any], wanted: Iterable[str], *, what: str) -> None:
    """Raises ManifestError unless the document has exactly these keys."""
    names = set(wanted)
    missing, unknown = sorted(names - document.keys()), sorted(document.keys() - names)
    if missing:
        refuse(what, f"it has no {missing[0]!r}")
    if unknown:
        refuse(what, f"it has an unknown {unknown[0][:60]!r}")


def refuse(what: str, why: str) -> NoReturn:
    """Raises ManifestError: `what` can't be used, and why."""
    raise ManifestError(f"{what} can't be used: {why}", do="nothing was changed; pack and publish the release again")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
