"""A release imported cold, in a fresh process, before anybody is held for it.

The process that serves starts the check itself, so that interpreter, environment, working folder and `sys.path` are the
app's own; only the app's root is replaced by the release's tree. What fails here (a module that raises, a dependency
that is missing) fails at no cost; what succeeds tells the names that each module really has, for the verification.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..engine import SourceModule
from ..errors import SourceError

_SCRIPT = r"""
import importlib, json, os, sys, traceback, types
spec = json.loads(sys.argv[1])
sys.path[:] = spec["path"]
answer = {"ok": True, "modules": {}}
try:
    for name in spec["modules"]:
        importlib.import_module(name)
    for name in list(sys.modules):
        file = getattr(sys.modules[name], "__file__", None)
        if type(sys.modules[name]) is types.ModuleType and file and os.path.realpath(file).startswith(spec["tree"]):
            answer["modules"][name] = sorted(n for n in vars(sys.modules[name]) if not n.startswith("__"))
except BaseException as exc:
    trace = traceback.extract_tb(exc.__traceback__)
    frames = [f for f in trace if os.path.realpath(f.filename).startswith(spec["tree"])]
    file, line = (frames[-1].filename, frames[-1].lineno) if frames else (None, None)
    if isinstance(exc, SyntaxError):
        file, line = exc.filename, exc.lineno
    answer = {"ok": False, "type": type(exc).__name__, "message": str(exc), "file": file, "line": line,
              "module": getattr(exc, "name", None), "trace": traceback.format_exc()[-4000:]}
with open(spec["out"], "w") as out:
    json.dump(answer, out)
    out.flush()
sys.stdout.flush(); sys.stderr.flush()
os._exit(0)
"""


async def import_cold(
    tree: Path,
    root: Path,
    live: Mapping[str, SourceModule],
    *,
    timeout: float = 60.0,  # noqa: ASYNC109
) -> dict[str, Any]:
    """Import the living modules that the release still has, in a fresh process; `{"modules": {name: names}}`.

    `live` are their sources in the new release. Takes as long as the app takes to import. Raises SourceError naming
    file and line of the release. Safe to cancel: the process is killed.
    """
    spec = _spec(tree, root, live)
    with tempfile.TemporaryDirectory(prefix="flyhot-cold-") as folder:
        spec["out"] = os.path.join(folder, "answer.json")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *(["-O"] * sys.flags.optimize),
            "-c",
            _SCRIPT,
            json.dumps(spec),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(timeout):
                _, errors = await process.communicate()
        except TimeoutError:
            raise _failed(f"importing the release cold took longer than {timeout:g} s", None, None, None) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        return _answer(spec, Path(spec["out"]), errors.decode("utf-8", "replace"))


def _spec(tree: Path, root: Path, live: Mapping[str, SourceModule]) -> dict[str, Any]:
    tree = tree.resolve()
    moved = [_moved(entry or os.getcwd(), root, tree) for entry in sys.path]
    roots: list[str] = []
    modules: list[str] = []
    for name, source in live.items():
        relative = Path(source.relpath)
        if name == "__main__":
            roots.append(str(tree / relative.parent))
            modules.append(relative.stem)
            continue
        depth = name.count(".") + (1 if source.is_package else 0)
        roots.append(str((tree / relative).parents[depth]))
        modules.append(name)
    path = list(dict.fromkeys([*roots, *moved]))
    return {"path": path, "modules": list(dict.fromkeys(modules)), "tree": str(tree) + os.sep}


def _moved(entry: str, root: Path, tree: Path) -> str:
    """A `sys.path` entry inside the app's root, as it is in the release's tree; others as they are."""
    real = Path(os.path.realpath(entry))
    if not real.is_relative_to(root) or "site-packages" in real.parts or "dist-packages" in real.parts:
        return entry
    inside = tree / real.relative_to(root)
    return str(inside) if inside.is_dir() else entry


def _answer(spec: dict[str, Any], out: Path, errors: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(out.read_text())
    except (OSError, ValueError):
        tail = errors.strip().splitlines()[-1:] or ["no output"]
        raise _failed(f"the process that imported the release cold died: {tail[0]}", None, None, errors) from None
    if answer["ok"]:
        return {"modules": answer["modules"]}
    file = answer["file"]
    if file and os.path.realpath(file).startswith(spec["tree"]):
        file = os.path.realpath(file)[len(spec["tree"]) :]
    where = f"{file}:{answer['line']}: " if file else ""
    raise _failed(f"{where}{answer['type']}: {answer['message']}", file, answer["line"], answer["trace"], answer)


def _failed(
    message: str, file: str | None, line: int | None, detail: str | None, answer: dict[str, Any] | None = None
) -> SourceError:
    do = "mend it and run it again; nothing was changed, the old code still serves"
    if answer and answer["type"] == "ModuleNotFoundError" and answer.get("module"):
        do = f"install `{answer['module'].partition('.')[0]}` where the app runs, or mend the import; {do[12:]}"
    return SourceError(f"the release can't be imported: {message}", file=file, line=line, do=do, detail=detail)
