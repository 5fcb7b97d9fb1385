"""Which files of a folder make up a release, and their contents.

A release is the app's own Python and the assets beside it. What is never taken: hidden files and folders
(`.env` holds secrets, `.git` history), installed packages, virtual environments, caches, build products,
and whatever a symbolic link brings in from outside of the root.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from ..errors import ReleaseError
from .config import Settings

MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_TOTAL_BYTES = 256 * 1024 * 1024
MAX_FILES = 20_000
MAX_ENTRIES = 400_000
REST_SECONDS = 0.05
_LOOKS = 20

CODE_SUFFIX = ".py"
# No .pem, .key or .crt: keys belong to the machine, not to a release.
ASSET_SUFFIXES = frozenset(
    """
    .html .htm .jinja .jinja2 .j2 .mako .xml .svg .css .scss .less .js .mjs .cjs .ts .map .json .jsonl .toml
    .yaml .yml .ini .cfg .txt .md .rst .csv .tsv .sql .graphql .po .pot .mo .png .jpg .jpeg .gif .webp .avif
    .ico .bmp .woff .woff2 .ttf .otf .eot .webmanifest .mp3 .ogg .wav .wasm
    """.split()
)
# At the top of a project these are about the app (README.md, requirements.txt) or come out of it (out.txt):
# a release would differ for no reason that the app could notice. Further down they may be what it shows.
DOCUMENT_SUFFIXES = frozenset({".txt", ".md", ".rst", ".csv", ".tsv", ".jsonl"})
SKIPPED_FOLDERS = frozenset({"__pycache__", "site-packages", "node_modules"})
BUILD_FOLDERS = frozenset({"build", "dist"})


@dataclass(frozen=True)
class Skipped:
    """A file that one might expect in the release and that isn't in it, with the reason."""

    path: str
    reason: str


@dataclass
class Survey:
    """What a scan found: `files` maps posix paths relative to the root to contents, sorted by path."""

    files: dict[str, bytes] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def scan(root: Path, settings: Settings) -> dict[str, bytes]:
    """The files of a release: posix path relative to `root` -> content. Errors as for `survey`."""
    return survey(root, settings).files


def survey(root: Path, settings: Settings) -> Survey:
    """As `scan`, and what was left out though it looked like part of the app.

    Blocking. A file that vanishes while we look is not in the release (editors do that when they save).
    Raises ReleaseError: a file or folder that can't be read; more than MAX_FILES files or MAX_TOTAL_BYTES
    bytes (that is hardly an app's folder, and a release without some of its modules would be worse than
    none).
    """
    walk = _Walk(root.resolve(), settings)
    found = Survey(skipped=walk.skipped)
    total = 0
    for relative, entry_path in walk.files():
        content = _read(entry_path, relative, walk.skipped)
        if content is None:
            continue
        found.files[relative] = content
        total += len(content)
        if len(found.files) > MAX_FILES or total > MAX_TOTAL_BYTES:
            raise _too_much(root, f"more than {MAX_FILES:,} files or {MAX_TOTAL_BYTES >> 20} MiB")
    found.files = dict(sorted(found.files.items()))
    return found


def survey_at_rest(root: Path, settings: Settings, *, wait: Callable[[float], None] = time.sleep) -> Survey:
    """As `survey`, of a folder in which nobody is just writing: what an editor or `git checkout` has half done is no
    release that anybody wrote. Blocking. Looks again until nothing was written since a moment before it looked, for a
    second at most: an app may write its own data all the time."""
    for _ in range(_LOOKS):
        began = time.time()
        found = survey(root, settings)
        if _last_written(root, found.files) < began - REST_SECONDS:
            break
        wait(REST_SECONDS)
    return found


def _last_written(root: Path, files: Iterable[str]) -> float:
    """When the youngest of these files was changed (epoch seconds). Not asked of folders: in them, databases make and
    delete files of their own all the time."""
    youngest = 0.0
    for file in files:
        with contextlib.suppress(OSError):
            youngest = max(youngest, (root / file).stat().st_ctime)
    return youngest


def has_python(root: Path, settings: Settings) -> bool:
    """Whether there is any first-party Python below `root`: a folder without is no app. Reads no file."""
    return any(relative.endswith(CODE_SUFFIX) for relative, _ in _Walk(root.resolve(), settings).files())


class _Walk:
    """One walk below a root. Owns the list of what it skipped."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings
        self.store = (root / settings.store).resolve() if settings.store else None
        self.skipped: list[Skipped] = []
        self.entries = 0

    def files(self) -> Iterator[tuple[str, str]]:
        """(path relative to the root, path to read) of every file that belongs to the release."""
        yield from self._folder(str(self.root), "", (str(self.root),))

    def _folder(self, folder: str, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise _unreadable(folder, exc) from exc
        self.entries += len(entries)
        if self.entries > MAX_ENTRIES:
            raise _too_much(self.root, f"more than {MAX_ENTRIES:,} entries")
        for entry in entries:
            relative = prefix + entry.name
            if not self._wanted_name(entry.name, relative) or self._excluded(relative):
                continue
            if entry.is_symlink() and not self._stays_inside(entry.path, relative, above):
                continue
            if entry.is_dir():
                if self._wanted_folder(entry.path, entry.name, prefix):
                    yield from self._folder(entry.path, relative + "/", (*above, os.path.realpath(entry.path)))
            elif self._wanted_file(relative):
                yield relative, entry.path

    def _wanted_name(self, name: str, relative: str) -> bool:
        if name.startswith("."):
            return False
        if "\\" in name or not name.isprintable() or not _encodable(name):
            if name.endswith(CODE_SUFFIX):
                self.skipped.append(Skipped(ascii(relative), "its name can't be written in a manifest"))
            return False
        return True

    def _excluded(self, relative: str) -> bool:
        return any(matches(pattern, relative) for pattern in self.settings.exclude)

    def _stays_inside(self, path: str, relative: str, above: tuple[str, ...]) -> bool:
        target = os.path.realpath(path)
        if target != str(self.root) and not target.startswith(str(self.root) + os.sep):
            self.skipped.append(Skipped(relative, "a symbolic link that leaves the app's folder"))
            return False
        return target not in above  # a link to a folder above itself would never end

    def _wanted_folder(self, path: str, name: str, prefix: str) -> bool:
        if name in SKIPPED_FOLDERS or name.endswith((".egg-info", ".dist-info")):
            return False
        if self.store is not None and os.path.realpath(path) == str(self.store):
            return False
        if os.path.exists(os.path.join(path, "pyvenv.cfg")):
            return False
        # `build` and `dist` are products of packaging at the top of a project, and fair package names
        # elsewhere.
        package = os.path.exists(os.path.join(path, "__init__.py"))
        return package or prefix != "" or name not in BUILD_FOLDERS

    def _wanted_file(self, relative: str) -> bool:
        suffix = os.path.splitext(relative)[1].lower()
        is_document = suffix in DOCUMENT_SUFFIXES and "/" not in relative
        if suffix == CODE_SUFFIX or (suffix in ASSET_SUFFIXES and not is_document):
            return True
        return any(matches(pattern, relative) for pattern in self.settings.include)


def _read(path: str, relative: str, skipped: list[Skipped]) -> bytes | None:
    try:
        # O_NONBLOCK: opening a named pipe must not wait for a writer. It means nothing to a regular file.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                skipped.append(Skipped(relative, "not a regular file"))
                return None
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    if len(content) > MAX_FILE_BYTES:
        skipped.append(Skipped(relative, f"larger than {MAX_FILE_BYTES >> 20} MiB"))
        return None
    return content


def _encodable(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _unreadable(path: str, exc: OSError) -> ReleaseError:
    return ReleaseError(
        f"{path} can't be read: {exc.strerror or exc}",
        file=path,
        do="make it readable, or leave it out with [tool.flyhot] exclude",
    )


def _too_much(root: Path, what: str) -> ReleaseError:
    return ReleaseError(
        f"{root} holds {what}: that is hardly one app",
        file=str(root),
        do="run this from the app's folder, or leave folders out with [tool.flyhot] exclude",
    )


def matches(pattern: str, path: str) -> bool:
    """Whether a glob names `path` (posix, relative to the root), or a folder above it.

    `*` and `?` stay within one name, `**` crosses folders; a pattern without a slash names a file or folder
    at any depth, as in a .gitignore.
    """
    regex = _compiled(pattern)
    parts = path.split("/")
    return any(regex.fullmatch("/".join(parts[:depth])) for depth in range(1, len(parts) + 1))


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    text = pattern.removeprefix("./").rstrip("/")
    if "/" not in text:
        text = "**/" + text
    text = text.removeprefix("/")
    out = ""
    while text:
        if text.startswith("**/"):
            out, text = out + "(?:[^/]+/)*", text[3:]
        elif text.startswith("**"):
            out, text = out + ".*", text[2:]
        else:
            out, text = out + {"*": "[^/]*", "?": "[^/]"}.get(text[0], re.escape(text[0])), text[1:]
    return re.compile(out, re.DOTALL)
