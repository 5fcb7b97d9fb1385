"""One machine checks a release for all: it imports it cold and rehearses it, and the others take what that found.

What is found is not about code that may run, but what an upgrade is held against, so not everybody who can write to the
bucket may say it: it carries a MAC, with a key made of a secret that the app's machines share and the bucket does not
have. Who can't verify it, or doesn't run what it was made for, checks by itself.

    <app>/<channel>/deploys/<id>/check.json    64 hex digits of HMAC-SHA-256, a newline, a JSON document
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flyhot_asgi.errors import FlyhotError

from ..repository.repository import Repository

MAX_BYTES = 16 << 20
LOOK_SECONDS = 0.1
PATIENCE = 20.0
"""Seconds that a machine waits for the one that checks for all."""


@dataclass(frozen=True, repr=False)
class SharedCheck:
    """The check of one way, from a release to another, on machines of one image. `key` None: nothing is shared."""

    repository: Repository
    key: bytes | None
    deploy: str
    way: Mapping[str, str]
    """What it was made for, in full: it holds for nothing else."""

    async def give(self, cold: Mapping[str, Any]) -> None:
        """Let the others have it. Never raises but when cancelled: they check by themselves, then."""
        if self.key is None:
            return
        body = json.dumps({"way": dict(self.way), "cold": dict(cold)}).encode("utf-8")
        data = self._mac(body) + b"\n" + body
        if len(data) > MAX_BYTES:
            return
        try:
            await asyncio.to_thread(self.repository.store.put, self._name, data)
        except FlyhotError:
            return

    async def take(self, within: float | None = None) -> dict[str, Any] | None:
        """What another machine has found; None: nothing came in time, or nothing that can be believed."""
        end = time.monotonic() + (PATIENCE if within is None else within)
        while self.key is not None and time.monotonic() < end:
            try:
                stored = await asyncio.to_thread(self.repository.store.get, self._name, max_bytes=MAX_BYTES)
            except FlyhotError:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            return self._read(stored.body)
        return None

    @property
    def _name(self) -> str:
        return self.repository.keys.check(self.deploy)

    def _mac(self, body: bytes) -> bytes:
        assert self.key is not None
        return hmac.new(self.key, self.deploy.encode() + b"\0" + body, hashlib.sha256).hexdigest().encode("ascii")

    def _read(self, data: bytes) -> dict[str, Any] | None:
        mac, _, body = data.partition(b"\n")
        if not hmac.compare_digest(mac, self._mac(body)):
            return None
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return None
        cold = document.get("cold") if isinstance(document, dict) else None
        return cold if isinstance(cold, dict) and document.get("way") == dict(self.way) else None
