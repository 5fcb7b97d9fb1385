"""The probe tells stores that keep their word from those that pretend."""

from __future__ import annotations

import pytest

from flyhot_deploy.store.base import Conflict, Denied, Progress, Store, Unavailable
from flyhot_deploy.store.memory import MemoryStore, everything
from flyhot_deploy.store.probe import probe
from tests.deploy.threads import together


def test_a_store_that_keeps_its_word_is_found_to(store: Store, space: str) -> None:
    found = probe(store, f"{space}/probe")
    assert found.ok, found.broken
    assert found.skew is not None and abs(found.skew) < 5
    assert list(store.list(f"{space}/")) == []


def test_a_store_that_ignores_conditions_is_caught() -> None:
    store = MemoryStore()
    store.faults.ignores_conditions = True
    found = probe(store, "probe")
    assert len(found.broken) == 4 and "16 were told" in found.broken[0]
    assert list(store.list("")) == []


def test_a_store_that_reads_stale_is_caught() -> None:
    store = MemoryStore()
    store.faults.stale = everything
    assert not probe(store, "probe").ok


class Racy(MemoryStore):
    """Keeps conditions as long as writers come one after the other (SeaweedFS 4.16 was so)."""

    def put(
        self,
        key: str,
        body: bytes,
        *,
        if_match: str | None = None,
        if_none_match: bool = False,
        progress: Progress | None = None,
    ) -> str:
        import time

        there = any(item.key == key for item in self.list(key))
        time.sleep(0.01)
        if if_none_match and there:
            raise Conflict("there", key=key)
        return super().put(key, body, if_match=if_match, progress=progress)


def test_a_store_that_keeps_them_only_in_quiet_times_is_caught() -> None:
    found = probe(Racy(), "probe")
    assert len(found.broken) == 1 and "at once" in found.broken[0]


@pytest.mark.parametrize(("fault", "error"), [("unavailable", Unavailable), ("denied", Denied)])
def test_a_store_that_cannot_be_used_is_an_error(fault: str, error: type[Exception]) -> None:
    store = MemoryStore()
    setattr(store.faults, fault, everything)
    with pytest.raises(error):
        probe(store, "probe")


def test_several_probes_at_once_do_not_disturb_each_other(store: Store, space: str) -> None:
    assert all(found.ok for found in together(lambda _: probe(store, f"{space}/probe", writers=4), 3))
