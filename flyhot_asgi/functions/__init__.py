"""Functions that an upgrade can renew while they run: websocket handlers and background loops under `@upgradable`.

upgradable   the decorator                                     upgradable.py
checkpoint   a boundary in a loop                              checkpoint.py
CodeChanged  what ends the old code                            changed.py
Run          one such function that runs, and its state        run.py
Parking      what waits at a boundary, and can be woken there  parking.py
Socket       the websocket, as a second function finds it      socket.py
stale        does what runs still equal the source             staleness.py
FunctionUnit what is migrated                                  unit.py
"""

from __future__ import annotations

from flyhot_asgi.functions.changed import CodeChanged
from flyhot_asgi.functions.checkpoint import checkpoint
from flyhot_asgi.functions.upgradable import upgradable

__all__ = ["CodeChanged", "checkpoint", "upgradable"]
