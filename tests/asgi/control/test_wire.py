from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyhot_asgi.control import wire
from flyhot_asgi.control.wire import Decoder, encode
from flyhot_asgi.errors import WireError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
FRAMES = st.dictionaries(st.text(), VALUES, max_size=4)


@given(st.lists(FRAMES, max_size=5), st.lists(st.integers(1, 20), max_size=30))
def test_frames_arrive_whole_and_in_order_however_the_bytes_are_cut(
    frames: list[dict[str, Any]], cuts: list[int]
) -> None:
    data = b"".join(map(encode, frames))
    decoder = Decoder()
    received: list[dict[str, Any]] = []
    for cut in cuts:
        received += decoder.feed(data[:cut])
        data = data[cut:]
    received += decoder.feed(data)
    assert received == frames
    assert decoder.at_boundary()


@given(st.binary(max_size=100))
def test_any_bytes_are_frames_or_a_wire_error(data: bytes) -> None:
    try:
        frames = Decoder().feed(data)
    except WireError:
        return
    assert all(isinstance(frame, dict) for frame in frames)


def test_half_a_frame_is_no_frame_yet() -> None:
    decoder = Decoder()
    assert decoder.feed(b'{"go":') == []
    assert not decoder.at_boundary()
    assert decoder.feed(b'"apply"}\n{') == [{"go": "apply"}]


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b"3\n", b"x\n", b"\xff\n", b"[" * 100_000 + b"\n"])
def test_a_line_that_is_no_object_is_a_wire_error(line: bytes) -> None:
    with pytest.raises(WireError):
        Decoder().feed(line)


def test_a_line_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_LINE", 10)
    decoder = Decoder()
    assert decoder.feed(b'{"a":1234}\n') == [{"a": 1234}]
    decoder.feed(b"x" * 10)
    with pytest.raises(WireError, match="longer"):
        decoder.feed(b"x")
    with pytest.raises(WireError, match="longer"):
        encode({"a": 12345})


@pytest.mark.parametrize("value", [object(), b"x", float("nan"), {1, 2}])
def test_what_is_not_plain_data_is_not_sent(value: object) -> None:
    with pytest.raises(WireError):
        encode({"value": value})


def test_a_frame_is_one_line_of_json() -> None:
    line = encode({"say": "a\nb"})
    assert line.count(b"\n") == 1
    assert json.loads(line) == {"say": "a\nb"}
