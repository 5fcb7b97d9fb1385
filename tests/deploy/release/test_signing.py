"""Keys as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyhot_asgi.errors import ConfigError
from flyhot_deploy.release.signing import KeyRing, PublicKey, SecretKey
from tests.deploy.bundles import KEY, OTHER_KEY


def test_keys_survive_being_text() -> None:
    key = SecretKey.generate()
    assert SecretKey.parse(key.reveal()) == key
    assert PublicKey.parse(str(key.public)) == key.public


def test_a_secret_key_shows_itself_only_when_asked() -> None:
    assert KEY.reveal() not in repr(KEY) and repr(KEY.data) not in repr(KEY)


def test_a_secret_key_in_a_public_place_is_told_and_not_shown() -> None:
    with pytest.raises(ConfigError, match="secret key stands where a public one") as caught:
        PublicKey.parse(KEY.reveal())
    assert KEY.reveal() not in str(caught.value)


@given(text=st.text(max_size=80))
def test_any_other_text_is_one_clear_error(text: str) -> None:
    for prefix in ("", "flyhot-public-", "flyhot-secret-"):
        for kind in (PublicKey, SecretKey):
            try:
                kind.parse(prefix + text)
            except ConfigError as exc:
                assert not text or len(text) < 20 or text not in str(exc)


def test_a_ring_skips_comments_and_repetitions() -> None:
    lines = ["# ours", "", f"{KEY.public}  # until May", str(KEY.public), str(OTHER_KEY.public)]
    assert KeyRing.parse(lines).keys == (KEY.public, OTHER_KEY.public)
