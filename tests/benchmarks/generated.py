"""Random releases with random edits, thousands of them, judged against cold imports (see tests/asgi/engine/generated).

    python -m tests.benchmarks.generated --pairs 3000 --first 0

Prints the counts as one JSON line, what refusals said most often, and each pair that was wrong. Exit code 1 if any was.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.asgi.engine.generated.author import Author
from tests.asgi.engine.generated.judge import Texts, Verdict, judge
from tests.asgi.engine.generated.kinds import KINDS
from tests.asgi.engine.generated.real_kinds import EVERY, REAL


def pair(seed: int, kinds: tuple[str, ...] = tuple(EVERY)) -> tuple[Texts, Texts]:
    author = Author(seed, kinds)
    release = author.release()
    return release.texts(), author.edit(release).texts()


def try_seed(seed: int, kinds: tuple[str, ...] = tuple(EVERY)) -> Verdict:
    old, new = pair(seed, kinds)
    if old == new:
        return Verdict("equal")
    with TemporaryDirectory() as folder:
        try:
            return judge(old, new, Path(folder), holds=seed % 3 == 0, uses=seed % 3 == 1)
        except Exception as exc:
            return Verdict("wrong", [f"raised {exc!r}"])


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--pairs", type=int, default=1000)
    asked.add_argument("--first", type=int, default=0, help="the first seed")
    asked.add_argument("--real", action="store_true", help="mostly shapes of applications")
    options = asked.parse_args()
    kinds = (*REAL, *REAL, *REAL, *REAL, *KINDS) if options.real else tuple(EVERY)
    began, words, reasons = time.perf_counter(), Counter[str](), Counter[str]()
    for seed in range(options.first, options.first + options.pairs):
        verdict = try_seed(seed, kinds)
        words[verdict.word] += 1
        if verdict.word == "refused":
            reasons[re.sub(r"\d+", "#", verdict.why[0].split(": ", 2)[-1])[:100]] += 1
        elif verdict.word == "wrong":
            sys.stdout.write(f"wrong: seed {seed}: {'; '.join(verdict.why[:3])}\n")
            sys.stdout.flush()
    for reason, count in reasons.most_common(12):
        sys.stdout.write(f"{count:5}  {reason}\n")
    figures = {"benchmark": "generated", **words, "seconds": round(time.perf_counter() - began, 1)}
    sys.stdout.write(json.dumps(figures) + "\n")
    return 1 if words["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
