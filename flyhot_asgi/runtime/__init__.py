"""The drivers that join the rooms: what this process runs, the transaction that changes it, the control socket."""

from __future__ import annotations

from .order import Order, Pages
from .process import AppProcess, start_quietly, why_unsupported
from .units import Registered

__all__ = ["AppProcess", "Order", "Pages", "Registered", "start_quietly", "why_unsupported"]
