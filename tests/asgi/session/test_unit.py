"""Units: state in and out, and what runs after an upgrade."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

import pytest

from flyhot_asgi.errors import ConfigError
from flyhot_asgi.session import EndpointUnit, Registry
from tests.asgi.session.fakes import Server, echo, turn


class Thing:
    def __init__(self, **state: Any) -> None:
        vars(self).update(state)


class Guarded(Thing):
    def __setattr__(self, name: str, value: Any) -> None:
        raise AssertionError("user code ran")


class Slotted:
    __slots__ = ("x",)


async def test_replacing_a_state_keeps_the_dict_runs_no_setattr_and_accepts_that_very_dict() -> None:
    thing = Guarded(a=1, b=2)
    unit = Registry().register(thing, "thing")
    attributes = vars(thing)
    unit.replace_state({"b": 3})
    assert vars(thing) is attributes and attributes == {"b": 3}
    unit.replace_state(attributes)
    assert attributes == {"b": 3}


async def test_a_state_is_a_copy_whose_values_are_shared() -> None:
    thing = Thing(items=[1])
    state = Registry().register(thing, "thing").get_state()
    state["new"] = 1
    state["items"].append(2)
    assert vars(thing) == {"items": [1, 2]}


async def test_a_registered_object_is_not_kept_alive_and_its_name_becomes_free() -> None:
    registry = Registry()
    thing = Thing()
    registry.register(thing, "thing")
    del thing
    gc.collect()
    assert registry.units() == []
    other = Thing()
    registry.register(other, "thing")
    assert registry.statistics().objects == 1


async def test_registering_the_same_object_again_gives_the_same_unit_another_one_is_refused() -> None:
    registry, thing, other = Registry(), Thing(), Thing()
    unit = registry.register(thing, "thing")
    assert registry.register(thing, "thing") is unit
    with pytest.raises(ConfigError, match="'thing'"):
        registry.register(other, "thing")
    registry.unregister("thing")
    registry.unregister("thing")
    registry.register(other, "thing")


async def test_an_object_without_a_dict_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match="no __dict__") as caught:
        Registry().register(Slotted(), "slotted")
    assert caught.value.do


async def test_the_class_is_looked_up_anew() -> None:
    thing = Thing()
    unit = Registry().register(thing, "thing")
    thing.__class__ = Guarded
    assert unit.cls is Guarded


async def test_upgraded_runs_after_resume_with_the_vsn_of_before_and_only_if_the_class_changed(
    server: Server,
) -> None:
    calls: list[tuple[str | None, bool]] = []

    class WithUpgraded(Thing):
        async def upgraded(self, old_vsn: str | None) -> None:
            calls.append((old_vsn, server.registry.valve.is_open))

    server.connect(echo)
    await turn()
    (session,) = server.registry.sessions
    endpoint = WithUpgraded()
    session.attach(EndpointUnit(endpoint, session))
    thing = WithUpgraded()
    server.registry.register(thing, "thing")
    server.registry.valve.close()
    for unit in server.registry.units():
        unit.old_vsn = "1"
        unit.resumed("r2", False)
        unit.resumed("r2", True)
    await turn()
    server.registry.valve.open()
    await turn()
    assert calls == [("1", True), ("1", True)]


async def test_an_upgraded_that_raises_is_logged_and_hurts_nobody(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    class Bad(Thing):
        async def upgraded(self, old_vsn: str | None) -> None:
            raise RuntimeError("no database")

    wire = server.connect(echo, path="/chat")
    await turn()
    (session,) = server.registry.sessions
    unit = EndpointUnit(Bad(), session)
    session.attach(unit)
    with caplog.at_level(logging.ERROR, "flyhot.session"):
        unit.resumed("r2", True)
        await turn()
    assert "Bad /chat" in caplog.text and "no database" in caplog.text
    wire.says("still here")
    await turn()
    assert wire.texts == ["still here"]


async def test_what_upgraded_left_running_ends_with_the_session(server: Server) -> None:
    ended = asyncio.Event()

    class Long(Thing):
        async def upgraded(self, old_vsn: str | None) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

    wire = server.connect(echo)
    await turn()
    (session,) = server.registry.sessions
    unit = EndpointUnit(Long(), session)
    session.attach(unit)
    unit.resumed("r2", True)
    await turn()
    assert not session.quiescent
    wire.leaves()
    await asyncio.wait_for(ended.wait(), 5)
