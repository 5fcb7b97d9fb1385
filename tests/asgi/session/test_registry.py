"""The registry: who is there, who is busy, and where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from flyhot_asgi.session import EndpointUnit, Session
from tests.asgi.memory import in_flight
from tests.asgi.session.fakes import Server, echo, turn


async def test_sessions_are_numbered_and_leave_when_their_handler_ends(server: Server) -> None:
    first, _ = server.connect(echo, path="/a"), server.connect(echo, path="/b")
    await turn()
    assert [(each.id, each.path) for each in server.registry.sessions] == [("ws-1", "/a"), ("ws-2", "/b")]
    first.leaves()
    await turn()
    assert [each.id for each in server.registry.sessions] == ["ws-2"]
    server.connect(echo)
    await turn()
    assert [each.id for each in server.registry.sessions] == ["ws-2", "ws-3"]


async def test_units_come_in_a_stable_order_and_detached_ones_are_gone(server: Server) -> None:
    class Thing:
        pass

    server.connect(echo), server.connect(echo)
    await turn()
    for session in reversed(server.registry.sessions):
        session.attach(EndpointUnit(Thing(), session, number=session.next_number()))
        session.attach(EndpointUnit(Thing(), session, number=session.next_number()))
    kept = Thing()
    server.registry.register(kept, "kept")
    ids = [unit.id for unit in server.registry.units()]
    assert ids == ["ws-1/1", "ws-1/2", "ws-2/1", "ws-2/2", "object:kept"]
    first = server.registry.sessions[0]
    first.detach(first.units[0])
    first.attach(EndpointUnit(Thing(), first, number=first.next_number()))
    assert [unit.id for unit in first.units] == ["ws-1/2", "ws-1/3"]


async def test_statistics_count_what_is_there(server: Server) -> None:
    server.connect(echo)

    async def busy(session: Session) -> None:
        await asyncio.Event().wait()

    server.connect(busy)
    await turn()
    async with in_flight(server.registry, {"type": "http", "method": "GET", "path": "/"}):
        statistics = server.registry.statistics()
    assert (statistics.websockets, statistics.websockets_quiescent, statistics.http_in_flight) == (2, 1, 1)
    assert server.registry.statistics().http_in_flight == 0


async def test_changed_wakes_when_something_parks_finishes_or_ends(server: Server) -> None:
    registry = server.registry

    async def wakes(action: Callable[[], None]) -> None:
        waiting = asyncio.create_task(registry.changed())
        await turn()
        assert not waiting.done()
        action()
        await asyncio.wait_for(waiting, 5)

    wire = server.connect(echo)
    await turn()
    await wakes(lambda: wire.says("x"))
    finish = asyncio.Event()

    async def request() -> None:
        async with in_flight(registry, {"type": "http"}):
            await finish.wait()

    server.tasks.append(asyncio.create_task(request()))
    await turn()
    await wakes(finish.set)
    await wakes(wire.leaves)


async def test_the_line_is_found_through_generators_and_tasks(server: Server) -> None:
    never = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        await never.wait()
        yield 1

    async def through_a_generator(session: Session) -> None:
        async for _ in source():
            pass

    async def inner() -> None:
        await never.wait()

    async def through_a_task(session: Session) -> None:
        await asyncio.create_task(inner())

    async def through_the_library(session: Session) -> None:
        await asyncio.wait_for(never.wait(), 60)

    for handler in (through_a_generator, through_a_task, through_the_library):
        server.connect(handler)
    await turn()
    found = [(each.function, each.line) for each in server.registry.busy(0.0)]
    here = "test_the_line_is_found_through_generators_and_tasks.<locals>."
    assert found == [
        (here + "source", source.__code__.co_firstlineno + 1),
        (here + "inner", inner.__code__.co_firstlineno + 1),
        (here + "through_the_library", through_the_library.__code__.co_firstlineno + 1),
    ]
    never.set()
