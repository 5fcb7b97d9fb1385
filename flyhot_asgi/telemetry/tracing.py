"""OpenTelemetry spans of upgrades. Importing this imports `opentelemetry`; `install()` turns it on.

flyhot.upgrade            from start to end, with flyhot.app, .id, .direction, .from, .to, .outcome, .sessions
└── flyhot.hold           while sessions were held
└── flyhot.phase.<name>   plan, stage, suspend, load, codechange, verify, …
"""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode, Tracer, TracerProvider

from flyhot_asgi.telemetry.events import Subscription, UpgradeEvent, subscribe

_installed: dict[int, tuple[TracerProvider, Subscription]] = {}


def install(provider: TracerProvider | None = None) -> None:
    """Make spans from now on, with the given provider or the global one. Idempotent for each provider."""
    chosen = provider if provider is not None else trace.get_tracer_provider()
    if id(chosen) not in _installed:
        _installed[id(chosen)] = (chosen, subscribe(_Spans(chosen.get_tracer("flyhot")).take))


class _Spans:
    """Owns what is known of upgrades under way: when each started, and when it was held."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._under_way: dict[tuple[str, str], dict[str, UpgradeEvent]] = {}

    def take(self, event: UpgradeEvent) -> None:
        key = (event.root, event.id)
        if event.kind == "started":
            self._under_way[key] = {}
        seen = self._under_way.get(key)
        if seen is None:
            return  # it began before we listened
        seen[event.kind] = event
        if event.outcome:
            del self._under_way[key]
            self._record(seen["started"], seen.get("resumed"), event)

    def _record(self, started: UpgradeEvent, resumed: UpgradeEvent | None, end: UpgradeEvent) -> None:
        span = self._tracer.start_span("flyhot.upgrade", start_time=_ns(started.at))
        span.set_attributes(
            {
                "flyhot.app": end.app,
                "flyhot.id": end.id,
                "flyhot.direction": end.direction,
                "flyhot.from": end.from_release,
                "flyhot.to": end.to_release,
                "flyhot.outcome": end.outcome,
                "flyhot.sessions": end.sessions,
                "flyhot.units_migrated": end.units_migrated,
            }
        )
        if resumed is not None:
            self._child(span, "flyhot.hold", resumed.at - resumed.hold_ms / 1000, resumed.hold_ms / 1000)
        for phase in end.phases:
            self._child(span, f"flyhot.phase.{phase.name}", phase.began, phase.seconds)
        span.set_status(Status(StatusCode.OK) if end.kind == "complete" else Status(StatusCode.ERROR, end.error))
        span.end(_ns(end.at))

    def _child(self, parent: Span, name: str, began: float, seconds: float) -> None:
        context = trace.set_span_in_context(parent)
        self._tracer.start_span(name, context=context, start_time=_ns(began)).end(_ns(began + seconds))


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
