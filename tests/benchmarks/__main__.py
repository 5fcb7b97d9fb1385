"""All benchmarks, one JSON line each: `python -m tests.benchmarks [in_memory|steady|hold|fleet|soak|browser|watch]`.

Not part of the suite: figures of a busy machine fail no test. Each figure is a ratio or a difference within one run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

from . import browser, fleet, hold, in_memory, soak, steady, watch


def main(names: list[str]) -> int:
    logging.disable(logging.CRITICAL)
    benchmarks = {"in_memory": in_memory.measure, "steady": steady.measure, "hold": hold.measure}
    benchmarks |= {"fleet": fleet.measure, "soak": soak.measure, "browser": browser.measure, "watch": watch.measure}
    for name in names or list(benchmarks):
        for figures in _rows(asyncio.run(benchmarks[name]())):
            sys.stdout.write(json.dumps({"benchmark": name, **figures}) + "\n")
            sys.stdout.flush()
    return 0


def _rows(found: dict[str, Any] | list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from found if isinstance(found, list) else [found]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
