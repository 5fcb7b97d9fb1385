"""How a server's processes are told, by their environment, that a worker which is started later comes up with the
release that stands, whatever lies in the app's folder by then (runtime/standing.py does it)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "FLYHOT_STANDS"
"""Names the app's folder."""

SITE = Path(__file__).resolve().parents[1] / "runtime" / "site"
"""Its `sitecustomize` is imported by each Python process below."""


def environment_for(root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What is to be set for the server of the app in `root`."""
    before = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != str(SITE)]
    return {VARIABLE: str(root.resolve()), "PYTHONPATH": os.pathsep.join([str(SITE), *before])}
