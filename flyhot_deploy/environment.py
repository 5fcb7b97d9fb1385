"""What the environment says of store, keys and machine: the one place where these variables have names.

FLYHOT_STORE              s3://bucket[/prefix] or file:///folder; else BUCKET_NAME, as `fly storage create` sets it
AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY   as everywhere
FLYHOT_APP                the app's name in the store; else FLY_APP_NAME, else [tool.flyhot] app
FLYHOT_CHANNEL            "main" if it isn't set; staging and production of one app are two channels
FLYHOT_PUBLIC_KEYS        whose signatures count here: one key or several, by spaces, commas or lines
FLYHOT_PUBLIC_KEYS_FILE   the same in a file of the image, one a line
FLYHOT_ALLOW_UNSIGNED     1: releases need no signature. For a try, never for production
FLYHOT_SIGNING_KEY, FLYHOT_SIGNING_KEY_FILE   the secret key; where releases are made, and nowhere else
FLYHOT_BASE, FLY_IMAGE_REF   the image that this machine was made from
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flyhot_asgi.errors import ConfigError

from .release.machine import base_name
from .release.signing import KeyRing, SecretKey
from .repository.keys import Keys
from .repository.repository import Repository
from .store.address import Address

PUBLIC_KEYS = "FLYHOT_PUBLIC_KEYS"
SIGNING_KEY = "FLYHOT_SIGNING_KEY"
UNSIGNED = "FLYHOT_ALLOW_UNSIGNED"
SECRETS = ("FLYHOT_SIGNING_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "FLY_API_TOKEN", "FLY_ACCESS_TOKEN")
"""Variables whose values never belong on a command line, into a log or a report."""

MAX_KEY_FILE_BYTES = 1 << 16


@dataclass(frozen=True)
class Place:
    """Where an app's releases are kept, and whose word counts. `store` None: nothing says where."""

    app: str
    channel: str
    address: Address | None
    trusted: KeyRing
    base: str | None

    def repository(self) -> Repository:
        """The repository there. Nothing is asked of it yet. Raises ConfigError if nothing says where it is."""
        if self.address is None:
            raise ConfigError(
                "nothing says where releases are kept",
                do="set FLYHOT_STORE (s3://bucket or file:///folder); on Fly, `fly storage create` sets BUCKET_NAME",
            )
        return Repository(self.address.open(), Keys(self.app, self.channel, prefix=self.address.prefix), self.trusted)


def read_place(environment: Mapping[str, str], *, app: str | None = None) -> Place:
    """What the environment says; `app` is the name if it says none. Raises ConfigError naming the variable."""
    return Place(
        app=environment.get("FLYHOT_APP") or environment.get("FLY_APP_NAME") or app or "app",
        channel=environment.get("FLYHOT_CHANNEL") or "main",
        address=_address(environment),
        trusted=trusted_keys(environment),
        base=base_of(environment),
    )


def repository_from(environment: Mapping[str, str], *, app: str | None = None) -> Repository:
    """The repository that the environment names. Raises ConfigError."""
    return read_place(environment, app=app).repository()


def names_store(environment: Mapping[str, str]) -> bool:
    """Does it say where releases are kept?"""
    return bool(environment.get("FLYHOT_STORE") or environment.get("BUCKET_NAME"))


def base_of(environment: Mapping[str, str]) -> str | None:
    """The image that this machine was made from, without `@sha256:…`; None where there is none (no container of
    Fly's).
    """
    named = environment.get("FLYHOT_BASE") or environment.get("FLY_IMAGE_REF")
    return base_name(named) if named else None


def trusted_keys(environment: Mapping[str, str]) -> KeyRing:
    """Whose signatures count on this machine. From the image or its environment only, never from a store."""
    lines = re.split(r"[\s,]+", environment.get(PUBLIC_KEYS, ""))
    named = environment.get(f"{PUBLIC_KEYS}_FILE")
    if named:
        lines += _read(named, f"{PUBLIC_KEYS}_FILE").splitlines()
    said = environment.get(UNSIGNED, "0")
    if said not in ("0", "1", ""):
        raise ConfigError(f"{UNSIGNED} must be 1 or 0", do=f"unset {UNSIGNED}: releases are then checked")
    return KeyRing.parse(lines, allow_unsigned=said == "1")


def signing_keys(environment: Mapping[str, str]) -> tuple[SecretKey, ...]:
    """The keys that releases made here are signed with; none if the environment has none. Raises ConfigError."""
    named = environment.get(f"{SIGNING_KEY}_FILE")
    text = environment.get(SIGNING_KEY) or (_read(named, f"{SIGNING_KEY}_FILE") if named else "")
    lines = (line.split("#", 1)[0] for line in text.splitlines())
    return tuple(SecretKey.parse(word) for line in lines for word in re.split(r"[\s,]+", line) if word)


def _address(environment: Mapping[str, str]) -> Address | None:
    named, bucket = environment.get("FLYHOT_STORE"), environment.get("BUCKET_NAME")
    if not names_store(environment):
        return None
    return Address.parse(
        named or f"s3://{bucket}",
        endpoint=environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL"),
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"),
    )


def _read(path: str, variable: str) -> str:
    try:
        with Path(path).expanduser().open("rb") as file:
            return file.read(MAX_KEY_FILE_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{variable} names {path}, which can't be read: {exc}", file=path) from exc
