"""What the environment says of Fly: where the API is, with which token, and which machine this is. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PUBLIC_API = "https://api.machines.dev"
INTERNAL_API = "http://_api.internal:4280"
MACAROONS = ("fm1r_", "fm1a_", "fm2_")


@dataclass(frozen=True)
class FlyEnvironment:
    """`token` never appears in a repr. `machine` is None anywhere but on a Fly machine."""

    app: str | None
    machine: str | None
    region: str | None
    image: str | None
    base_url: str
    token: Token | None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> FlyEnvironment:
        """Read it. On a machine: FLY_APP_NAME, FLY_MACHINE_ID (docs/machines/runtime-environment); else FLY_APP."""
        machine = environment.get("FLY_MACHINE_ID") or environment.get("FLY_ALLOC_ID") or None
        return cls(
            app=environment.get("FLY_APP_NAME") or environment.get("FLY_APP") or None,
            machine=machine,
            region=environment.get("FLY_REGION") or None,
            image=image_name(environment["FLY_IMAGE_REF"]) if environment.get("FLY_IMAGE_REF") else None,
            base_url=api_url(environment, on_machine=machine is not None),
            token=find_token(environment),
        )


@dataclass(frozen=True, repr=False)
class Token:
    """A Fly token without its scheme word. Shows nothing of itself."""

    secret: str

    def __repr__(self) -> str:
        return "Token(…)"

    @property
    def header(self) -> str:
        """The value of `Authorization`: macaroons go as `FlyV1`, anything else as `Bearer` (fly-go tokens.go)."""
        return f"{'FlyV1' if self.secret.startswith(MACAROONS) else 'Bearer'} {self.secret}"


def read_token(text: str) -> Token | None:
    """`FlyV1 fm2_…`, `Bearer …` or the bare token; None for an empty one."""
    words = text.split()
    while words and words[0].lower() in ("bearer", "flyv1"):
        words.pop(0)
    secret = "".join(words)
    return Token(secret) if secret else None


def find_token(environment: Mapping[str, str]) -> Token | None:
    """Where flyctl looks, too: FLY_ACCESS_TOKEN, FLY_API_TOKEN, then `access_token` in the CLI's config file."""
    for name in ("FLY_ACCESS_TOKEN", "FLY_API_TOKEN"):
        if token := read_token(environment.get(name, "")):
            return token
    folder = environment.get("FLY_CONFIG_DIR") or (
        str(Path(environment["HOME"]) / ".fly") if environment.get("HOME") else ""
    )
    if not folder:
        return None
    try:
        text = (Path(folder) / "config.yml").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = re.search(r"^access_token:[ \t]*[\"']?([^\"'\n]+)", text, re.MULTILINE)
    return read_token(found[1]) if found else None


def api_url(environment: Mapping[str, str], *, on_machine: bool) -> str:
    """FLY_FLAPS_BASE_URL, as flyctl has it; else the private address on a machine, else the public one."""
    named = environment.get("FLY_FLAPS_BASE_URL", "").strip().rstrip("/")
    return named.removesuffix("/v1") or (INTERNAL_API if on_machine else PUBLIC_API)


def image_name(reference: str) -> str:
    """An image reference without its digest: what FLY_IMAGE_REF, `config.image` and a build's output share. One that
    has no tag is told from others by its digest alone, so that stays, in the place of the tag.
    """
    name, _, digest = reference.strip().partition("@")
    return by_digest(name, digest) if digest and ":" not in name.rpartition("/")[2] else name


def by_digest(reference: str, digest: str) -> str:
    """The name of an image for who knows its repository and digest only: `repository:sha256-…`."""
    head, slash, last = reference.partition("@")[0].rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}:{digest.replace(':', '-')}"
