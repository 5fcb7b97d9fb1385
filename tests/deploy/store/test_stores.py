"""What every store does, whatever it is made of."""

from __future__ import annotations

import random

import pytest

from flyhot_deploy.store.base import Conflict, NotFound, NotModified, ObjectStoreError, Store, TooLarge
from tests.deploy.threads import together


def test_what_was_put_is_got(store: Store, space: str) -> None:
    body = random.Random(1).randbytes(300_000)
    etag = store.put(f"{space}/a", body)
    stored = store.get(f"{space}/a")
    assert (stored.body, stored.etag) == (body, etag)


def test_an_empty_object_is_one(store: Store, space: str) -> None:
    store.put(f"{space}/a", b"")
    assert store.get(f"{space}/a").body == b""


def test_what_is_not_there_is_not_found(store: Store, space: str) -> None:
    with pytest.raises(NotFound):
        store.get(f"{space}/a")
    store.delete(f"{space}/a")


def test_a_new_body_has_a_new_etag_and_an_old_one_is_told(store: Store, space: str) -> None:
    first = store.put(f"{space}/a", b"1")
    with pytest.raises(NotModified):
        store.get(f"{space}/a", if_none_match=first)
    second = store.put(f"{space}/a", b"2")
    assert second != first
    assert store.get(f"{space}/a", if_none_match=first).body == b"2"


def test_create_only_creates_only(store: Store, space: str) -> None:
    store.put(f"{space}/a", b"1", if_none_match=True)
    with pytest.raises(Conflict):
        store.put(f"{space}/a", b"2", if_none_match=True)
    assert store.get(f"{space}/a").body == b"1"


def test_compare_and_set_needs_the_present_etag(store: Store, space: str) -> None:
    first = store.put(f"{space}/a", b"1")
    second = store.put(f"{space}/a", b"2", if_match=first)
    with pytest.raises(Conflict):
        store.put(f"{space}/a", b"3", if_match=first)
    assert store.get(f"{space}/a").body == b"2"
    store.put(f"{space}/a", b"3", if_match=second)


def test_compare_and_set_on_nothing_is_a_conflict(store: Store, space: str) -> None:
    with pytest.raises(Conflict):
        store.put(f"{space}/a", b"1", if_match='"9dd4e461268c8034f5c8564e155c67a6"')
    with pytest.raises(NotFound):
        store.get(f"{space}/a")


def test_deleted_is_gone(store: Store, space: str) -> None:
    store.put(f"{space}/a", b"1")
    store.delete(f"{space}/a")
    with pytest.raises(NotFound):
        store.get(f"{space}/a")
    store.put(f"{space}/a", b"2", if_none_match=True)


def test_a_listing_has_what_begins_so_by_key(store: Store, space: str) -> None:
    for name in ("b/2", "a/1", "a/3", "ab", "a/2/x"):
        store.put(f"{space}/{name}", name.encode())
    found = list(store.list(f"{space}/a"))
    assert [item.key for item in found] == [f"{space}/{name}" for name in ("a/1", "a/2/x", "a/3", "ab")]
    assert [item.size for item in found] == [3, 5, 3, 2]
    assert found[0].etag == store.get(f"{space}/a/1").etag
    assert list(store.list(f"{space}/none/")) == []


def test_an_object_that_is_larger_than_wanted_is_not_read(store: Store, space: str) -> None:
    store.put(f"{space}/a", b"x" * 1000)
    with pytest.raises(TooLarge):
        store.get(f"{space}/a", max_bytes=999)
    assert len(store.get(f"{space}/a", max_bytes=1000).body) == 1000


def test_progress_ends_at_the_total(store: Store, space: str) -> None:
    body, up, down = b"x" * 700_000, [], []
    store.put(f"{space}/a", body, progress=lambda done, total: up.append((done, total)))
    store.get(f"{space}/a", progress=lambda done, total: down.append((done, total)))
    assert up[-1] == down[-1] == (len(body), len(body))


@pytest.mark.parametrize("key", ["", "/a", "a//b", "../a", "a/../b", "a/./b", ".a", "a/.b", "a b", "a\nb", "x" * 2000])
def test_a_key_that_is_none_is_refused_before_anything_is_asked(store: Store, key: str) -> None:
    for use in (lambda: store.get(key), lambda: store.put(key, b""), lambda: store.delete(key)):
        with pytest.raises(ObjectStoreError, match="can't be the key"):
            use()


def test_of_many_creators_one_creates(store: Store, space: str) -> None:
    for turn in range(5):

        def create(number: int, key: str = f"{space}/{turn}") -> int | None:
            try:
                store.put(key, b"%d" % number, if_none_match=True)
            except Conflict:
                return None
            return number

        winners = [number for number in together(create) if number is not None]
        assert len(winners) == 1
        assert store.get(f"{space}/{turn}").body == b"%d" % winners[0]


def test_no_increment_of_many_writers_is_lost(store: Store, space: str) -> None:
    key = f"{space}/count"
    store.put(key, b"0")

    def add_five(_: int) -> int:
        done = 0
        while done < 5:
            present = store.get(key)
            try:
                store.put(key, b"%d" % (int(present.body) + 1), if_match=present.etag)
            except Conflict:
                continue
            done += 1
        return done

    assert sum(together(add_five, 8)) == 40
    assert store.get(key).body == b"40"
