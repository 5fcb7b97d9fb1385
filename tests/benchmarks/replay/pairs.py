"""Pairs of releases to replay: consecutive versions from PyPI, and consecutive commits of any git history."""

from __future__ import annotations

import io
import itertools
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FINAL = re.compile(r"\d+(\.\d+)*(a\d+|b\d+|rc\d+)?(\.post\d+)?")


@dataclass(frozen=True)
class Pair:
    """Two folders with the source of two releases; `path`: what goes onto sys.path, relative to them."""

    project: str
    name: str
    old: Path
    new: Path
    packages: tuple[str, ...]
    path: tuple[str, ...] = (".",)


@dataclass(frozen=True)
class Lacking:
    """A pair that the history has only in part (a shallow or partial clone): it can't be laid out."""

    project: str
    name: str
    why: str


def from_pypi(project: str, packages: list[str], last: int, cache: Path, *, skip: int = 0) -> Iterator[Pair]:
    """Consecutive releases, newest pair first. Wheels of pure Python: what would be installed, to the byte."""
    listed = _pip("index", "versions", project, "--pre").splitlines()
    line = next(text for text in listed if text.startswith("Available versions:"))
    versions = [v for v in line.partition(":")[2].replace(" ", "").split(",") if _FINAL.fullmatch(v)][
        skip : skip + last + 1
    ]
    folders = [(version, _wheel(project, version, cache)) for version in versions]
    for (new, new_at), (old, old_at) in itertools.pairwise(folders):
        if new_at is not None and old_at is not None:
            yield Pair(project, f"{old} -> {new}", old_at, new_at, tuple(packages))


def _pip(*arguments: str) -> str:
    command = [sys.executable, "-m", "pip", *arguments, "--disable-pip-version-check"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _wheel(project: str, version: str, cache: Path) -> Path | None:
    folder = cache / "pypi" / project / version
    if not folder.is_dir():
        got = cache / "pypi" / project / f"{version}.got"
        try:
            _pip("download", f"{project}=={version}", "--no-deps", "--only-binary=:all:", "-d", str(got), "--quiet")
        except subprocess.CalledProcessError:
            return None
        with zipfile.ZipFile(next(got.glob("*.whl"))) as wheel:
            wheel.extractall(folder)
    return folder


def from_git(
    repo: Path, packages: list[str], last: int, cache: Path, *, under: str = "", path: str = "", skip: int = 0
) -> Iterator[Pair | Lacking]:
    """Consecutive commits (first parents) that change Python files of the packages, newest pair first.

    `under` is the folder of the repository that is taken out (the project's root), `path` the folder in it that goes
    onto sys.path.
    """
    prefix = "/".join(part for part in (under, path) if part)
    places = [f"{prefix}/{package}".lstrip("/") for package in packages]
    asked = [
        "log",
        "--first-parent",
        "--format=%H",
        "HEAD",
        "--",
        *[f":(glob){p}/**/*.py" for p in places],
        *[f"{p}.py" for p in places],
    ]
    commits = _git(repo, *asked).split()[skip : skip + last + 1]
    for new in commits[:last]:
        parents = _git(repo, "rev-list", "--parents", "-n", "1", new).split()[1:]
        if parents:
            subject = _git(repo, "log", "-1", "--format=%s", new).strip()
            name = f"{new[:9]} {subject[:60]}"
            try:
                trees = [_tree(repo, commit, under, places, cache) for commit in (parents[0], new)]
            except subprocess.CalledProcessError as exc:
                said = (exc.stderr if isinstance(exc.stderr, str) else exc.stderr.decode(errors="replace")).split("\n")
                yield Lacking(_name_of(repo), name, f"the history lacks files of it: {said[0]}")
                continue
            yield Pair(_name_of(repo), name, trees[0], trees[1], tuple(packages), (path or ".",))


def _name_of(repo: Path) -> str:
    return repo.resolve().name if repo.name != "repo" else repo.resolve().parent.name


def _git(repo: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repo), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _tree(repo: Path, commit: str, under: str, places: list[str], cache: Path) -> Path:
    folder = cache / "git" / _name_of(repo) / commit
    if not folder.is_dir():
        wanted = [under] if under else [name for place in places for name in (place, f"{place}.py")]
        there = _git(repo, "ls-tree", "--name-only", commit, "--", *wanted).splitlines()
        command = ["git", "-C", str(repo), "archive", commit, "--", *there]
        packed = subprocess.run(command, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            tar.extractall(folder, filter="data")
    return folder / under if under else folder
