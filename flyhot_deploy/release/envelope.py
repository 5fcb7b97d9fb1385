"""A document with signatures, as DSSE spells it (github.com/secure-systems-lab/dsse, v1.0).

What is signed is the type and the bytes together, so that a signed pointer can never pass for a signed manifest.
Nothing of the bytes is parsed before a signature was found good. Only the envelope's own JSON is, under a limit.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from flyhot_asgi.errors import SignatureInvalid

MAX_BYTES = 96 * 1024 * 1024
MAX_SIGNATURES = 16

_KEY_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Signature:
    """One signature, and the id of the key that is said to have made it."""

    key_id: str
    value: bytes


@dataclass(frozen=True)
class Envelope:
    """Bytes of a type, and who signed them. That they did is for a KeyRing to find."""

    kind: str
    body: bytes
    signatures: tuple[Signature, ...] = ()

    def signed_bytes(self) -> bytes:
        """What a signature is over (DSSE's pre-authentication encoding)."""
        kind = self.kind.encode("utf-8")
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.body), self.body)

    def to_bytes(self) -> bytes:
        document = {
            "payload": base64.b64encode(self.body).decode("ascii"),
            "payloadType": self.kind,
            "signatures": [
                {"keyid": one.key_id, "sig": base64.b64encode(one.value).decode("ascii")} for one in self.signatures
            ],
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes, *, kind: str) -> Envelope:
        """Read an envelope that must be of that type. Raises SignatureInvalid, and nothing else."""
        if len(data) > MAX_BYTES:
            _refuse(f"it has {len(data):,} bytes; {MAX_BYTES:,} are accepted")
        try:
            document = json.loads(data.decode("ascii"))
        except (ValueError, RecursionError) as exc:
            raise SignatureInvalid(f"the signed document can't be used: it is not JSON ({exc})") from exc
        if not isinstance(document, dict) or document.keys() != {"payload", "payloadType", "signatures"}:
            _refuse("it is no envelope")
        if document["payloadType"] != kind:
            _refuse(f"it is of the type {str(document['payloadType'])[:80]!r}, and {kind!r} is wanted")
        listed = document["signatures"]
        if not isinstance(listed, list) or len(listed) > MAX_SIGNATURES:
            _refuse(f"it has no list of at most {MAX_SIGNATURES} signatures")
        return cls(kind, _decoded(document["payload"]), tuple(_signature(item) for item in listed))


def _signature(item: Any) -> Signature:
    if not isinstance(item, dict) or item.keys() != {"keyid", "sig"}:
        _refuse("a signature is no object with keyid and sig")
    if not isinstance(item["keyid"], str) or not _KEY_ID.fullmatch(item["keyid"]):
        _refuse("a key id is not 16 hex digits")
    return Signature(item["keyid"], _decoded(item["sig"]))


def _decoded(value: Any) -> bytes:
    if not isinstance(value, str):
        _refuse("a part of it is not text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise SignatureInvalid(f"the signed document can't be used: it is not base64 ({exc})") from exc


def _refuse(why: str) -> NoReturn:
    raise SignatureInvalid(f"the signed document can't be used: {why}", do="nothing was changed; publish it again")
