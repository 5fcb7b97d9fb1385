"""Releases, pointer, decisions and reports over a store with switches for what goes wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flyhot_asgi.errors import HashMismatch, ManifestError, SignatureInvalid, StoreLocked, UnknownRelease
from flyhot_deploy.release.signing import KeyRing
from flyhot_deploy.repository.keys import Keys
from flyhot_deploy.repository.lease import acquire
from flyhot_deploy.repository.pointer import Candidate, Current
from flyhot_deploy.repository.repository import Repository
from flyhot_deploy.store.base import Conflict, NotModified, Unavailable
from flyhot_deploy.store.memory import MemoryStore, everything
from tests.deploy.bundles import KEY, OTHER_KEY, TRUSTED, make_bundle


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def repository(store: MemoryStore) -> Repository:
    return Repository(store, Keys("shop"), TRUSTED)


def test_what_was_published_is_read_and_a_second_time_nothing_is_written(repository: Repository) -> None:
    bundle = make_bundle()
    assert repository.publish(bundle) is True
    assert repository.publish(bundle) is False
    again = repository.bundle(bundle.digest)
    assert (again.manifest, again.files()) == (bundle.manifest, bundle.files())


def test_two_manifests_share_a_payload(repository: Repository, store: MemoryStore) -> None:
    repository.publish(make_bundle())
    repository.publish(make_bundle(sequence=2))
    assert len([item for item in store.list("shop/payloads/")]) == 1
    assert len([item for item in store.list("shop/main/manifests/")]) == 2


def test_publishing_again_mends_what_was_damaged(repository: Repository, store: MemoryStore) -> None:
    bundle = make_bundle()
    repository.publish(bundle)
    for item in list(store.list("shop/")):
        store.put(item.key, b"rubbish")
    with pytest.raises(SignatureInvalid):
        repository.bundle(bundle.digest)
    repository.publish(bundle)
    assert repository.bundle(bundle.digest).files() == bundle.files()


def test_a_release_that_is_not_there_is_unknown(repository: Repository) -> None:
    with pytest.raises(UnknownRelease):
        repository.manifest("0" * 64)


def test_a_payload_that_is_missing_or_cut_is_refused(repository: Repository, store: MemoryStore) -> None:
    bundle = make_bundle()
    repository.publish(bundle)
    key = repository.keys.payload(bundle.manifest.payload.sha256)
    store.faults.damaged = lambda name: name == key
    with pytest.raises(HashMismatch):
        repository.bundle(bundle.digest)
    store.faults.damaged = lambda _: False
    store.delete(key)
    with pytest.raises(HashMismatch, match="missing"):
        repository.bundle(bundle.digest)


def test_a_manifest_in_anothers_place_is_refused(repository: Repository, store: MemoryStore) -> None:
    """The older release is signed too: under the newer one's name it must not be taken for it."""
    old, new = make_bundle(), make_bundle({"app/main.py": b"print('three')\n"}, sequence=2)
    repository.publish(old)
    repository.publish(new)
    store.put(repository.keys.manifest(new.digest), store.get(repository.keys.manifest(old.digest)).body)
    with pytest.raises(HashMismatch, match="not what its name says"):
        repository.bundle(new.digest)


def test_a_manifest_of_another_channel_is_refused(store: MemoryStore) -> None:
    staging = Repository(store, Keys("shop", "staging"), TRUSTED)
    bundle = make_bundle()
    staging.publish(bundle)
    with pytest.raises(ManifestError, match="shop/main"):
        staging.manifest(bundle.digest)


def test_a_pointer_moves_under_the_lock_and_is_signed(repository: Repository, store: MemoryStore) -> None:
    lease = acquire(store, repository.keys.lock, "me")
    read = repository.pointer()
    assert read.etag is None and read.pointer.current_on("image:1") is None
    current = Current("a" * 64, "b" * 64, 7)
    moved = repository.move(read, read.pointer.with_current(("image:1",), current), lease, KEY)
    with pytest.raises(NotModified):
        repository.pointer(if_none_match=moved.etag)
    found = repository.pointer()
    assert found.pointer.current_on("image:1") == current
    assert (found.pointer.epoch, found.pointer.sequence) == (1, 7)
    stranger = Repository(store, repository.keys, KeyRing((OTHER_KEY.public,)))
    with pytest.raises(SignatureInvalid):
        stranger.pointer()


def test_a_candidate_travels_with_the_pointer(repository: Repository, store: MemoryStore) -> None:
    lease = acquire(store, repository.keys.lock, "me")
    read = repository.pointer()
    candidate = Candidate("d1", "a" * 64, "b" * 64, 8, {"canary": ["m1"], "bake": 2.5})
    repository.move(read, replace(read.pointer, candidate=candidate), lease, KEY)
    assert repository.pointer().pointer.candidate == candidate


def test_of_two_who_read_the_same_pointer_one_writes(repository: Repository, store: MemoryStore) -> None:
    lease = acquire(store, repository.keys.lock, "me")
    first = second = repository.pointer()
    repository.move(first, first.pointer, lease, KEY)
    with pytest.raises(Conflict):
        repository.move(second, replace(second.pointer, sequence=3), lease, KEY)


def test_an_older_epoch_writes_no_pointer(repository: Repository, store: MemoryStore) -> None:
    old = acquire(store, repository.keys.lock, "old")
    old.release()
    new = acquire(store, repository.keys.lock, "new")
    repository.move(repository.pointer(), repository.pointer().pointer, new, KEY)
    with pytest.raises(StoreLocked):
        repository.move(repository.pointer(), repository.pointer().pointer, old, KEY)
    revived = replace(old, _lost=None, _renewed=old.clock())
    with pytest.raises(Conflict, match="epoch 2"):
        repository.move(repository.pointer(), repository.pointer().pointer, revived, KEY)


def test_a_pointer_whose_answer_was_lost_was_written(repository: Repository, store: MemoryStore) -> None:
    lease = acquire(store, repository.keys.lock, "me")
    read = repository.pointer()
    store.faults.lost_answers = lambda key: key.endswith("pointer.json")
    moved = repository.move(read, replace(read.pointer, sequence=5), lease, KEY)
    assert repository.pointer() == moved


def test_a_decision_is_made_once(repository: Repository) -> None:
    assert repository.decision("d1") is None
    assert repository.decide("d1", "commit", epoch=3) == "commit"
    assert repository.decide("d1", "abort", epoch=3) == "commit"
    assert repository.decision("d1") == "commit"
    assert repository.judge("d1", "reverted", epoch=3) == "reverted"
    assert repository.judge("d1", "confirmed", epoch=3) == "reverted"
    assert repository.verdict("d1") == "reverted"


def test_a_decision_that_is_no_word_is_an_error(repository: Repository, store: MemoryStore) -> None:
    for body in (b"", b"[]", b'{"word":"maybe"}', b"\xff", b'{"decision":"commit"}'):
        store.put(repository.keys.decision("d1"), body)
        with pytest.raises(ManifestError):
            repository.decision("d1")


def test_reports_come_back_by_machine_and_rubbish_is_named(repository: Repository, store: MemoryStore) -> None:
    repository.report("d1", "m1", {"state": "prepared"})
    repository.report("d1", "m1", {"state": "committed"})
    repository.report("d1", "m2", {"state": "refused"})
    repository.report("d2", "m1", {"state": "other"})
    store.put(repository.keys.report("d1", "m3"), b"rubbish")
    found = repository.reports("d1")
    assert (found["m1"]["state"], found["m2"]["state"]) == ("committed", "refused")
    assert found["m3"]["error"]["kind"] == "manifest"
    assert set(found) == {"m1", "m2", "m3"}


def test_history_has_each_sequence_once_in_order(repository: Repository) -> None:
    assert repository.record(2, {"action": "hot"}) and repository.record(10, {"action": "rollback"})
    assert repository.record(2, {"action": "other"}) is False
    assert [(entry["sequence"], entry["action"]) for entry in repository.history()] == [(2, "hot"), (10, "rollback")]


def test_a_store_that_is_away_is_said_to_be(repository: Repository, store: MemoryStore) -> None:
    store.faults.unavailable = everything
    for ask in (repository.pointer, lambda: repository.reports("d"), lambda: repository.publish(make_bundle())):
        with pytest.raises(Unavailable):
            ask()
