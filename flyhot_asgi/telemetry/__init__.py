"""What upgrades did, for who wants to know: events in the process, Prometheus metrics, OpenTelemetry spans.

    subscribe    events as they happen                        events.py
    prometheus   counters, histograms, sessions by class      prometheus.py, imports prometheus_client
    tracing      a span for each upgrade, hold and phase      tracing.py, imports opentelemetry

The last two are imported by whoever asks for them, never by flyhot.
"""

from __future__ import annotations

from flyhot_asgi.telemetry.events import Phase, Subscription, UpgradeEvent, publish, subscribe

__all__ = ["Phase", "Subscription", "UpgradeEvent", "publish", "subscribe"]
