from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyhot_asgi.errors import ManifestError
from flyhot_asgi.release import manifest as module
from flyhot_asgi.release.manifest import FileEntry, Manifest, python_minor, sha256

HASH = "0" * 64
GOOD: dict[str, Any] = {
    "app": "a",
    "files": [{"path": "a.py", "sha256": HASH, "size": 1}, {"path": "b/c.py", "sha256": HASH, "size": 0}],
    "format": 1,
    "python": "3.11",
}
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
PATHS = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=3).map("/".join)


def spell(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def with_path(path: str) -> bytes:
    return spell(GOOD | {"files": [{"path": path, "sha256": HASH, "size": 1}]})


def test_a_release_is_named_by_its_content_and_not_by_who_packs_it() -> None:
    files = {"b.py": b"2", "a.py": b"1"}
    one = Manifest.of(files, app="x", python="3.11")
    two = Manifest.of(dict(reversed(files.items())), app="x", python="3.11")
    assert one.digest == two.digest == hashlib.sha256(one.to_bytes()).hexdigest()
    assert one.vsn == one.digest[:12]
    assert [entry.path for entry in one.files] == ["a.py", "b.py"]
    assert one.entries["a.py"] == FileEntry("a.py", sha256(b"1"), 1)


@pytest.mark.parametrize(
    "other",
    [
        Manifest.of({"a.py": b"2"}, app="x", python="3.11"),
        Manifest.of({"b.py": b"1"}, app="x", python="3.11"),
        Manifest.of({"a.py": b"1"}, app="y", python="3.11"),
        Manifest.of({"a.py": b"1"}, app="x", python="3.12"),
    ],
)
def test_any_difference_makes_another_release(other: Manifest) -> None:
    assert other.digest != Manifest.of({"a.py": b"1"}, app="x", python="3.11").digest


def test_python_defaults_to_the_running_one() -> None:
    assert Manifest.of({}, app="x").python == python_minor()


@given(st.dictionaries(PATHS, st.binary(max_size=20), max_size=6), NAMES)
def test_what_can_be_packed_reads_back_the_same(files: dict[str, bytes], app: str) -> None:
    try:
        manifest = Manifest.of(files, app=app)
    except ManifestError:
        return  # two paths that would meet on disk, or a backslash: refused, and that is tested below
    again = Manifest.from_bytes(manifest.to_bytes())
    assert again == manifest
    assert again.digest == manifest.digest
    assert {entry.path for entry in again.files} == set(files)


@given(st.binary(max_size=200))
def test_bytes_are_a_manifest_or_a_manifest_error(data: bytes) -> None:
    with pytest.raises(ManifestError):
        Manifest.from_bytes(data)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["app", "files", "format", "python", "extra"]), JSON_VALUES)
def test_any_value_in_any_place_is_taken_or_a_manifest_error(key: str, value: Any) -> None:
    data = json.dumps(GOOD | {key: value}, sort_keys=True, separators=(",", ":")).encode()
    try:
        manifest = Manifest.from_bytes(data)
    except ManifestError:
        return
    assert manifest.to_bytes() == data


@given(st.sampled_from(["path", "sha256", "size", "extra"]), JSON_VALUES)
def test_any_value_in_an_entry_is_taken_or_a_manifest_error(key: str, value: Any) -> None:
    data = spell_loosely(GOOD | {"files": [GOOD["files"][0] | {key: value}]})
    try:
        manifest = Manifest.from_bytes(data)
    except ManifestError:
        return
    assert manifest.to_bytes() == data


def spell_loosely(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_a_changed_byte_is_refused_or_makes_another_release(at: int, new: bytes) -> None:
    good = spell(GOOD)
    at %= len(good)
    bad = good[:at] + new + good[at + 1 :]
    try:
        manifest = Manifest.from_bytes(bad)
    except ManifestError:
        return
    assert (manifest.digest == Manifest.from_bytes(good).digest) == (bad == good)


def test_the_good_one_is_good() -> None:
    assert [entry.path for entry in Manifest.from_bytes(spell(GOOD)).files] == ["a.py", "b/c.py"]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/./x",
        "a//x",
        "a/",
        "..",
        ".",
        "a\\b",
        "a\0b",
        "a\nb",
        "x" * 256,
        "/".join(["x" * 100] * 11),
        "a\x7f",
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(ManifestError):
        Manifest.from_bytes(with_path(path))


@pytest.mark.parametrize(
    ("first", "second"),
    [("a.py", "a.py"), ("A.py", "a.py"), ("STRASSE", "straße"), ("b", "a"), ("a", "a/b"), ("A", "a/b")],
)
def test_paths_that_would_meet_on_disk_or_are_out_of_order_are_refused(first: str, second: str) -> None:
    files = [{"path": path, "sha256": HASH, "size": 1} for path in (first, second)]
    with pytest.raises(ManifestError):
        Manifest.from_bytes(spell(GOOD | {"files": files}))


def test_names_that_differ_in_their_accents_spelling_only_are_refused() -> None:
    with pytest.raises(ManifestError, match="case only"):
        Manifest.of({"e\u0301.py": b"", "\u00e9.py": b""}, app="a")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"size":' + b"9" * 5000 + b"}", "not JSON"),
        (spell(GOOD)[:-10], "not JSON"),
        (b" " + spell(GOOD), "canonically"),
        (json.dumps(GOOD).encode(), "canonically"),
        (spell(GOOD).replace(b'"format":1', b'"format":1,"format":1'), "canonically"),
        (spell(GOOD | {"format": 2}), "format"),
        (spell(GOOD | {"format": True}), "format"),
        (spell(GOOD | {"signed": "yes"}), "unknown"),
        (spell({key: GOOD[key] for key in GOOD if key != "app"}), "no 'app'"),
        (spell(GOOD | {"app": ""}), "name"),
        (spell(GOOD | {"python": "3"}), "Python"),
        (spell(GOOD | {"files": {}}), "list"),
        (spell(GOOD | {"files": [3]}), "object"),
        (spell(GOOD | {"files": [{"path": "a"}]}), "no 'sha256'"),
        (spell(GOOD | {"files": [{"path": "a", "sha256": "Z" * 64, "size": 1}]}), "hash"),
        (spell(GOOD | {"files": [{"path": "a", "sha256": "A" * 64, "size": 1}]}), "hash"),
        (spell(GOOD | {"files": [{"path": "a", "sha256": HASH, "size": -1}]}), "size"),
        (spell(GOOD | {"files": [{"path": "a", "sha256": HASH, "size": True}]}), "size"),
        (spell(GOOD | {"files": [{"path": "a", "sha256": HASH, "size": 1.0}]}), "size"),
    ],
)
def test_each_way_to_be_malformed_has_a_message_that_says_which(data: bytes, why: str) -> None:
    with pytest.raises(ManifestError, match=why):
        Manifest.from_bytes(data)


def test_a_manifest_has_a_greatest_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(ManifestError, match="larger"):
        Manifest.from_bytes(spell(GOOD))


def test_a_manifest_has_a_greatest_number_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 1)
    with pytest.raises(ManifestError, match="more than 1 files"):
        Manifest.from_bytes(spell(GOOD))
