"""A started lab (see tests/faults/lab.py) and a folder to import little apps from."""

from __future__ import annotations

import importlib
import itertools
import os
import sys
import tempfile
import types
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.lab import Lab, private_runtime_dir

_numbers = itertools.count()
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@pytest.fixture
async def lab(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="fh-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        private_runtime_dir(monkeypatch, f"{folder}/rt")
        (Path(folder) / "app").mkdir()
        one = await Lab(Path(folder) / "app").start()
        yield one
        await one.close()


Importer = Callable[..., types.ModuleType]


@pytest.fixture
def imported(tmp_path: Path) -> Iterator[Importer]:
    """`imported("a/b.py", text, root="src")` writes a file below `tmp_path/src`, and imports it. TOP in paths
    and texts is a name that no other test uses."""
    top, before, path = f"pad{next(_numbers)}", set(sys.modules), list(sys.path)

    def load(file: str, text: str = "", *, root: str = "") -> types.ModuleType:
        where = tmp_path / root
        target = where / file.replace("TOP", top)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("TOP", top))
        sys.path.insert(0, str(where))
        importlib.invalidate_caches()
        name = file.replace("TOP", top).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return importlib.import_module(name)

    yield load
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if name.startswith(top):
            del sys.modules[name]
