"""Bundles: reproducible, whole or refused; whatever is done to one, one clear error."""

from __future__ import annotations

import base64
import dataclasses
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyhot_asgi.errors import HashMismatch, ManifestError, ReleaseError, SignatureInvalid
from flyhot_asgi.release.manifest import Manifest, sha256
from flyhot_deploy.release.bundle import KIND, MAGIC, Bundle, read_bundle, read_envelope, seal
from flyhot_deploy.release.envelope import Envelope, Signature
from flyhot_deploy.release.manifest import PayloadRef, ReleaseManifest
from flyhot_deploy.release.payload import unpack_payload
from flyhot_deploy.release.signing import KeyRing
from tests.deploy.bundles import FILES, KEY, OTHER_KEY, TRUSTED, make_bundle

WHOLE = make_bundle().to_bytes()


def test_a_bundle_is_read_back() -> None:
    bundle = make_bundle()
    again = read_bundle(bundle.to_bytes(), TRUSTED)
    assert again == bundle
    assert again.files() == FILES


def test_the_same_release_gives_the_same_bytes() -> None:
    shuffled = dict(reversed(FILES.items()))
    assert make_bundle(shuffled).to_bytes() == WHOLE


def test_equal_contents_are_packed_once() -> None:
    once, twice = make_bundle({"a.py": b"x" * 5000}), make_bundle({"a.py": b"x" * 5000, "b.py": b"x" * 5000})
    assert twice.payload == once.payload
    assert twice.files() == {"a.py": b"x" * 5000, "b.py": b"x" * 5000}


def test_structure_and_plan_travel_signed() -> None:
    bundle = make_bundle(structure={"a:b": ["code", "text"]}, plan={"steps": [{"weight": 0.5}]})
    read = read_bundle(bundle.to_bytes(), TRUSTED).manifest
    assert (read.structure, read.plan) == (bundle.manifest.structure, bundle.manifest.plan)


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, len(WHOLE) - 1), value=st.integers(0, 255))
def test_a_changed_byte_is_noticed(position: int, value: int) -> None:
    if WHOLE[position] == value:
        return
    damaged = WHOLE[:position] + bytes([value]) + WHOLE[position + 1 :]
    with pytest.raises(ReleaseError):
        read_bundle(damaged, TRUSTED)


@settings(max_examples=100, deadline=None)
@given(length=st.integers(0, len(WHOLE) - 1))
def test_a_cut_is_noticed(length: int) -> None:
    with pytest.raises(ReleaseError):
        read_bundle(WHOLE[:length], TRUSTED)


@settings(max_examples=60, deadline=None)
@given(surplus=st.binary(min_size=1, max_size=50))
def test_a_surplus_is_noticed(surplus: bytes) -> None:
    with pytest.raises(ReleaseError):
        read_bundle(WHOLE + surplus, TRUSTED)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300))
def test_rubbish_is_refused(data: bytes) -> None:
    for attempt in (data, MAGIC + data, MAGIC + len(data).to_bytes(8, "big") + data):
        with pytest.raises(ReleaseError):
            read_bundle(attempt, TRUSTED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
DOCUMENT: dict[str, Any] = json.loads(make_bundle().manifest.to_bytes())


@settings(max_examples=400, deadline=None)
@given(field=st.sampled_from(sorted(DOCUMENT)), value=JSON, action=st.sampled_from(["set", "drop", "add"]))
def test_a_manifest_with_anything_in_any_field_is_sound_or_refused(field: str, value: Any, action: str) -> None:
    """Signed by us or not: the fields are checked all the same, and nothing but ManifestError comes of it."""
    document = dict(DOCUMENT)
    if action == "drop":
        del document[field]
    else:
        document[field if action == "set" else f"{field}x"] = value
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
    try:
        manifest = ReleaseManifest.from_bytes(text)
    except ManifestError:
        return
    assert manifest.to_bytes() == text


@settings(max_examples=200, deadline=None)
@given(value=JSON, field=st.sampled_from(["payload", "payloadType", "signatures"]))
def test_an_envelope_with_anything_in_any_field_is_refused(value: Any, field: str) -> None:
    document = json.loads(make_bundle().envelope.to_bytes())
    document[field] = value
    with pytest.raises(ReleaseError):
        read_envelope(json.dumps(document).encode(), TRUSTED)


# -- who signed --------------------------------------------------------------------------------


def test_a_stranger_signs_nothing_for_us() -> None:
    with pytest.raises(SignatureInvalid, match="nobody here trusts"):
        read_bundle(make_bundle(None, OTHER_KEY).to_bytes(), TRUSTED)


def test_an_unsigned_bundle_is_refused_unless_that_was_asked_for_aloud() -> None:
    bundle = make_bundle()
    bare = Bundle(bundle.manifest, Envelope(KIND, bundle.envelope.body), bundle.payload).to_bytes()
    with pytest.raises(SignatureInvalid, match="not signed"):
        read_bundle(bare, TRUSTED)
    with pytest.raises(SignatureInvalid, match="no key"):
        read_bundle(bare, KeyRing())
    assert read_bundle(bare, KeyRing(allow_unsigned=True)).files() == FILES


def test_keys_are_rotated_in_three_steps() -> None:
    both = KeyRing((KEY.public, OTHER_KEY.public))
    new_only = KeyRing((OTHER_KEY.public,))
    old, new = make_bundle(), make_bundle(None, OTHER_KEY)
    assert read_bundle(old.to_bytes(), both) and read_bundle(new.to_bytes(), both)
    with pytest.raises(SignatureInvalid):
        read_bundle(old.to_bytes(), new_only)
    assert read_bundle(old.signed(OTHER_KEY).to_bytes(), new_only).digest == old.digest


def test_a_known_key_with_a_wrong_signature_is_refused_even_unsigned() -> None:
    bundle = make_bundle()
    forged = Envelope(KIND, bundle.envelope.body, (Signature(KEY.public.id, b"0" * 64),))
    with pytest.raises(SignatureInvalid, match="wrong"):
        read_envelope(forged.to_bytes(), KeyRing((KEY.public,), allow_unsigned=True))


def test_a_signature_over_another_kind_of_document_is_none() -> None:
    """A signed pointer, or a log line somebody got signed, must not pass for a manifest."""
    body = make_bundle().manifest.to_bytes()
    other = KEY.sign(Envelope("application/vnd.flyhot.pointer.v1+json", body))
    moved = Envelope(KIND, body, other.signatures)
    with pytest.raises(SignatureInvalid):
        read_envelope(moved.to_bytes(), TRUSTED)
    with pytest.raises(SignatureInvalid, match="is wanted"):
        read_envelope(other.to_bytes(), TRUSTED)


# -- what a signed bundle may not do either ------------------------------------------------------


def sealed(files: dict[str, bytes], payload: bytes) -> Bundle:
    manifest = dataclasses.replace(make_bundle(files).manifest, payload=PayloadRef(sha256(payload), len(payload)))
    return seal(manifest, payload, KEY)


@pytest.mark.parametrize(
    "payload",
    [
        zlib.compress(b""),
        zlib.compress(b"a" * 99),
        zlib.compress(b"a" * 101),
        zlib.compress(b"b" * 100),
        zlib.compress(b"a" * 100)[:-4],
        zlib.compress(b"a" * 100) + b"more",
        zlib.compress(b"a" * 100) + zlib.compress(b"a"),
        zlib.compress(b"\0" * 50_000_000, 9),
        b"",
        b"rubbish",
    ],
    ids=["empty", "short", "long", "other", "cut", "tail", "second", "bomb", "nothing", "rubbish"],
)
def test_a_payload_that_is_not_the_manifests_is_refused(payload: bytes) -> None:
    bundle = sealed({"a.py": b"a" * 100}, payload)
    with pytest.raises(HashMismatch):
        read_bundle(bundle.to_bytes(), TRUSTED)


def test_a_bomb_is_not_inflated() -> None:
    """No more is taken out than was announced, whatever is in there."""
    import tracemalloc

    bomb = zlib.compress(b"\0" * 200_000_000, 9)
    bundle = sealed({"a.py": b"a" * 100}, bomb)
    tracemalloc.start()
    try:
        with pytest.raises(HashMismatch):
            bundle.files()
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "path",
    [
        "../a.py", "/etc/passwd", "a/../b.py", "a//b.py", "./a.py", "a/.", "a\\b.py", "a\0b.py", "a\nb.py", "", "C:\\x",
        ".env", "a/.git/config", "__pycache__/a.pyc", "a.pyc", "lib.so", "x.pth", "sitecustomize.py",
        "a/usercustomize.py", "x" * 300, "/".join("x" * 200 for _ in range(9)), "flyhot.keys", "\ud800.py",
    ],
)  # fmt: skip
def test_a_path_that_leaves_or_smuggles_is_refused(path: str) -> None:
    with pytest.raises(ReleaseError):
        make_bundle({path: b""})


@pytest.mark.parametrize("paths", [("A.py", "a.py"), ("é.py", "e\u0301.py"), ("a", "a/b.py"), ("A", "a/b.py")])
def test_paths_that_meet_on_disk_are_refused(paths: tuple[str, str]) -> None:
    with pytest.raises(ManifestError):
        make_bundle({path: path.encode() for path in paths})


def test_too_much_is_refused_before_anything_is_inflated() -> None:
    manifest = Manifest.of({"a.py": b""}, app="shop", python="3.11")
    huge = dataclasses.replace(manifest, files=(dataclasses.replace(manifest.files[0], size=1 << 31),))
    with pytest.raises(ManifestError, match="are accepted"):
        unpack_payload(huge, PayloadRef("0" * 64, 10), b"0" * 10)


def test_nesting_without_end_is_refused() -> None:
    deep = b'{"plan":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(ManifestError):
        ReleaseManifest.from_bytes(deep)
    body = base64.b64encode(deep).decode()
    nested = json.dumps({"payload": body, "payloadType": KIND, "signatures": []}).encode()
    with pytest.raises(ReleaseError):
        read_envelope(nested, KeyRing(allow_unsigned=True))
