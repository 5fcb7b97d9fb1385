"""A limit is about the process, not about who else wanted the processors."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flyhot_asgi.engine.oracle import clock
from flyhot_asgi.engine.oracle.clock import Clock, waited_of


def test_time_in_the_queue_is_not_counted(monkeypatch):
    now, waited = [100.0], [7.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(clock, "waited_of", lambda pid: waited[0])
    mine = Clock(1)
    now[0], waited[0] = 150.0, 37.0  # 50 s on the wall, 30 of them in the queue
    assert mine.left(60.0) == 40.0
    now[0] = 181.0
    assert mine.left(60.0) == 9.0
    now[0] = 191.0
    assert mine.left(60.0) < 0


def test_a_limit_ends_on_any_machine(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(clock, "waited_of", lambda pid: now[0])  # it never ran
    mine = Clock(1)
    now[0] = 599.0
    assert mine.left(60.0) == 1.0
    now[0] = 601.0
    assert mine.left(60.0) < 0


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="nobody counts here")
def test_the_kernel_says_how_long_a_process_waited():
    assert waited_of(os.getpid()) > 0


def test_where_nobody_counts_it_is_the_clock_on_the_wall():
    assert waited_of(2**22 + 1) == 0.0
