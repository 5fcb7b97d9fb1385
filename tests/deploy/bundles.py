"""Bundles for tests: a release with its terms, and who signs it."""

from __future__ import annotations

from typing import Any

from flyhot_asgi.release.manifest import Manifest
from flyhot_deploy.release.bundle import Bundle, payload_of, seal
from flyhot_deploy.release.machine import dependencies_of
from flyhot_deploy.release.manifest import ReleaseManifest
from flyhot_deploy.release.signing import KeyRing, SecretKey

FILES = {
    "app/__init__.py": b"",
    "app/main.py": b"print('two')\n" * 50,
    "app/copy.py": b"print('two')\n" * 50,
    "templates/index.html": b"<p>two</p>\n",
}
KEY = SecretKey(b"k" * 32)
OTHER_KEY = SecretKey(b"o" * 32)
TRUSTED = KeyRing((KEY.public,))


def make_bundle(files: dict[str, bytes] | None = None, *keys: SecretKey, **terms: Any) -> Bundle:
    files = FILES if files is None else files
    manifest = Manifest.of(files, app="shop", python="3.11")
    ref, payload = payload_of(files, manifest)
    given: dict[str, Any] = {
        "app": "shop",
        "channel": "main",
        "sequence": 1,
        "files": manifest,
        "payload": ref,
        "bases": ("registry.fly.io/shop:deployment-1",),
        "python_abi": "cpython-311-x86_64-linux-gnu",
        "dependencies": dependencies_of({"starlette": "0.40.0"}),
        "created": 1_700_000_000,
    }
    return seal(ReleaseManifest(**(given | terms)), payload, *(keys or (KEY,)))
