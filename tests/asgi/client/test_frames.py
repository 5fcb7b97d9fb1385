"""The control socket's frames: whatever a browser sends is a frame, nothing, or an error of ours."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyhot_asgi.client import frames
from flyhot_asgi.errors import WireError

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
frame_like = st.fixed_dictionaries(
    {"t": st.sampled_from(["ping", "done", "other", 1, None])},
    optional={"id": anything, "ms": anything, "ok": anything, "err": anything},
)


@given(st.text() | anything.map(json.dumps) | frame_like.map(json.dumps))
def test_any_text_is_a_frame_or_nothing_or_refused(text: str) -> None:
    try:
        found = frames.parse(text)
    except WireError:
        return
    assert found is None or isinstance(found, frames.Ping | frames.Done)
    if isinstance(found, frames.Done):
        assert 0 <= found.ms <= 1e9


@pytest.mark.parametrize("text", ["1" * 5000, '{"t": 1' + "0" * 4090 + "}", '{"t":"ping","x":1e999}'[:-1]])
def test_long_and_broken_numbers_are_refused(text: str) -> None:
    with pytest.raises(WireError):
        frames.parse(text)


def test_fields_without_a_value_are_left_out() -> None:
    text = frames.resume(id="a", ok=False, vsn="v", render="none", spread_ms=0, say=None)
    assert "say" not in json.loads(text)
