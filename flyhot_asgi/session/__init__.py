"""Live sessions and their gates: who is there, how they are held, how their states move. Knows ASGI messages,
no code.

    Valve, Gate       where messages are held                 gate.py
    Session           one connection and its units            connection.py
    Registry          all of them, one per application        registry.py
    Requests          the HTTP requests in flight             requests.py
    Hold              brings all to their boundary            hold.py
    Unit              what is migrated                        unit.py
    migrate           runs `code_change`, all or none         migrate.py, snapshot.py
"""

from __future__ import annotations

from flyhot_asgi.session.blame import UnitMigrationFailed
from flyhot_asgi.session.connection import Session
from flyhot_asgi.session.gate import Gate, Valve
from flyhot_asgi.session.hold import Hold, HoldReport, SessionsBusy
from flyhot_asgi.session.migrate import MigrationReport
from flyhot_asgi.session.registry import Busy, Registry, Statistics
from flyhot_asgi.session.requests import InFlight, Requests
from flyhot_asgi.session.unit import EndpointUnit, ObjectUnit, Unit

__all__ = [
    "Busy",
    "EndpointUnit",
    "Gate",
    "Hold",
    "HoldReport",
    "InFlight",
    "MigrationReport",
    "ObjectUnit",
    "Registry",
    "Requests",
    "Session",
    "SessionsBusy",
    "Statistics",
    "Unit",
    "UnitMigrationFailed",
    "Valve",
]
