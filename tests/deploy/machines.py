"""A machine with an image, and a store that a deployer writes to."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flyhot_asgi.release.config import read_settings
from flyhot_asgi.release.scan import scan
from flyhot_deploy.boot.start import Boot, reapply
from flyhot_deploy.packing import Terms, pack_files
from flyhot_deploy.release.bundle import Bundle
from flyhot_deploy.release.signing import KeyRing, SecretKey
from flyhot_deploy.repository.keys import Keys
from flyhot_deploy.repository.lease import acquire
from flyhot_deploy.repository.pointer import Current
from flyhot_deploy.repository.repository import Repository
from flyhot_deploy.store.folder import FileStore
from tests.deploy.bundles import KEY

IMAGE = "registry.fly.io/shop:deployment-1"
NEXT_IMAGE = "registry.fly.io/shop:deployment-2"

V1 = {
    "pyproject.toml": b"[project]\nname = 'shop'\n",
    "shop/__init__.py": b"",
    "shop/main.py": b"from shop.old import WORD\nprint('one', WORD, flush=True)\n",
    "shop/old.py": b"WORD = 'old'\n",
    "templates/page.html": b"<p>one</p>",
}
V2 = {
    **{path: body for path, body in V1.items() if path != "shop/old.py"},
    "shop/main.py": b"from shop.new.words import WORD\nprint('two', WORD, flush=True)\n",
    "shop/new/__init__.py": b"",
    "shop/new/words.py": b"WORD = 'new'\n",
    "templates/page.html": b"<p>two</p>",
}


def tree_of(root: Path) -> dict[str, bytes]:
    return scan(root, read_settings(root))


def write_tree(root: Path, files: Mapping[str, bytes]) -> None:
    for path, body in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)


@dataclass
class Machine:
    """A container: its root, reset to the image by `reset`; the environment that the platform gives it."""

    root: Path
    store: Path
    image: Mapping[str, bytes] = field(default_factory=lambda: dict(V1))
    base: str = IMAGE
    said: list[str] = field(default_factory=list)

    def reset(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        write_tree(self.root, self.image)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "FLYHOT_STORE": self.store.as_uri(),
            "FLYHOT_PUBLIC_KEYS": str(KEY.public),
            "FLY_IMAGE_REF": self.base + "@sha256:" + "0" * 64,
            "FLY_APP_NAME": "shop",
            "FLY_MACHINE_ID": "m1",
        }

    def boot(self) -> Boot:
        self.said.clear()
        return reapply(self.root, self.environment, self.said.append)

    @property
    def all_said(self) -> str:
        return "\n".join(self.said)


@dataclass
class Deployer:
    """Publishes releases and moves the pointer, as a deploy does at its end."""

    store: Path
    sequence: int = 0

    @property
    def repository(self) -> Repository:
        return Repository(FileStore(self.store), Keys("shop"), KeyRing((KEY.public,)))

    def pack(self, files: Mapping[str, bytes], bases: tuple[str, ...] = (IMAGE,), key: SecretKey = KEY) -> Bundle:
        self.sequence += 1
        bundle = pack_files(files, "shop", Terms("shop", "main", self.sequence, bases), [key])
        self.repository.publish(bundle)
        return bundle

    def point(self, bundle: Bundle | None, bases: tuple[str, ...] = (IMAGE,), key: SecretKey = KEY) -> None:
        repository = self.repository
        lease = acquire(repository.store, repository.keys.lock, "test")
        read = repository.pointer()
        if bundle is None:
            self.sequence += 1
            current = Current(None, "", self.sequence)
        else:
            current = Current(bundle.digest, bundle.manifest.release, bundle.manifest.sequence)
        repository.move(read, read.pointer.with_current(bases, current), lease, key)
        lease.release()

    def release(self, files: Mapping[str, bytes], bases: tuple[str, ...] = (IMAGE,)) -> Bundle:
        bundle = self.pack(files, bases)
        self.point(bundle, bases)
        return bundle
