"""How long a generated application must stand still for an upgrade: 200 modules with routers, models and services.

    python -m tests.benchmarks.commit --modules 200 --rounds 3

One JSON line for a change of function bodies and one for a mixed change (bodies, a name, a default of a route, a field
of a model, a new function), with milliseconds: `commit` and `verify` while the program stands still, `undo`, `prepare`
before that. Beside them, in the same process and run, `bare`: as many `__code__` assignments as the app has functions.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
import time
import types
from pathlib import Path
from tempfile import TemporaryDirectory

from flyhot_asgi.engine import Engine

TOP = "shop_of_many_modules"
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


def write(root: Path, modules: int) -> None:
    package = root / TOP
    package.mkdir()
    (package / "settings.py").write_text("LIMIT = 10\n")
    for n in range(modules):
        (package / f"part{n}.py").write_text(MODULE.format(n=n))
    lines = ["from fastapi import FastAPI", *(f"from . import part{n}" for n in range(modules)), "app = FastAPI()"]
    lines += [f"app.include_router(part{n}.router)" for n in range(modules)]
    (package / "__init__.py").write_text("")
    (package / "main.py").write_text("\n".join(lines) + "\n")


def bodies(package: Path, modules: int) -> None:
    for n in range(0, modules, max(1, modules // 10)):
        _edit(package / f"part{n}.py", "return x +", "return 1 + x +")


def mixed(package: Path, modules: int) -> None:
    bodies(package, modules)
    _edit(package / "part3.py", "CACHE = {}", "CACHE = {}\nMORE = 1")
    _edit(package / "part4.py", "limit: int = 10", "limit: int = 20")
    _edit(package / "part5.py", 'name: str = "x"', 'name: str = "x"\n    size: int = 1')
    _edit(package / "part6.py", "def helper", "def further() -> int:\n    return 1\n\n\ndef helper")


def _edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new, 1))


def measure(change: str, modules: int, rounds: int) -> dict[str, object]:
    found: dict[str, list[float]] = {"prepare": [], "commit": [], "verify": [], "undo": []}
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        write(root, modules)
        sys.path.insert(0, str(root))
        importlib.invalidate_caches()
        try:
            importlib.import_module(f"{TOP}.main")
            package = root / TOP
            old = {path: path.read_text() for path in package.iterdir() if path.suffix == ".py"}
            for _ in range(rounds):
                engine = Engine(root, [TOP])
                (bodies if change == "bodies" else mixed)(package, modules)
                timings = engine.upgrade().timings
                for name in ("prepare", "commit", "verify"):
                    found[name].append(getattr(timings, name))
                began = time.perf_counter()
                engine.undo_last()
                found["undo"].append((time.perf_counter() - began) * 1000)
                engine.close()
                for path, text in old.items():
                    path.write_text(text)
            found["bare"] = [_bare()]
        finally:
            sys.path.remove(str(root))
            for name in [name for name in sys.modules if name.partition(".")[0] == TOP]:
                del sys.modules[name]
    medians = {name: round(statistics.median(values), 2) for name, values in found.items()}
    return {"benchmark": "commit", "change": change, "modules": modules, **medians}


def _bare() -> float:
    """Milliseconds that the swaps alone take: every function of the app gets its own code once more."""
    own = [module for name, module in sys.modules.items() if name.partition(".")[0] == TOP]
    functions = [f for module in own for f in vars(module).values() if type(f) is types.FunctionType]
    began = time.perf_counter()
    for function in functions:
        function.__code__ = function.__code__
    return (time.perf_counter() - began) * 1000


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--modules", type=int, default=200)
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    for change in ("bodies", "mixed"):
        sys.stdout.write(json.dumps(measure(change, options.modules, options.rounds)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
