"""What upgrades tell: to callbacks and iterators, to Prometheus, as spans; and what an app can say of itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from flyhot_asgi import UpgradeEvent, current_version, subscribe
from flyhot_asgi.errors import ConfigError
from flyhot_asgi.telemetry import events, prometheus, tracing
from tests.asgi.session.fakes import turn
from tests.faults.lab import FIRST, MAIN, SECOND, Lab, Scripted, edited

RAISES = {
    **SECOND,
    "main.py": SECOND["main.py"].replace("state['history'].append('migrated')", "raise RuntimeError('no')"),
}


@pytest.fixture(autouse=True)
def nobody_listens_afterwards() -> Iterator[None]:
    yield
    for subscription in list(events._subscriptions):
        subscription.close()


@pytest.fixture
def heard() -> list[UpgradeEvent]:
    found: list[UpgradeEvent] = []
    subscribe(found.append)
    return found


async def test_an_upgrade_tells_each_step_with_its_figures(lab: Lab, heard: list[UpgradeEvent]) -> None:
    result = await lab.upgrade(SECOND)
    await turn()
    assert [event.kind for event in heard] == ["started", "held", "resumed", "complete"]
    started, held, resumed, end = heard
    assert (started.from_release, started.to_release) == (lab.first.digest, result["to"])
    assert held.sessions == result["sessions"] > 0 and started.sessions == 0
    assert resumed.hold_ms == end.hold_ms == pytest.approx(result["hold_ms"], abs=0.001) and end.hold_ms > 0
    assert (end.outcome, end.units_migrated, end.error) == ("complete", result["units_migrated"], "")
    assert {phase.name for phase in end.phases} == set(result["phases_ms"]) >= {"plan", "load", "codechange"}
    assert started.at <= held.at <= resumed.at <= end.at
    assert {event.id for event in heard} == {started.id} and {event.app for event in heard} == {lab.top}


async def test_what_fails_says_how_it_ended(lab: Lab, heard: list[UpgradeEvent]) -> None:
    slots = MAIN.replace("class Clock:\n", "class Clock:\n    __slots__ = ('ticks',)\n\n")
    await lab.upgrade({**FIRST, "main.py": slots})
    await lab.upgrade(SECOND, Scripted(prepared=lambda: False))
    await lab.upgrade(RAISES)
    await lab.upgrade(lab.first)
    await turn()
    ends = [(event.kind, event.outcome) for event in heard if event.outcome]
    assert ends == [
        ("failed", "refused"),
        ("failed", "aborted"),
        ("rolled_back", "rolled_back"),
        ("complete", "already"),
    ]
    assert "RuntimeError" in heard[-3].error or any("RuntimeError" in event.error for event in heard)


async def test_an_upgrade_that_is_cancelled_says_so(lab: Lab, heard: list[UpgradeEvent]) -> None:
    here = asyncio.Event()

    async def stay() -> bool:
        here.set()
        await asyncio.Event().wait()
        return True

    task = asyncio.create_task(lab.upgrade(SECOND, Scripted(held=stay)))
    await here.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await turn()
    assert [event.kind for event in heard] == ["started", "held", "resumed", "failed"]
    assert heard[-1].outcome == "cancelled"


async def test_an_iterator_gets_them_until_it_is_closed(lab: Lab) -> None:
    with subscribe() as subscription:
        await lab.upgrade(SECOND)
        kinds = []
        async for event in subscription:
            kinds.append(event.kind)
            if event.outcome:
                subscription.close()
    assert kinds == ["started", "held", "resumed", "complete"]
    await lab.upgrade(lab.first, direction="down")
    await turn()
    assert [event async for event in subscription] == [] and subscription.missed == 0


async def test_who_never_looks_keeps_the_newest(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "IN_HAND", 2)
    subscription = subscribe()
    await lab.upgrade(SECOND)
    await turn()
    subscription.close()
    assert [event.kind async for event in subscription] == ["resumed", "complete"] and subscription.missed == 2


async def test_a_callback_that_raises_hurts_nobody(
    lab: Lab, heard: list[UpgradeEvent], caplog: pytest.LogCaptureFixture
) -> None:
    def fails(event: UpgradeEvent) -> None:
        raise RuntimeError("deaf")

    subscribe(fails)
    with caplog.at_level(logging.ERROR, "flyhot.upgrade"):
        assert (await lab.upgrade(SECOND))["outcome"] == "complete"
        await turn()
    assert len(heard) == 4 and len(caplog.records) == 4


async def test_what_runs_can_be_asked_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLY_IMAGE_REF", "registry.fly.io/shop:deployment-1")
    before = current_version(lab.root)
    assert (before.base_image, before.hot) == ("registry.fly.io/shop:deployment-1", None)
    assert before.fingerprint == lab.first.digest and before.version == lab.first.digest[:12]
    result = await lab.upgrade(SECOND)
    after = current_version()
    assert after.hot == after.fingerprint == result["to"]
    await lab.upgrade(lab.first, direction="down")
    assert current_version() == before
    with pytest.raises(ConfigError, match="not one app"):
        current_version(lab.root / "elsewhere")


async def test_prometheus_counts_upgrades_and_sessions(lab: Lab) -> None:
    registry = CollectorRegistry()
    prometheus.install(registry)
    prometheus.install(registry)
    await lab.upgrade(RAISES)
    result = await lab.upgrade(SECOND)
    await turn()

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"app": lab.top, **labels})

    assert value("flyhot_upgrades_total", outcome="complete") == 1
    assert value("flyhot_upgrades_total", outcome="rolled_back") == 1
    assert value("flyhot_units_migrated_total") == result["units_migrated"]
    assert value("flyhot_hold_seconds_count") == 2
    assert value("flyhot_phase_seconds_count", phase="load") == 2
    assert value("flyhot_sessions", release=result["to"][:12], handler="Echo") == len(lab.clients)
    assert value("flyhot_held") == value("flyhot_http_in_flight") == 0
    assert value("flyhot_release_info", release=result["to"][:12]) == 1


async def test_an_upgrade_is_a_span_with_its_phases_below_it(lab: Lab) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.install(provider)
    tracing.install(provider)
    result = await lab.upgrade(SECOND)
    await lab.upgrade({**SECOND, "main.py": edited(MAIN, ("RELEASE = 1\n", "RELEASE = 1 / 0\n"))})
    await turn()
    spans: list[Any] = list(exporter.get_finished_spans())
    whole = [span for span in spans if span.name == "flyhot.upgrade"]
    assert whole[0].attributes["flyhot.outcome"] == "complete" and len(whole) == 2
    assert [span.status.is_ok for span in whole] == [True, False]
    below = {span.name: span for span in spans if span.parent and span.parent.span_id == whole[0].context.span_id}
    assert {"flyhot.hold", "flyhot.phase.plan", "flyhot.phase.load", "flyhot.phase.codechange"} <= below.keys()
    hold = below["flyhot.hold"]
    assert abs((hold.end_time - hold.start_time) / 1e6 - result["hold_ms"]) < 0.01
    assert all(whole[0].start_time <= span.start_time <= span.end_time <= whole[0].end_time for span in below.values())
