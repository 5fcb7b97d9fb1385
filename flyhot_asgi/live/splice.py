"""The difference between two texts as one splice: what stays in front, what stays behind, what is between.

Counted in UTF-16 code units, as JavaScript counts. Works for whatever rendered the text: no template needs to
be understood, and a new template needs no special case.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Splice:
    """new = old[:prefix] + middle + old[len(old) - suffix:], lengths in UTF-16 code units."""

    prefix: int
    suffix: int
    middle: str


def splice(old: str, new: str) -> Splice:
    """The smallest single splice that makes `new` of `old`. A pair of surrogates is never cut."""
    limit = min(len(old), len(new))
    prefix = _common(old, new, limit, from_end=False)
    suffix = _common(old, new, limit - prefix, from_end=True)
    return Splice(
        prefix=utf16_length(new[:prefix]),
        suffix=utf16_length(new[len(new) - suffix :]),
        middle=new[prefix : len(new) - suffix],
    )


def _common(a: str, b: str, limit: int, *, from_end: bool) -> int:
    """How many characters `a` and `b` have in common at one end, at most `limit`. Compares in C, by halving."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if from_end:
            equal = a[len(a) - middle : len(a) - low] == b[len(b) - middle : len(b) - low]
        else:
            equal = a[low:middle] == b[low:middle]
        if equal:
            low = middle
        else:
            high = middle - 1
    return low


def utf16_length(text: str) -> int:
    """Length as JavaScript sees it: characters beyond the basic plane count twice."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
