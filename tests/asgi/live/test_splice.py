"""Splices, checked as a browser applies them: in UTF-16 code units."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flyhot_asgi.live.splice import Splice, splice, utf16_length

# Few letters, so that texts have much in common; characters of one and of two code units, and halves of pairs.
texts = st.text(alphabet="ab<é€😀🎉\ud83d\ude00", max_size=30)


def units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def apply(old: str, found: Splice) -> bytes:
    """What JavaScript's slice() does."""
    was = units(old)
    return was[: found.prefix * 2] + units(found.middle) + was[len(was) - found.suffix * 2 :]


@given(texts, texts)
def test_a_splice_makes_the_new_text_of_the_old_one(old: str, new: str) -> None:
    assert apply(old, splice(old, new)) == units(new)


@given(texts, texts, texts, texts)
def test_a_change_in_the_middle_sends_no_more_than_the_middle(head: str, a: str, b: str, tail: str) -> None:
    assert len(splice(head + a + tail, head + b + tail).middle) <= len(b)


@given(texts)
def test_an_unchanged_text_has_an_empty_splice(text: str) -> None:
    found = splice(text, text)
    assert found.middle == ""
    assert found.prefix + found.suffix == utf16_length(text)


def test_a_pair_of_surrogates_is_never_cut() -> None:
    # Both characters begin with the same surrogate.
    assert splice("a😀b", "a😁b") == Splice(prefix=1, suffix=1, middle="😁")


def test_repeated_text_is_not_counted_twice() -> None:
    assert splice("aa", "aaa") == Splice(prefix=2, suffix=0, middle="a")
    assert splice("aaa", "aa") == Splice(prefix=2, suffix=0, middle="")
