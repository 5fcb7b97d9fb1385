from __future__ import annotations

import pytest

from flyhot_asgi.errors import StoreError
from flyhot_asgi.release.history import Action, Entry, History, read_history


def history(*steps: tuple[Action, str, str]) -> History:
    """(action, release, outcome), each after the one that took effect before."""
    known = History([])
    for action, release, outcome in steps:
        entry = known.next_entry(action, release, previous=known.current, outcome=outcome)
        known = History([*known.entries, entry])
    return known


def test_an_empty_history_knows_nothing() -> None:
    empty = history()
    assert empty.current is None
    assert empty.previous("A") is None
    assert empty.direction("A", "B") == "up"


def test_entries_are_numbered_and_dated_in_utc() -> None:
    entries = history(("base", "A", "complete"), ("hot", "B", "failed")).entries
    assert [entry.seq for entry in entries] == [1, 2]
    assert all(entry.at.endswith("+00:00") for entry in entries)


def test_only_what_took_effect_is_current() -> None:
    known = history(("base", "A", "complete"), ("hot", "B", "complete"), ("hot", "C", "rolled_back"))
    assert known.current == "B"


def test_a_release_that_some_processes_run_counts_as_released() -> None:
    assert history(("base", "A", "complete"), ("hot", "B", "mixed")).current == "B"


def test_rolling_back_twice_goes_back_two_releases() -> None:
    steps: list[tuple[Action, str, str]] = [(("base", "A", "complete"))]
    steps += [("hot", "B", "complete"), ("hot", "C", "complete")]
    assert history(*steps).previous("C") == "B"
    back = history(*steps, ("rollback", "B", "complete"))
    assert back.current == "B"
    assert back.previous("B") == "A"


def test_the_first_release_has_none_before_it() -> None:
    assert history(("base", "A", "complete"), ("hot", "B", "complete")).previous("A") is None


def test_a_release_that_was_tried_and_undone_is_nothing_to_roll_back_to() -> None:
    known = history(("base", "A", "complete"), ("hot", "B", "rolled_back"), ("hot", "C", "complete"))
    assert known.previous("C") == "A"
    assert known.previous("B") is None


def test_direction_follows_the_order_of_first_release() -> None:
    known = history(("base", "A", "complete"), ("hot", "B", "complete"), ("rollback", "A", "complete"))
    assert known.direction("B", "A") == "down"
    assert known.direction("A", "B") == "up"
    assert known.direction("B", "C") == "up"
    assert known.direction("B", "B") == "up"


def test_what_was_never_released_is_newer_than_what_was() -> None:
    known = history(("base", "A", "complete"), ("hot", "B", "complete"), ("hot", "C", "rolled_back"))
    assert known.direction("C", "B") == known.direction("edited", "A") == "down"
    assert known.direction("edited", "C") == "up"


def test_a_failed_try_does_not_make_a_release_older() -> None:
    known = history(("base", "A", "complete"), ("hot", "C", "failed"), ("hot", "B", "complete"))
    assert known.direction("B", "C") == "up"


def test_an_entry_reads_back_as_it_was_written() -> None:
    entry = Entry(3, "2026-01-01T00:00:00+00:00", "hot", "B", "A", "complete", ({"pid": 1, "outcome": "complete"},))
    read, whole = read_history(entry.to_line(), "h")
    assert read.entries == (entry,)
    assert whole == len(entry.to_line())


def test_a_last_line_that_a_crash_cut_short_never_counted() -> None:
    line = history(("base", "A", "complete")).entries[0].to_line()
    read, whole = read_history(line + line[:-5], "h")
    assert len(read.entries) == 1
    assert whole == len(line)


@pytest.mark.parametrize(
    "bad",
    [
        b"not json",
        b"[]",
        b"3",
        b'{"seq":1}',
        b'{"seq":"1","at":"","action":"hot","release":"A","previous":null,"outcome":"x"}',
        b'{"seq":1,"at":"","action":"melt","release":"A","previous":null,"outcome":"x"}',
        b'{"seq":1,"at":"","action":"hot","release":3,"previous":null,"outcome":"x"}',
        b'{"seq":1,"at":"","action":"hot","release":"A","previous":3,"outcome":"x"}',
        b'{"seq":1,"at":"","action":"hot","release":"A","previous":null,"outcome":"x","processes":[1]}',
        b'{"seq":1,"at":"","action":"hot","release":"A","previous":null,"outcome":"x","processes":3}',
        b'{"seq":1,"at":"","action":"hot","release":"A","previous":null,"outcome":"x","mood":"good"}',
        b"[" * 50_000,
    ],
)
def test_a_line_that_can_not_be_read_is_named(bad: bytes) -> None:
    line = history(("base", "A", "complete")).entries[0].to_line()
    with pytest.raises(StoreError, match=r"line 2 of the history h\.jsonl") as caught:
        read_history(line + bad + b"\n" + line, "h.jsonl")
    assert caught.value.line == 2
