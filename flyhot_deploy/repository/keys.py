"""Every key that flyhot uses in a store. Nobody else spells one.

<app>/payloads/<sha256>                          contents of a release; never changed
<app>/<channel>/manifests/<digest>.json          signed manifest; never changed
<app>/<channel>/pointer.json                     what is current; by compare-and-set, under the lock; signed
<app>/<channel>/lock.json                        who deploys, and the epoch; by compare-and-set; never deleted
<app>/<channel>/history/<sequence>.json          what was released when; created once
<app>/<channel>/deploys/<id>/decision.json       commit or abort; created once
<app>/<channel>/deploys/<id>/verdict.json         confirmed or reverted; created once
<app>/<channel>/deploys/<id>/check.json          what one machine found for all; with a MAC of theirs
<app>/<channel>/deploys/<id>/reports/<machine>.json   what a machine did; written by that machine only
<app>/<channel>/machines/<machine>.json          what a machine runs; written by that machine only
<app>/<channel>/bases/<release>                  an image's own release, as its machines found it; never changed
<app>/<channel>/boots/<machine>.json             boots of a machine that have not come up; by that machine only
<app>/<channel>/probe/<random>                   the probe for conditional writes; removed by it
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flyhot_asgi.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Keys:
    """The keys of one app and channel below an optional `prefix`. Raises ConfigError for names that can't be in a
    key.
    """

    app: str
    channel: str = "main"
    prefix: str = ""

    def __post_init__(self) -> None:
        for what, name in (("app", self.app), ("channel", self.channel)):
            if not _NAME.fullmatch(name):
                raise ConfigError(
                    f"the {what} {name[:80]!r} can't be part of a key",
                    do="name it with letters, digits, dots and dashes: [tool.flyhot] app",
                )
        if self.prefix and not all(_NAME.fullmatch(part) for part in self.prefix.rstrip("/").split("/")):
            raise ConfigError(f"the prefix {self.prefix[:80]!r} can't be part of a key")

    @property
    def app_root(self) -> str:
        prefix = self.prefix.rstrip("/")
        return f"{prefix}/{self.app}" if prefix else self.app

    @property
    def root(self) -> str:
        return f"{self.app_root}/{self.channel}"

    @property
    def pointer(self) -> str:
        return f"{self.root}/pointer.json"

    @property
    def lock(self) -> str:
        return f"{self.root}/lock.json"

    @property
    def payloads(self) -> str:
        return f"{self.app_root}/payloads/"

    @property
    def manifests(self) -> str:
        return f"{self.root}/manifests/"

    @property
    def history(self) -> str:
        return f"{self.root}/history/"

    @property
    def deploys(self) -> str:
        return f"{self.root}/deploys/"

    @property
    def machines(self) -> str:
        return f"{self.root}/machines/"

    @property
    def bases(self) -> str:
        return f"{self.root}/bases/"

    def base(self, release: str) -> str:
        return self.bases + _digest(release)

    def payload(self, sha256: str) -> str:
        return self.payloads + _digest(sha256)

    def manifest(self, digest: str) -> str:
        return f"{self.manifests}{_digest(digest)}.json"

    def entry(self, sequence: int) -> str:
        return f"{self.history}{sequence:016d}.json"

    def deploy(self, deploy: str) -> str:
        return f"{self.deploys}{_word(deploy)}/"

    def decision(self, deploy: str) -> str:
        return f"{self.deploy(deploy)}decision.json"

    def verdict(self, deploy: str) -> str:
        return f"{self.deploy(deploy)}verdict.json"

    def check(self, deploy: str) -> str:
        return f"{self.deploy(deploy)}check.json"

    def reports(self, deploy: str) -> str:
        return f"{self.deploy(deploy)}reports/"

    def report(self, deploy: str, machine: str) -> str:
        return f"{self.reports(deploy)}{_word(machine)}.json"

    def machine(self, machine: str) -> str:
        return f"{self.machines}{_word(machine)}.json"

    def boots(self, machine: str) -> str:
        return f"{self.root}/boots/{_word(machine)}.json"

    def probe(self, word: str) -> str:
        return f"{self.root}/probe/{_word(word)}"


def _digest(value: str) -> str:
    if not _SHA256.fullmatch(value):
        raise ConfigError(f"{value[:80]!r} is not the digest of anything")
    return value


def _word(value: str) -> str:
    if not _WORD.fullmatch(value):
        raise ConfigError(f"{value[:80]!r} can't be the name of a deploy or a machine")
    return value
