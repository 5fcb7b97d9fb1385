"""How long a generated application stands still for an upgrade: 200 modules with routers, models and services.

    python -m tests.benchmarks.commit --modules 200 --rounds 5

The app runs with `HotUpgrade` in this process and is upgraded by its own runtime, as `hot` does it: checked and
rehearsed in fresh processes, held, patched, compared, committed. One JSON line for a change of function bodies and one
for a mixed change (bodies, a name, a default of a route, a field of a model, a new function), in milliseconds: of what
sessions wait for the best of all rounds, as a busy machine adds and never takes away, and else medians.

- `commit`: patch and comparison inside the hold, of which `load` and `verify` are parts; `hold` is all of it; `cpu`
  is the processor's time of the commit: what it would take on a machine that does nothing else;
- `undo`: what another process's no costs, inside the hold, after all was done;
- `rest`: the comparison with everything else, right after the resume;
- `check` (cold imports and rehearsal), `plan`, `stage`: before the hold, while everybody is served;
- `bare`: as many `__code__` assignments as the app has functions, in the same process and run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import statistics
import sys
import time
import types
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flyhot_asgi.runtime.check import check
from flyhot_asgi.runtime.coordinator import Alone, Word
from tests.faults.lab import Lab

MODULE = '''"""Part {n}."""
from fastapi import APIRouter, Depends
from pydantic import BaseModel
from .settings import LIMIT

router = APIRouter(prefix="/p{n}")
CACHE = {{}}


class Item{n}(BaseModel):
    name: str = "x"
    price: int = {n}

    def total(self) -> int:
        return self.price * LIMIT


class Service{n}:
    def __init__(self) -> None:
        self.seen = 0

    def take(self, item: Item{n}) -> int:
        self.seen += 1
        return item.total() + self.seen


service = Service{n}()


def current() -> str:
    return "user{n}"


@router.get("/")
def listed(limit: int = 10, user: str = Depends(current)) -> list[int]:
    return [limit, len(user)]


@router.post("/")
def take(item: Item{n}) -> int:
    return service.take(item)


def helper(x: int) -> int:
    return x + {n}
'''


def release(modules: int) -> dict[str, str]:
    """The files of the app, by name in its package."""
    files = {"settings.py": "LIMIT = 10\n"}
    files |= {f"part{n}.py": MODULE.format(n=n) for n in range(modules)}
    imports = [f"from . import part{n}" for n in range(modules)]
    lines = ["from fastapi import FastAPI", "from flyhot_asgi import HotUpgrade", *imports, "app = FastAPI()"]
    lines += [f"app.include_router(part{n}.router)" for n in range(modules)]
    return {**files, "main.py": "\n".join([*lines, "app.add_middleware(HotUpgrade)"]) + "\n"}


def bodies(files: dict[str, str], number: int) -> dict[str, str]:
    found = dict(files)
    modules = len(files) - 2
    for n in range(0, modules, max(1, modules // 10)):
        _edit(found, f"part{n}.py", "return x +", f"return {number} + x +")
    return found


def mixed(files: dict[str, str], number: int) -> dict[str, str]:
    found = bodies(files, number)
    _edit(found, "part3.py", "CACHE = {}", f"CACHE = {{}}\nMORE = {number}")
    _edit(found, "part4.py", "limit: int = 10", f"limit: int = {20 + number}")
    _edit(found, "part5.py", 'name: str = "x"', f'name: str = "x"\n    size: int = {number}')
    _edit(found, "part6.py", "def helper", f"def further() -> int:\n    return {number}\n\n\ndef helper")
    return found


CHANGES = {"bodies": bodies, "mixed": mixed}
WAITED_FOR = ("load", "verify", "commit", "cpu", "hold", "undo")


def _edit(files: dict[str, str], name: str, old: str, new: str) -> None:
    assert old in files[name]
    files[name] = files[name].replace(old, new, 1)


class Watched(Alone):
    """Notes the processor's time from the moment when all are held to the vote, when all is done and compared."""

    def __init__(self, *, agrees: bool = True) -> None:
        self._agrees = agrees
        self._began = 0.0
        self.cpu_ms = 0.0

    async def held(self) -> Word:
        self._began = time.thread_time()
        return "apply"

    def vote(self, within: float) -> bool:
        self.cpu_ms = (time.thread_time() - self._began) * 1000
        return self._agrees


async def measure(change: str, modules: int, rounds: int) -> dict[str, object]:
    found: dict[str, list[float]] = defaultdict(list)
    files = release(modules)
    with TemporaryDirectory(prefix="fh-", ignore_cleanup_errors=True) as folder:
        os.environ["FLYHOT_RUNTIME_DIR"] = f"{folder}/rt"
        (Path(folder) / "app").mkdir()
        lab = await Lab(Path(folder) / "app", files).start()
        try:
            for number in range(1, rounds + 1):
                new = await lab.release(CHANGES[change](files, number))
                began = time.perf_counter()
                cold = await check(lab.installed, new)
                found["check"].append((time.perf_counter() - began) * 1000)
                undone = await lab.upgrade(new, Watched(agrees=False), cold=cold)
                found["undo"].append(_phases(undone, "aborted")["undo"])
                watched = Watched()
                result = await lab.upgrade(new, watched, cold=cold)
                phases = _phases(result, "complete")
                assert result["verified"], result["error"]
                for name in ("plan", "stage", "load", "verify"):
                    found[name].append(phases[name])
                found["commit"].append(phases["load"] + phases["verify"] + phases["commit"])
                found["cpu"].append(watched.cpu_ms)
                found["hold"].append(result["hold_ms"])
                found["rest"].append(phases["compare"])
                back = await lab.upgrade(lab.first, cold=await check(lab.installed, lab.first))
                _phases(back, "complete")
            found["bare"] = [_bare(lab)]
        finally:
            await lab.close()
    told = {name: round(min(v) if name in WAITED_FOR else statistics.median(v), 2) for name, v in found.items()}
    load = round(os.getloadavg()[0], 1)
    return {"benchmark": "commit", "change": change, "modules": modules, "machine_load": load, **told}


def _phases(result: dict[str, Any], outcome: str) -> dict[str, float]:
    assert result["outcome"] == outcome, result["error"]
    phases: dict[str, float] = result["phases_ms"]
    return phases


def _bare(lab: Lab) -> float:
    """Milliseconds that the swaps alone take: every function of the app gets its own code once more."""
    own = list(lab.live.values())
    functions = [f for module in own for f in vars(module).values() if type(f) is types.FunctionType]
    began = time.perf_counter()
    for function in functions:
        function.__code__ = function.__code__
    return (time.perf_counter() - began) * 1000


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--modules", type=int, default=200)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--change", choices=sorted(CHANGES), action="append", help="default: both")
    options = asked.parse_args()
    logging.disable(logging.WARNING)
    for change in options.change or CHANGES:
        sys.stdout.write(json.dumps(asyncio.run(measure(change, options.modules, options.rounds))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
