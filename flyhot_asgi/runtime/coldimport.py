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
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..engine import SourceModule
from ..engine.living.modules import import_name
from ..errors import SourceError

_TAIL = 1 << 16
_SCRIPT = r"""
import importlib, json, os, sys, traceback, types
with open(sys.argv[1]) as asked:
    spec = json.load(asked)
sys.path[:] = spec["path"]
answer = {"ok": True, "modules": {}}
try:
    for name in spec["modules"]:
        importlib.import_module(name)
    found = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if type(module) is types.ModuleType and file and os.path.realpath(file).startswith(spec["tree"]):
            found[name] = module
            answer["modules"][name] = sorted(n for n in vars(module) if not n.startswith("__"))
    sys.path.append(spec["ours"])
    from flyhot_asgi.engine.verification.fingerprint import describe
    answer["structure"] = describe(found, spec["tree"], list(found))
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
    hash_seed: int | None = None,
    timeout: float = 60.0,  # noqa: ASYNC109
) -> dict[str, Any]:
    """Import the living modules that the release still has, in a fresh process: `{"modules": {name: names},
    "structure": {path: [channel, text]}}` (see `engine.fingerprint`). `hash_seed` is that process's PYTHONHASHSEED.

    `live` are their sources in the new release. Takes as long as the app takes to import. Raises SourceError naming
    file and line of the release. Safe to cancel: the process is killed.
    """
    spec = _spec(tree, root, live)
    with tempfile.TemporaryDirectory(prefix="flyhot-cold-") as folder:
        asked, out, errors = (Path(folder) / name for name in ("asked.json", "answer.json", "errors.txt"))
        spec["out"] = str(out)
        asked.write_text(json.dumps(spec))
        environment = dict(os.environ) if hash_seed is None else {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
        with errors.open("wb") as to:  # a file: what the app starts at import may keep a pipe open for good
            await _run(["-c", _SCRIPT, str(asked)], environment, to.fileno(), timeout)
        with errors.open("rb") as said:
            said.seek(max(0, errors.stat().st_size - _TAIL))
            return _answer(spec, out, said.read().decode("utf-8", "replace"))


async def _run(
    arguments: list[str],
    environment: dict[str, str],
    stderr: int,
    timeout: float,  # noqa: ASYNC109 (it raises an error of its own)
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(["-O"] * sys.flags.optimize),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=stderr,
        env=environment,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout):
            await process.wait()
    except TimeoutError:
        raise _failed(f"importing the release cold took longer than {timeout:g} s", None, None, None) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _spec(tree: Path, root: Path, live: Mapping[str, SourceModule]) -> dict[str, Any]:
    tree = tree.resolve()
    moved = [_moved(entry or os.getcwd(), root, tree) for entry in sys.path]
    roots: list[str] = []
    modules: list[str] = []
    for name, source in live.items():
        relative = Path(source.relpath)
        if name == "__main__":
            name = import_name(name, sys.modules[name])
        if name == "__main__":
            roots.append(str(tree / relative.parent))
            modules.append(relative.stem)
            continue
        depth = name.count(".") + (1 if source.is_package else 0)
        roots.append(str((tree / relative).parents[depth]))
        modules.append(name)
    path = list(dict.fromkeys([*roots, *moved]))
    ours = str(Path(__file__).parents[2])
    return {"path": path, "modules": list(dict.fromkeys(modules)), "tree": str(tree) + os.sep, "ours": ours}


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
        return {"modules": answer["modules"], "structure": answer["structure"]}
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
