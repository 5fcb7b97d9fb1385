"""The upgrade machine: which step follows which, and what a failure leads to. No I/O, no clock, no await.

instructions.py   what the machine asks its driver to do
events.py         what the driver tells the machine
state.py          states, outcomes, and the table of transitions
machine.py        Upgrade: next_instructions(), receive_event(), outcome
"""

from __future__ import annotations

from flyhot_asgi.upgrade.machine import Upgrade
from flyhot_asgi.upgrade.state import Direction, Outcome, State

__all__ = ["Direction", "Outcome", "State", "Upgrade"]
