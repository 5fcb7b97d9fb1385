"""The lock: one at a time, by one's own clock, over stores that lose answers."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

import pytest

from flyhot_asgi.errors import StoreLocked
from flyhot_deploy.repository.lease import Lease, acquire, break_lock, is_alive, kept, read_lock
from flyhot_deploy.store.base import Store, Unavailable
from flyhot_deploy.store.folder import FileStore
from flyhot_deploy.store.memory import MemoryStore, everything, nothing
from flyhot_deploy.store.s3 import S3Store
from tests.deploy.threads import together

KEY = "shop/main/lock.json"


class Time:
    """A monotonic clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def test_one_has_it_and_the_epoch_grows(store: MemoryStore) -> None:
    first = acquire(store, KEY, "ann")
    with pytest.raises(StoreLocked, match="ann"):
        acquire(store, KEY, "bob")
    first.release()
    assert acquire(store, KEY, "bob").epoch == first.epoch + 1


def test_a_released_lease_is_nobodys(store: MemoryStore) -> None:
    lease = acquire(store, KEY, "ann")
    lease.release()
    lease.release()
    with pytest.raises(StoreLocked):
        lease.check()
    assert not read_lock(store, KEY).held


def test_whoever_renews_keeps_it_from_a_patient_other(store: MemoryStore) -> None:
    time = Time()
    lease = acquire(store, KEY, "ann", ttl=10, clock=time.clock)

    def sleep(seconds: float) -> None:
        time.now += seconds
        lease.renew()

    with pytest.raises(StoreLocked):
        acquire(store, KEY, "bob", timeout=60, clock=time.clock, sleep=sleep)
    lease.check()


def test_whoever_stops_renewing_loses_it_after_its_ttl(store: MemoryStore) -> None:
    time = Time()
    dead = acquire(store, KEY, "ann", ttl=10, clock=time.clock)
    other = Time()
    with pytest.raises(StoreLocked):
        acquire(store, KEY, "bob", timeout=9, clock=other.clock, sleep=other.sleep)
    heir = acquire(store, KEY, "bob", timeout=20, clock=other.clock, sleep=other.sleep)
    assert heir.epoch == dead.epoch + 1
    with pytest.raises(StoreLocked, match="bob has taken it"):
        dead.renew()
    heir.check()


def test_the_owner_stops_trusting_it_by_its_own_clock(store: MemoryStore) -> None:
    time = Time()
    lease = acquire(store, KEY, "ann", ttl=10, clock=time.clock)
    time.now += 9.9
    lease.check()
    time.now += 0.2
    with pytest.raises(StoreLocked, match="not renewed"):
        lease.check()
    with pytest.raises(StoreLocked):
        lease.renew()


def test_a_lost_answer_is_no_lost_lock(store: MemoryStore) -> None:
    store.faults.lost_answers = everything
    lease = acquire(store, KEY, "ann")
    lease.renew()
    lease.check()
    lease.release()
    assert not read_lock(store, KEY).held


def test_no_answer_to_a_renewal_leaves_the_lease_as_it_was(store: MemoryStore) -> None:
    lease = acquire(store, KEY, "ann")
    store.faults.unavailable = everything
    with pytest.raises(Unavailable):
        lease.renew()
    lease.check()
    store.faults.unavailable = nothing
    lease.renew()


def test_releasing_leaves_anothers_lock_alone(store: MemoryStore) -> None:
    mine = acquire(store, KEY, "ann")
    break_lock(store, KEY)
    theirs = acquire(store, KEY, "bob")
    mine.release()
    lock = read_lock(store, KEY)
    assert lock.held and lock.owner == "bob"
    theirs.renew()


def test_unlock_tells_whose_it_was_and_its_owner_finds_out(store: MemoryStore) -> None:
    lease = acquire(store, KEY, "ann")
    assert break_lock(store, KEY).owner == "ann"
    assert not break_lock(store, KEY).held
    with pytest.raises(StoreLocked):
        lease.renew()


def test_a_sign_of_life_is_seen_and_silence_too(store: MemoryStore) -> None:
    time = Time()
    lease = acquire(store, KEY, "ann", ttl=10)

    def sleep(seconds: float) -> None:
        time.now += seconds
        if time.now > 1005:
            lease.renew()

    assert is_alive(store, KEY, clock=time.clock, sleep=sleep)
    assert not is_alive(store, KEY, clock=time.clock, sleep=time.sleep)
    lease.release()
    assert not is_alive(store, KEY, clock=time.clock, sleep=time.sleep)


def test_a_kept_lease_is_renewed_and_released(store: MemoryStore) -> None:
    renewed = threading.Event()
    lease = acquire(store, KEY, "ann", ttl=0.09)
    etag = lease.etag
    with kept(lease):
        for _ in range(200):
            if lease.etag != etag:
                renewed.set()
                break
            threading.Event().wait(0.005)
    assert renewed.is_set()
    assert not read_lock(store, KEY).held


@pytest.fixture(params=["memory", "file", "s3"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    match request.param:
        case "memory":
            return MemoryStore()
        case "file":
            return FileStore(tmp_path)
    bucket: Store = request.getfixturevalue("s3_bucket")
    return bucket


def test_of_two_deployers_at_once_exactly_one_proceeds(shared: Store) -> None:
    """Two hundred times; in the bucket fewer, each asks it several times."""
    turns = 200 if not isinstance(shared, S3Store) else 40
    key = f"two/{secrets.token_hex(4)}/lock.json"
    for turn in range(turns):

        def deploy(number: int) -> Lease | None:
            try:
                return acquire(shared, key, f"d{number}")
            except StoreLocked as exc:
                assert exc.do
                return None

        winners = [lease for lease in together(deploy, 2) if lease is not None]
        assert len(winners) == 1, turn
        assert winners[0].epoch == turn + 1
        winners[0].check()
        winners[0].release()


def test_whoever_is_inside_is_alone(shared: Store) -> None:
    key = f"many/{secrets.token_hex(4)}/lock.json"
    inside: list[int] = []

    def work(number: int) -> int:
        done = 0
        for _ in range(8):
            try:
                lease = acquire(shared, key, f"d{number}", timeout=0.2)
            except StoreLocked:
                continue
            inside.append(number)
            alone = inside == [number]
            lease.renew()
            inside.remove(number)
            lease.release()
            assert alone
            done += 1
        return done

    done = sum(together(work, 6))
    assert done >= 1
    assert read_lock(shared, key).epoch == done


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"state":"held","ttl":-1,"epoch":"x"}', b"\xff\xfe"])
def test_a_damaged_lock_is_an_error_or_free_never_a_crash(store: MemoryStore, body: bytes) -> None:
    from flyhot_asgi.errors import FlyhotError

    store.put(KEY, body)
    try:
        acquire(store, KEY, "ann").renew()
    except FlyhotError:
        pass
