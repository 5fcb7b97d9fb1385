"""Who holds a definition, and whether that counts."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import signal
import threading

import pytest

from flyhot_asgi.engine.living.holders import Scan
from flyhot_asgi.engine.living.territory import Place, territory_of

TEXT = """
import functools
def f(): pass
class A:
    def m(self): return super().__init__
    @property
    def p(self): return 1
    @staticmethod
    def s(): pass
class Keeper: pass
keeper = Keeper()
table = {}
def waits(value):
    yield value
"""


@pytest.fixture
def app(lab):
    return lab(m=TEXT)


def scan(app, *targets, **options):
    return Scan(list(targets), territory_of(app.sources), **options)


def test_a_definition_that_only_its_name_means_is_held_by_nobody(app):
    found = scan(app, app.m.f, app.m.A, app.m.A.m)
    assert found.holders == [[], [], []]


OWN = {
    "a list in a dict": "table['x'] = [f]",
    "an object's attribute": "keeper.cb = f",
    "an object's attribute, deep": "keeper.cb = {'x': (Keeper(),)}; keeper.cb['x'][0].cb = f",
    "a class attribute": "Keeper.cb = f",
    "a partial": "part = functools.partial(f)",
    "a bound method": "keeper.x = f.__get__(keeper)",
    "a default": "def g(x=[f]): pass",
    "a closure": "def outer():\n    held = f\n    return lambda: held\ninner = outer()",
    "a cache of the app": "@functools.lru_cache\ndef g(x): return x\ng(f)",
}


@pytest.mark.parametrize("text", OWN.values(), ids=OWN)
def test_the_apps_own_state_counts(app, text):
    exec(text, vars(app.m))
    found = scan(app, app.m.f)
    assert found.counting(), found.holders
    assert all(holder.place is Place.OWN for holder in found.holders[0])


def test_an_instance_holds_its_class(app):
    app.m.table["one"] = app.m.A()
    assert scan(app, app.m.A).counting()


def test_a_subclass_at_home_holds_its_base(app):
    exec("class B(A): pass", vars(app.m))
    assert scan(app, app.m.A).counting() == [f"{app.m.__name__}.B"]


def test_a_library_that_holds_it_counts(app):
    loop = asyncio.new_event_loop()
    loop.call_later(60, app.m.f)
    found = scan(app, app.m.f)
    assert "TimerHandle" in found.counting()[0]
    loop.close()


def test_a_thread_a_signal_and_a_context_variable_count(app):
    stop = threading.Event()
    thread = threading.Thread(target=lambda run, _: run(60), args=(stop.wait, app.m.f))
    thread.start()
    assert scan(app, app.m.f).counting()
    stop.set()
    thread.join()
    del thread
    assert not scan(app, app.m.f).counting()
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.signal(signal.SIGUSR1, app.m.f)
    assert "signal" in scan(app, app.m.f).counting()[0]
    signal.signal(signal.SIGUSR1, before)
    context = contextvars.copy_context()
    context.run(contextvars.ContextVar("v").set, app.m.f)
    assert scan(app, app.m.f).counting() == ["a context variable"]


def test_the_program_around_the_app_does_not_count(app):
    held = [app.m.f, app.m.A(), {"m": app.m.A.m}]
    found = scan(app, app.m.f, app.m.A)
    assert (found.counting(0), found.counting(1)) == ([], [])
    assert found.outside(0) and found.outside(1)
    assert held


def test_a_waiting_generator_of_the_app_counts_by_name(app):
    running = app.m.waits(app.m.f)
    next(running)
    exec("def waits2(f):\n    held = f\n    yield\n", vars(app.m))
    other = app.m.waits2(app.m.f)
    next(other)
    assert "a running `waits2`" in scan(app, app.m.f).counting()
    running.close()


def test_typing_caches_and_the_engine_itself_do_not_count(app):
    exec("from typing import Optional\nX = Optional[A]", vars(app.m))
    del app.m.X
    gc.collect()
    assert scan(app, app.m.A).counting() == []


def test_names_count_when_they_were_bound_anew(app):
    old = app.m.f
    exec("def f(): pass\ng = table['g'] = None", vars(app.m))
    app.m.g = old
    assert scan(app, old).counting() == []
    assert scan(app, old, names=True).counting() == [f"module {app.m.__name__}"]


def test_many_targets_are_told_apart_in_one_walk(app):
    exec("\n".join(f"def g{i}(): pass\ntable[{i}] = [g{i}] if {i} % 3 == 0 else None" for i in range(40)), vars(app.m))
    targets = [getattr(app.m, f"g{i}") for i in range(40)]
    found = scan(app, *targets)
    assert [bool(found.counting(i)) for i in range(40)] == [i % 3 == 0 for i in range(40)]


def _through(value, levels):
    for _ in range(levels):
        value = [value]
    return value


def test_what_holds_itself_by_a_long_way_is_held_by_nobody(app):
    """An engine of SQLAlchemy: its pool's listeners close over it, eleven objects further up."""
    lister = type("Listener", (), {"__module__": "sqlalchemy.event"})()
    app.m.keeper.listeners = lister
    lister.functions = _through(app.m.keeper, 12)
    assert scan(app, app.m.keeper).holders == [[]]
    app.m.table["x"] = _through(app.m.keeper, 12)
    assert len(scan(app, app.m.keeper).counting()) == 1
