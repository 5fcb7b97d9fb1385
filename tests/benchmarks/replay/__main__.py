"""The replay's command line: which histories, which tools, and the table. See the package's docstring."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import venv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .contest import Contest, Unusable, Verdict
from .pairs import Lacking, Pair, from_git, from_pypi

_PEERS = ("jurigged", "autoreload", "reload")
_PEER_PACKAGES = ("jurigged==0.6.1", "ipython")
_LIBRARIES = {
    "starlette": ["starlette"],
    "uvicorn": ["uvicorn"],
    "httpx": ["httpx"],
    "datasette": ["datasette"],
    "pyview-web": ["pyview"],
    "litestar": ["litestar"],
    "fastapi": ["fastapi"],
    "anyio": ["anyio"],
    "hypercorn": ["hypercorn"],
    "websockets": ["websockets"],
    "jinja2": ["jinja2"],
    "werkzeug": ["werkzeug"],
    "flask": ["flask"],
    "click": ["click"],
    "typer": ["typer"],
    "pluggy": ["pluggy"],
    "attrs": ["attr", "attrs"],
    "sqladmin": ["sqladmin"],
    "httpcore": ["httpcore"],
    "structlog": ["structlog"],
}
_RESULTS = ("right", "refused", "wrong", "raised")


def main() -> int:
    asked = _arguments()
    cache = asked.cache.resolve()
    console = Console(stderr=True, soft_wrap=True, width=None if sys.stderr.isatty() else 150)
    until = time.monotonic() + asked.minutes * 60 if asked.minutes else float("inf")
    python = _environment(cache, asked)
    tools = asked.tools or ["flyhot", *(_PEERS if asked.peers else ())]
    verdicts: list[Verdict] = []
    unusable: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for pair in _pairs(asked, cache):
        if time.monotonic() > until:
            left_out[pair.project] += 1
            continue
        try:
            found = _run(pair, tools, asked, python)
        except Unusable as why:
            unusable[pair.project] += 1
            console.print(f"[dim]{pair.project} {pair.name}: {why}", highlight=False)
            continue
        verdicts += found
        _say(console, found)
    _table(console, verdicts, unusable)
    if left_out:
        console.print(f"left out, as {asked.minutes:g} minutes were over: {dict(left_out)} pairs")
    if asked.json:
        asked.json.write_text("".join(json.dumps(_row(v)) + "\n" for v in verdicts))
    return 1 if any(v.tool == "flyhot" and (v.result == "wrong" or v.undo) for v in verdicts) else 0


def _run(pair: Pair | Lacking, tools: list[str], asked: argparse.Namespace, python: str) -> list[Verdict]:
    if isinstance(pair, Lacking):
        raise Unusable(pair.why)
    environment = dict(e.split("=", 1) for e in asked.env)
    work = asked.cache.resolve() / "work"
    contest = Contest(pair, work, python, environment, initialised=asked.initialised, entry=asked.entry)
    return [contest.run(tool) for tool in tools]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.replay", description=__doc__)
    parser.add_argument("--pypi", nargs="*", default=[], metavar="NAME", help="projects; none named: a default set")
    parser.add_argument("--git", type=Path, help="a local git history")
    parser.add_argument("--under", default="", help="the project's folder in the history")
    parser.add_argument("--path", default="", help="the folder in it that goes onto sys.path (src, ...)")
    parser.add_argument("--packages", nargs="*", default=[], help="first-party packages")
    parser.add_argument(
        "--entry", default="", help="the module that serves: pairs whose old release lacks it don't count"
    )
    parser.add_argument("--last", type=int, default=10, help="how many pairs of each, newest first")
    parser.add_argument("--skip", type=int, default=0, help="leave out the newest N pairs")
    parser.add_argument("--peers", action="store_true", help="jurigged, autoreload and reload as columns")
    parser.add_argument("--tools", nargs="*", help="just these")
    parser.add_argument("--install", nargs="*", default=[], help="what the project needs, for pip")
    parser.add_argument("--python", help="an interpreter that has it all; nothing is installed then")
    parser.add_argument("--env", nargs="*", default=[], metavar="K=V", help="environment of the project")
    parser.add_argument("--cache", type=Path, default=Path(".replay"), help="downloads, trees, an environment")
    parser.add_argument("--minutes", type=float, default=0, help="begin no further pair after so long")
    parser.add_argument("--initialised", action="store_true", help="hold instances made by calling classes, too")
    parser.add_argument("--json", type=Path, help="every verdict as a JSON line")
    parser.add_argument("--all", action="store_true", help="the default set of PyPI projects")
    return parser.parse_args()


def _projects(asked: argparse.Namespace) -> list[str]:
    return list(_LIBRARIES) if asked.all else asked.pypi


def _pairs(asked: argparse.Namespace, cache: Path) -> Iterator[Pair | Lacking]:
    for project in _projects(asked):
        packages = asked.packages or _LIBRARIES.get(project, [project.replace("-", "_")])
        yield from from_pypi(project, packages, asked.last, cache, skip=asked.skip)
    if asked.git:
        yield from from_git(
            asked.git, asked.packages, asked.last, cache, under=asked.under, path=asked.path, skip=asked.skip
        )


def _environment(cache: Path, asked: argparse.Namespace) -> str:
    """An interpreter with what the projects need beside themselves, and the peers."""
    if asked.python:
        return str(asked.python)
    python = cache / "env" / "bin" / "python"
    if not python.is_file():
        venv.create(cache / "env", with_pip=True)
    wanted = [*_projects(asked), *asked.install, "starlette", *(_PEER_PACKAGES if asked.peers else ())]
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
    subprocess.run(command, check=True)
    return str(python)


def _say(console: Console, found: list[Verdict]) -> None:
    for verdict in found:
        colour = {"right": "green", "refused": "yellow"}.get(verdict.result, "red")
        shown = f"[{colour}]{verdict.result:8}[/] {verdict.seconds:6.1f} s  {verdict.tool:10}"
        console.print(shown, f"{verdict.pair.project} {verdict.pair.name}", highlight=False)
        if verdict.tool == "flyhot":
            for line in [*(verdict.said if verdict.result in ("refused", "raised") else ()), *verdict.differences][:6]:
                console.print(f"    {line[:300]}", markup=False, highlight=False)
            if verdict.undo and verdict.result == "right":
                console.print(f"    [red]undo left[/] {verdict.undo[:5]}", highlight=False)


def _table(console: Console, verdicts: list[Verdict], unusable: Counter[str]) -> None:
    table = Table("project", "tool", "pairs", *_RESULTS, "undo differs", "unusable")
    keys = list(dict.fromkeys((v.pair.project, v.tool) for v in verdicts))
    for project, tool in keys:
        mine = [v for v in verdicts if (v.pair.project, v.tool) == (project, tool)]
        counts = Counter(v.result for v in mine)
        shares = [f"{counts[r]} ({100 * counts[r] / len(mine):.0f} %)" for r in _RESULTS]
        undone = str(sum(bool(v.undo) for v in mine)) if tool == "flyhot" else ""
        table.add_row(project, tool, str(len(mine)), *shares, undone, str(unusable[project]))
    console.print(table)


def _row(verdict: Verdict) -> dict[str, object]:
    return {
        "project": verdict.pair.project,
        "pair": verdict.pair.name,
        "tool": verdict.tool,
        "result": verdict.result,
        "said": verdict.said,
        "differences": verdict.differences[:50],
        "undo": verdict.undo,
        "seconds": round(verdict.seconds, 3),
    }


if __name__ == "__main__":
    sys.exit(main())
