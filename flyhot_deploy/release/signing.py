"""Keys: who may sign a release (ed25519, RFC 8032), and whom a machine trusts.

A key is one line of text: `flyhot-public-…` or `flyhot-secret-…` and 32 bytes in base64url. A key's id is the first
16 hex digits of the SHA-256 of its public half. A machine trusts a list of keys, so a key is changed in three steps:
trust both, sign with the new one, trust the new one only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from flyhot_asgi.errors import ConfigError, SignatureInvalid

from .envelope import Envelope, Signature

PUBLIC_PREFIX = "flyhot-public-"
SECRET_PREFIX = "flyhot-secret-"


@dataclass(frozen=True)
class PublicKey:
    """The half that machines have. Raises ConfigError if `data` are not 32 bytes."""

    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) != 32:
            raise ConfigError("a public key has 32 bytes", do="make one with `python -m flyhot_deploy keygen`")

    @property
    def id(self) -> str:
        return hashlib.sha256(self.data).hexdigest()[:16]

    def __str__(self) -> str:
        return PUBLIC_PREFIX + base64.urlsafe_b64encode(self.data).decode("ascii").rstrip("=")

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Raises ConfigError: not a public key (a secret one in its place is told, and not shown)."""
        return cls(_parse(text, PUBLIC_PREFIX, "public"))

    def accepts(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.data).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class SecretKey:
    """The half that signs. Its `repr` doesn't show it."""

    data: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> SecretKey:
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> SecretKey:
        """Raises ConfigError: not a secret key. The text is not part of the message."""
        return cls(_parse(text, SECRET_PREFIX, "secret"))

    @property
    def public(self) -> PublicKey:
        key = Ed25519PrivateKey.from_private_bytes(self.data)
        return PublicKey(key.public_key().public_bytes_raw())

    def reveal(self) -> str:
        """The key as its one line of text. For the file or secret that keeps it; never for a log."""
        return SECRET_PREFIX + base64.urlsafe_b64encode(self.data).decode("ascii").rstrip("=")

    def sign(self, envelope: Envelope) -> Envelope:
        """The envelope with this key's signature; another one of the same key is replaced."""
        value = Ed25519PrivateKey.from_private_bytes(self.data).sign(envelope.signed_bytes())
        others = tuple(one for one in envelope.signatures if one.key_id != self.public.id)
        return Envelope(envelope.kind, envelope.body, (*others, Signature(self.public.id, value)))


@dataclass(frozen=True)
class KeyRing:
    """Whom a machine trusts. `allow_unsigned` is said aloud by somebody, never a default: then no signature is
    needed, and one that is there and wrong is refused all the same where its key is known.
    """

    keys: tuple[PublicKey, ...] = ()
    allow_unsigned: bool = False

    @classmethod
    def parse(cls, lines: Iterable[str], *, allow_unsigned: bool = False) -> KeyRing:
        """Keys from lines of text; empty lines and those that begin with # are none. Raises ConfigError."""
        found = (line.split("#", 1)[0].strip() for line in lines)
        return cls(tuple(dict.fromkeys(PublicKey.parse(line) for line in found if line)), allow_unsigned)

    def open(self, envelope: Envelope) -> bytes:
        """The bytes that somebody we trust signed. Raises SignatureInvalid."""
        message = envelope.signed_bytes()
        by_id = {key.id: key for key in self.keys}
        for one in envelope.signatures:
            key = by_id.get(one.key_id)
            if key is None:
                continue
            if not key.accepts(message, one.value):
                raise _untrusted(f"the signature of key {key.id} is wrong")
            return envelope.body
        if self.allow_unsigned:
            return envelope.body
        if not self.keys:
            raise SignatureInvalid(
                "this machine has no key to check signatures with, so it runs nothing from a store",
                do="put public keys (`python -m flyhot_deploy keygen`) into FLYHOT_PUBLIC_KEYS, or say "
                "FLYHOT_ALLOW_UNSIGNED=1",
            )
        if not envelope.signatures:
            raise _untrusted("it is not signed")
        raise _untrusted(
            f"it is signed by {', '.join(one.key_id for one in envelope.signatures)}, whom nobody here trusts"
        )


def _untrusted(why: str) -> SignatureInvalid:
    return SignatureInvalid(
        f"the document is refused: {why}",
        do="nothing was changed; sign it with a key whose public half is in FLYHOT_PUBLIC_KEYS",
    )


def _parse(text: str, prefix: str, kind: str) -> bytes:
    text = text.strip()
    do = "make a pair of keys with `python -m flyhot_deploy keygen`"
    if kind == "public" and text.startswith(SECRET_PREFIX):
        raise ConfigError("a secret key stands where a public one is wanted", do="remove it there, and make a new pair")
    if not text.startswith(prefix):
        raise ConfigError(f"this is no {kind} key: it doesn't begin with {prefix}", do=do)
    try:
        data = base64.b64decode(text[len(prefix) :] + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != 32:
        raise ConfigError(f"this {kind} key is damaged: it is not 32 bytes in base64url", do=do)
    return data
