"""What an agent must not forget when it dies: how far it is in which deploy. Kept in the app's runtime folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from flyhot_asgi.release.files import write_atomically

NAME = "agent.state"
FINAL = frozenset({"refused", "failed", "rolled_back", "reverted", "broken"})


@dataclass(frozen=True)
class Memory:
    """Times are seconds of the machine's monotonic clock, which a reboot sets back and a mere death of ours does not.

    `word` is the last one that was reported in `deploy`. While `provisional`, `release` runs here and nobody has
    confirmed it; `before` ran before it. `base` is the image that all of this is about, `image` the release that the
    image holds, "" until it is known. `epoch`, `sequence` and `at` are of the latest pointer that was believed.
    """

    deploy: str = ""
    word: str = ""
    since: float = 0.0
    release: str = ""
    manifest: str = ""
    before: str = ""
    provisional: bool = False
    provisional_for: float = 120.0
    bound: bool = False
    base: str = ""
    image: str = ""
    epoch: int = 0
    sequence: int = 0
    at: int = 0

    def with_word(self, deploy: str, word: str, now: float) -> Memory:
        """The same after that word; another deploy begins anew."""
        same = self if deploy == self.deploy else replace(self, deploy=deploy, bound=False)
        return replace(same, word=word, since=now)


def load(folder: Path, *, base: str, now: float) -> Memory:
    """What was kept; a fresh memory if nothing was, nothing that can be read, or of another image.

    A clock that went back is a reboot.
    """
    try:
        document = json.loads((folder / NAME).read_bytes())
        known = {name: document[name] for name in Memory.__dataclass_fields__ if name in document}
        memory = Memory(**known)
        fresh = Memory(base=base)
        if any(type(getattr(memory, name)) is not type(getattr(fresh, name)) for name in known):
            return fresh
    except (OSError, ValueError, TypeError, KeyError):
        return Memory(base=base)
    if memory.base != base:
        return Memory(base=base, epoch=memory.epoch, sequence=memory.sequence, at=memory.at)
    return memory if memory.since <= now else replace(memory, since=now)


def keep(folder: Path, memory: Memory) -> None:
    """Write it, whole or not at all. Raises OSError."""
    document: dict[str, Any] = asdict(memory)
    write_atomically(folder / NAME, json.dumps(document).encode("utf-8"), mode=0o600)
