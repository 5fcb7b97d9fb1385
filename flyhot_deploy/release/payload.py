"""The contents of a release as one run of bytes: every distinct content once, in the order of the paths, deflated.

There are no names, links or modes in it: what is a file, how long, under which path, is said by the manifest alone.
So nothing that an archive could smuggle exists here, and reading stops at the first byte that the manifest didn't
announce.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

from flyhot_asgi.errors import HashMismatch, ManifestError
from flyhot_asgi.release.manifest import FileEntry, Manifest, sha256
from flyhot_asgi.release.scan import MAX_FILES, MAX_TOTAL_BYTES

from .manifest import PayloadRef

LEVEL = 6
MAX_PAYLOAD_BYTES = MAX_TOTAL_BYTES + (1 << 20)
FORBIDDEN_SUFFIXES = (".pyc", ".pyo", ".so", ".pyd", ".dll", ".dylib", ".pth", ".exe", ".keys")
FORBIDDEN_NAMES = frozenset({"__pycache__", "sitecustomize.py", "usercustomize.py"})


def pack_payload(manifest: Manifest, files: Mapping[str, bytes]) -> bytes:
    """The payload of these files. The same files give the same bytes (with the same zlib). Raises ManifestError."""
    check_files(manifest)
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, zlib.MAX_WBITS)
    return b"".join([*(deflate.compress(files[entry.path]) for entry in _distinct(manifest)), deflate.flush()])


def unpack_payload(manifest: Manifest, ref: PayloadRef, payload: bytes) -> dict[str, bytes]:
    """The files in a payload, each compared with its hash. Writes nothing.

    Raises HashMismatch: cut short, changed, or another release's. ManifestError: over the limits, or holding what a
    release may not.
    """
    check_files(manifest)
    if len(payload) != ref.size or len(payload) > MAX_PAYLOAD_BYTES:
        raise _mismatch(f"it has {len(payload):,} bytes, and {ref.size:,} were announced")
    if sha256(payload) != ref.sha256:
        raise _mismatch("its bytes are not those that were packed")
    contents = _inflate(manifest, payload)
    return {entry.path: contents[entry.sha256] for entry in manifest.files}


def check_files(manifest: Manifest) -> None:
    """Raises ManifestError for a release that is too large, or that holds what has no place in one."""
    total = sum(entry.size for entry in _distinct(manifest))
    every = sum(entry.size for entry in manifest.files)
    if len(manifest.files) > MAX_FILES or total > MAX_TOTAL_BYTES or every > MAX_TOTAL_BYTES:
        raise ManifestError(
            f"the release has {len(manifest.files):,} files of {every:,} bytes; "
            f"{MAX_FILES:,} files and {MAX_TOTAL_BYTES:,} bytes are accepted",
            do="leave out what isn't code, templates or static files with [tool.flyhot] exclude",
        )
    for entry in manifest.files:
        parts = entry.path.split("/")
        if any(part.startswith(".") or part in FORBIDDEN_NAMES for part in parts) or parts[-1].endswith(
            FORBIDDEN_SUFFIXES
        ):
            raise ManifestError(
                f"the release holds {entry.path!r}: hidden files, compiled code and keys have no place in one",
                file=entry.path,
                do="leave it out with [tool.flyhot] exclude; it belongs into the image",
            )


def _inflate(manifest: Manifest, payload: bytes) -> dict[str, bytes]:
    inflate = zlib.decompressobj(zlib.MAX_WBITS)
    rest = payload
    contents: dict[str, bytes] = {}
    try:
        for entry in _distinct(manifest):
            pieces, missing = [], entry.size
            while missing:
                piece = inflate.decompress(rest, missing)
                rest = inflate.unconsumed_tail
                if not piece and not rest:
                    raise _mismatch(f"it ends inside of {entry.path}")
                pieces.append(piece)
                missing -= len(piece)
            contents[entry.sha256] = _checked(entry, b"".join(pieces))
        surplus = inflate.decompress(rest, 1)
    except zlib.error as exc:
        raise _mismatch(f"it can't be inflated ({exc})") from exc
    if surplus or not inflate.eof or inflate.unused_data:
        raise _mismatch("it holds more than the manifest lists, or has no end")
    return contents


def _checked(entry: FileEntry, content: bytes) -> bytes:
    if sha256(content) != entry.sha256:
        raise _mismatch(f"the content of {entry.path} is not what the manifest says")
    return content


def _distinct(manifest: Manifest) -> Iterator[FileEntry]:
    seen: set[str] = set()
    for entry in manifest.files:
        if entry.sha256 not in seen:
            seen.add(entry.sha256)
            yield entry


def _mismatch(why: str) -> HashMismatch:
    return HashMismatch(
        f"the release's payload can't be used: {why}", do="nothing was changed; publish the release again"
    )
