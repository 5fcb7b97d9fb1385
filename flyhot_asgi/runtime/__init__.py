"""The drivers that join the rooms: what this process runs, the transaction that changes it, the control socket."""

from __future__ import annotations

from ..engine.living.modules import find_root
from ..session.registered import Registered
from .coordinator import Alone
from .order import Order, Pages
from .process import AppProcess, why_unsupported
from .shared import AppRuntime, runtime_of, say_impossible

__all__ = [
    "Alone",
    "AppProcess",
    "AppRuntime",
    "Order",
    "Pages",
    "Registered",
    "find_root",
    "runtime_of",
    "say_impossible",
    "why_unsupported",
]
