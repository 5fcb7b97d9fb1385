"""One pair and one tool: a process that imports the old release, the files changed under it, and a verdict."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .describe import MEMO
from .pairs import Pair

HERE = Path(__file__).resolve().parent
_LIMIT = 600.0
_DRAWN = re.compile(r"(?<=_)[0-9a-f]{32}")


@dataclass
class Verdict:
    """`result`: right, refused, wrong (it said done and isn't, or it refused and is not what it was), raised."""

    pair: Pair
    tool: str
    result: str
    said: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    undo: list[str] = field(default_factory=list)
    """What the undo (or the refusal) left changed."""
    seconds: float = 0.0


class Unusable(Exception):
    """The pair says nothing: the old release can't be imported here, or the new one can't."""


class Contest:
    """One pair. Files lie at one place for all its processes, so that paths in code objects are the same."""

    def __init__(
        self,
        pair: Pair,
        work: Path,
        python: str,
        environment: dict[str, str],
        *,
        initialised: bool = False,
        entry: str = "",
    ) -> None:
        self._pair = pair
        self._entry = entry
        self._initialised = initialised
        self._root = work / "root"
        self._work = work
        self._python = python
        self._environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", **environment}
        self._cold: dict[str, Any] | None = None

    def run(self, tool: str) -> Verdict:
        self._lay(self._pair.old)
        answer = self._live(tool)
        verdict = Verdict(self._pair, tool, answer["outcome"], answer["said"] or [], seconds=answer["seconds"])
        verdict.undo = answer.get("undo", [])
        cold = self._import_cold(answer)
        if answer["outcome"] in ("done", "refused"):
            _is_usable(answer, cold)
            if self._entry and self._entry not in answer["imported"]:
                raise Unusable(f"{self._entry} can't be imported of the old release")
        if answer["outcome"] == "done":
            verdict.differences = self._differences(answer, ours=tool == "flyhot")
            verdict.result = "wrong" if verdict.differences else "right"
        elif answer["outcome"] == "refused" and verdict.undo:
            verdict.result, verdict.differences = "wrong", [f"refused, but changed: {p}" for p in verdict.undo]
        return verdict

    def _differences(self, live: dict[str, Any], *, ours: bool) -> list[str]:
        """`ours`: lines are compared, too; other tools don't promise them."""
        cold = self._import_cold(live)
        unstable = set(cold["unstable"])
        drawn = {_DRAWN.sub("…", path) for path in unstable if _DRAWN.search(path)}
        loaded = set(cold["modules"])
        found = [f"module {m} is missing" for m in cold["modules"] if m not in live["modules"] and m in loaded]
        found += [f"module {m} should be gone" for m in live["modules"] if m not in loaded and self._is_gone(m)]
        for what in ("described", "apis", "aliases", *(["lines"] if ours else [])):
            old, new = cold[what], live[what]
            for path in sorted({**old, **new}):
                module = path.partition(":")[0]
                if path.endswith(MEMO) and (path not in old or path not in new):
                    continue  # worked out by one of them only; what it was worked out from is compared
                if _DRAWN.search(path) and _DRAWN.sub("…", path) in drawn:
                    continue  # a name that is drawn in each process
                if module in loaded and path not in unstable and old.get(path) != new.get(path):
                    found.append(f"{what} {path}: {_around(old.get(path), new.get(path))}")
        found += [f"stale: {path}" for path in live["stale"]]
        found += [f"lacks what a new one has: {path}" for path in live["lacking"]]
        return found + [f"another object: {path}" for path in live["kept"]]

    def _is_gone(self, module: str) -> bool:
        relative = module.replace(".", "/")
        bases = [self._pair.new / p for p in self._pair.path]
        return not any((b / f"{relative}.py").is_file() or (b / relative).is_dir() for b in bases)

    def _import_cold(self, live: dict[str, Any]) -> dict[str, Any]:
        if self._cold is None:
            self._lay(self._pair.new)
            first, second = (self._one("cold", live, seed) for seed in ("0", "1"))
            both = {**first["described"], **second["described"]}
            one, two = first["described"], second["described"]
            first["unstable"] = [path for path in both if one.get(path) != two.get(path)]
            self._cold = first
        return self._cold

    def _live(self, tool: str) -> dict[str, Any]:
        spec, process = self._start(tool, {}, "0")
        try:
            assert process.stdout is not None and process.stdin is not None
            if process.stdout.readline().strip() != "ready":
                raise Unusable("the old release can't be imported")
            self._lay(self._pair.new)
            process.stdin.write("go\n")
            process.stdin.flush()
            process.wait(timeout=_LIMIT)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            return {
                "outcome": "raised",
                "said": [f"no answer within {_LIMIT:g} s"],
                "seconds": _LIMIT,
                "tried": [],
                "imported": [],
            }
        finally:
            self._end(process)
        return self._answer(spec)

    def _one(self, tool: str, live: dict[str, Any], seed: str) -> dict[str, Any]:
        spec, process = self._start(tool, live, seed)
        try:
            process.wait(timeout=_LIMIT)
        finally:
            self._end(process)
        out = Path(spec["out"])
        if not out.is_file():
            raise Unusable("the new release can't be imported cold")
        return self._answer(spec)

    def _answer(self, spec: dict[str, Any]) -> dict[str, Any]:
        out = Path(spec["out"])
        if not out.is_file():
            tail = (self._work / "errors.txt").read_text(errors="replace")[-400:]
            return {
                "outcome": "raised",
                "said": [f"the process died: {tail}"],
                "seconds": 0.0,
                "tried": [],
                "imported": [],
            }
        answer: dict[str, Any] = json.loads(out.read_text())
        out.unlink()
        return answer

    def _start(self, tool: str, live: dict[str, Any], seed: str) -> tuple[dict[str, Any], subprocess.Popen[str]]:
        out = self._work / "answer.json"
        out.unlink(missing_ok=True)
        spec = {
            "root": str(self._root),
            "path": [str((self._root / part).resolve()) for part in self._pair.path],
            "packages": list(self._pair.packages),
            "tool": tool,
            "tried": live.get("tried"),
            "imported": live.get("imported"),
            "initialised": self._initialised,
            "shift": int(seed),
            "out": str(out),
        }
        asked = self._work / "spec.json"
        asked.write_text(json.dumps(spec))
        with (self._work / "errors.txt").open("w") as errors:
            process = subprocess.Popen(
                [self._python, str(HERE / "child.py"), str(asked)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=self._root,
                env={**self._environment, "PYTHONHASHSEED": seed},
            )
        return spec, process

    def _end(self, process: subprocess.Popen[str]) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _lay(self, source: Path) -> None:
        """Make the root equal to `source`; files that are equal are left alone, as a deploy or an editor would."""
        self._root.mkdir(parents=True, exist_ok=True)
        wanted = {p.relative_to(source) for p in source.rglob("*") if p.is_file()}
        for path in [p for p in self._root.rglob("*") if p.is_file()]:
            if path.relative_to(self._root) not in wanted:
                path.unlink()
        for relative in wanted:
            to, fresh = self._root / relative, (source / relative).read_bytes()
            if not to.is_file() or to.read_bytes() != fresh:
                to.parent.mkdir(parents=True, exist_ok=True)
                to.unlink(missing_ok=True)  # a compiled extension that is in use dies of being written over
                to.write_bytes(fresh)
        for folder in sorted((p for p in self._root.rglob("*") if p.is_dir()), reverse=True):
            if not any(folder.iterdir()) or folder.name == "__pycache__":
                shutil.rmtree(folder)


def _is_usable(live: dict[str, Any], cold: dict[str, Any]) -> None:
    """A program whose import failed half-way serves nobody: an upgrade can't be judged by a pair that mends such an
    import. Raises Unusable."""
    if not live["imported"]:
        raise Unusable("nothing of the old release can be imported")
    mended = [name for name in live["tried"] if name not in live["imported"] and name in cold["imported"]]
    if mended:
        raise Unusable(f"{mended[0]} can be imported of the new release only; does the environment lack something?")


def _around(cold: str | None, live: str | None) -> str:
    """The first place where two texts part, with a little of each."""
    if cold is None or live is None:
        return "only cold" if live is None else "only live"
    at = next((i for i, (a, b) in enumerate(zip(cold, live, strict=False)) if a != b), min(len(cold), len(live)))
    begin = max(0, at - 40)
    return f"cold …{cold[begin : at + 70]} | live …{live[begin : at + 70]}"
