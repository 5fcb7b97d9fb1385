"""Prometheus metrics of upgrades and sessions. Importing this imports `prometheus_client`; `install()` turns it on.

flyhot_upgrades_total{app,outcome}             counter
flyhot_hold_seconds{app}                       histogram: how long sessions were held
flyhot_phase_seconds{app,phase}                histogram: what each phase of an upgrade took
flyhot_units_migrated_total{app}               counter: whose code_change ran
flyhot_sessions{app,release,handler}           gauge: live websockets
flyhot_http_in_flight{app}                     gauge
flyhot_held{app}                               gauge: 1 while sessions are held
flyhot_release_info{app,release}               gauge: 1
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from flyhot_asgi.telemetry import census
from flyhot_asgi.telemetry.events import Subscription, UpgradeEvent, subscribe

HOLD_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_installed: dict[int, tuple[CollectorRegistry, Subscription]] = {}


def install(registry: CollectorRegistry = REGISTRY) -> None:
    """Register the metrics, and count from now on. Idempotent for each registry: it may stand in a module that an
    upgrade executes again."""
    if id(registry) not in _installed:
        registry.register(_Sessions())
        _installed[id(registry)] = (registry, subscribe(_Upgrades(registry).take))


class _Upgrades:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._upgrades = Counter("flyhot_upgrades", "Upgrades, by outcome", ["app", "outcome"], registry=registry)
        self._units = Counter("flyhot_units_migrated", "Units whose code_change ran", ["app"], registry=registry)
        self._hold = Histogram(
            "flyhot_hold_seconds", "How long sessions were held", ["app"], registry=registry, buckets=HOLD_BUCKETS
        )
        self._phases = Histogram(
            "flyhot_phase_seconds", "What each phase took", ["app", "phase"], registry=registry, buckets=HOLD_BUCKETS
        )

    def take(self, event: UpgradeEvent) -> None:
        if event.kind == "resumed":
            self._hold.labels(event.app).observe(event.hold_ms / 1000)
        elif event.outcome:
            self._upgrades.labels(event.app, event.outcome).inc()
            self._units.labels(event.app).inc(event.units_migrated)
            for phase in event.phases:
                self._phases.labels(event.app, phase.name).observe(phase.seconds)


class _Sessions(Collector):
    def collect(self) -> Iterator[Metric]:
        sessions = GaugeMetricFamily("flyhot_sessions", "Live websockets", labels=["app", "release", "handler"])
        requests = GaugeMetricFamily("flyhot_http_in_flight", "HTTP requests in flight", labels=["app"])
        held = GaugeMetricFamily("flyhot_held", "1 while sessions are held", labels=["app"])
        release = GaugeMetricFamily("flyhot_release_info", "The release that runs", labels=["app", "release"])
        for app in census.take():
            for handler, count in app.sessions.items():
                sessions.add_metric([app.app, app.release, handler], count)
            requests.add_metric([app.app], app.http_in_flight)
            held.add_metric([app.app], float(app.held))
            release.add_metric([app.app, app.release], 1)
        yield from (sessions, requests, held, release)
