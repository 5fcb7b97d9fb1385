"""The manifest of a release: which files it holds, each with its SHA-256 and size.

A manifest has exactly one spelling (canonical JSON: sorted keys, no spaces, files in order of their paths),
and the release's digest is the SHA-256 of that spelling. So a digest names code, whoever packed it and
wherever it lies, and `from_bytes` can refuse everything that isn't that one spelling.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from ..errors import ManifestError

FORMAT = 1
MAX_BYTES = 16 * 1024 * 1024
MAX_FILES = 20_000
MAX_FILE_BYTES = 1 << 32
MAX_PATH_BYTES = 1024
MAX_NAME_BYTES = 255

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PYTHON = re.compile(r"[0-9]{1,2}\.[0-9]{1,3}")


@dataclass(frozen=True, order=True)
class FileEntry:
    """One file of a release. `path` is posix and relative; `sha256` is lower-case hex; `size` is in bytes."""

    path: str
    sha256: str
    size: int

    def __post_init__(self) -> None:
        _check_path(self.path)
        if not isinstance(self.sha256, str) or not _SHA256.fullmatch(self.sha256):
            _refuse(f"the hash of {self.path!r} is not 64 hex digits")
        if type(self.size) is not int or not 0 <= self.size <= MAX_FILE_BYTES:
            _refuse(f"the size of {self.path!r} is not a number of bytes")


@dataclass(frozen=True)
class Manifest:
    """What a release holds. Checked when built: a malformed one can't exist. Raises ManifestError.

    `python` is the minor version ("3.11") whose code objects the release was packed for.
    """

    app: str
    python: str
    files: tuple[FileEntry, ...]
    format: int = FORMAT

    def __post_init__(self) -> None:
        if type(self.format) is not int or self.format != FORMAT:
            _refuse(f"its format is {self.format!r}; this flyhot reads format {FORMAT}")
        if not isinstance(self.app, str) or not self.app or len(self.app) > 200 or not _is_text(self.app):
            _refuse("the app's name is not a short text")
        if not isinstance(self.python, str) or not _PYTHON.fullmatch(self.python):
            _refuse(f"{self.python!r} is not a Python version such as 3.11")
        if len(self.files) > MAX_FILES:
            _refuse(f"it lists more than {MAX_FILES:,} files")
        _check_together(self.files)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical spelling: the release's name."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @property
    def vsn(self) -> str:
        """The short name: the first twelve digits of the digest."""
        return self.digest[:12]

    @cached_property
    def entries(self) -> Mapping[str, FileEntry]:
        """The files by path."""
        return {entry.path: entry for entry in self.files}

    def to_bytes(self) -> bytes:
        """The one spelling of this manifest."""
        document = {
            "app": self.app,
            "files": [{"path": entry.path, "sha256": entry.sha256, "size": entry.size} for entry in self.files],
            "format": self.format,
            "python": self.python,
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")

    @classmethod
    def of(cls, files: Mapping[str, bytes], *, app: str, python: str | None = None) -> Manifest:
        """The manifest of these contents. `python` defaults to the running interpreter's minor version."""
        entries = (FileEntry(path, sha256(content), len(content)) for path, content in files.items())
        return cls(app=app, python=python or python_minor(), files=tuple(sorted(entries)))

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read a manifest. Raises ManifestError, and nothing else, for anything but a canonical spelling."""
        document = _parse(data)
        _check_keys(document, {"app", "files", "format", "python"}, "it")
        files = document["files"]
        if document["format"] != FORMAT or type(document["format"]) is not int:
            _refuse(f"its format is {document['format']!r}; this flyhot reads format {FORMAT}")
        if not isinstance(files, list):
            _refuse("'files' is not a list")
        manifest = cls(app=document["app"], python=document["python"], files=tuple(_entry(item) for item in files))
        if manifest.to_bytes() != data:
            _refuse("it is not spelled canonically")
        return manifest


def sha256(content: bytes) -> str:
    """SHA-256 as lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def python_minor() -> str:
    """The running interpreter's minor version, as a manifest writes it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        _refuse(f"it is larger than {MAX_BYTES >> 20} MiB")
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as exc:
        raise ManifestError(f"the manifest can't be used: it is not JSON ({exc})") from exc
    if not isinstance(document, dict):
        _refuse("it is not a JSON object")
    return document


def _entry(item: object) -> FileEntry:
    if not isinstance(item, dict):
        _refuse("an entry of 'files' is not an object")
    _check_keys(item, {"path", "sha256", "size"}, "an entry of 'files'")
    return FileEntry(item["path"], item["sha256"], item["size"])


def _check_keys(document: dict[str, Any], wanted: set[str], where: str) -> None:
    missing, unknown = sorted(wanted - document.keys()), sorted(document.keys() - wanted)
    if missing:
        _refuse(f"{where} has no {missing[0]!r}")
    if unknown:
        _refuse(f"{where} has an unknown {unknown[0]!r}")


def _check_path(path: object) -> None:
    """A path may only name something below the folder that it is unpacked into."""
    if not isinstance(path, str) or not path or not _is_text(path):
        _refuse(f"{path!r} is not a path")
    if path.startswith("/") or "\\" in path:
        _refuse(f"the path {path!r} is absolute or has a backslash")
    if any(part in ("", ".", "..") for part in path.split("/")):
        _refuse(f"the path {path!r} doesn't stay where it is unpacked")
    long_name = any(len(part.encode("utf-8")) > MAX_NAME_BYTES for part in path.split("/"))
    if long_name or len(path.encode("utf-8")) > MAX_PATH_BYTES:
        _refuse(f"the path {path[:60]!r}… is too long")


def _check_together(files: Iterable[FileEntry]) -> None:
    """No two entries may meet on disk, also not where case and accents are folded; the order is that of the
    paths.
    """
    seen: dict[str, str] = {}
    before = ""
    for entry in files:
        if entry.path <= before:
            _refuse(f"the path {entry.path!r} is listed twice, or out of order")
        before = entry.path
        folded = _folded(entry.path)
        if folded in seen:
            _refuse(f"the paths {seen[folded]!r} and {entry.path!r} differ in case only; rename or exclude one")
        seen[folded] = entry.path
    for path in seen.values():
        parts = path.split("/")
        for depth in range(1, len(parts)):
            if _folded("/".join(parts[:depth])) in seen:
                _refuse(f"the path {path!r} lies below another file")


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _is_text(value: str) -> bool:
    """Neither control characters (NUL, newline) nor halves of surrogate pairs, which UTF-8 can't write."""
    return all(unicodedata.category(character) not in ("Cc", "Cs") for character in value)


def _refuse(why: str) -> NoReturn:
    raise ManifestError(f"the manifest can't be used: {why}")
