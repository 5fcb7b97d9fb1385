"""Images: snapshots of an app's folder with the command of its Dockerfile. Enough of a builder, and no more."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

IGNORED = shutil.ignore_patterns("__pycache__", ".git", ".venv", ".flyhot", "*.pyc")
REGISTRY = "registry.fly.io"


@dataclass(frozen=True)
class Image:
    """`folder` is the image's disk, `command` what its machines run, `digest` a name of the content's kind."""

    name: str
    folder: Path
    command: tuple[str, ...]
    digest: str


def build(app: str, context: Path, images: Path, *, number: int, label: str | None = None) -> Image:
    """Snapshot `context`. Raises ValueError: its Dockerfile has no CMD."""
    tag = label or f"deployment-01SIM{int(time.time() * 1000):013d}{number:04d}"
    folder = images / tag
    shutil.copytree(context, folder, ignore=IGNORED, symlinks=True)
    command = read_command((context / "Dockerfile").read_text("utf-8"))
    digest = f"sha256:{abs(hash((tag, command))):064x}"[:71]
    return Image(f"{REGISTRY}/{app}:{tag}", folder, command, digest)


def read_command(dockerfile: str) -> tuple[str, ...]:
    """The last CMD, in either form. Raises ValueError."""
    found = re.findall(r"^\s*CMD\s+(.+?)\s*$", dockerfile, re.MULTILINE)
    if not found:
        raise ValueError("the Dockerfile has no CMD")
    text = found[-1]
    words = json.loads(text) if text.startswith("[") else ["/bin/sh", "-c", text]
    return tuple(str(word) for word in words)


def split(text: str) -> list[str]:
    """A command line by shell rules, without a shell."""
    return shlex.split(text)
