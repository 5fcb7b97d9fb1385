"""Hot upgrades for ASGI apps: new code and new pages for live sessions, nobody disconnected.

    app.add_middleware(HotUpgrade)

What is not listed in `__all__` is not public.
"""

from __future__ import annotations

from .client import flyhot_script
from .errors import FlyhotError
from .functions import CodeChanged, checkpoint, upgradable
from .live import LiveView, PubSub, live_routes
from .middleware import HotUpgrade, register
from .runtime.version import Version, current_version
from .stateful import ServerRef, StatefulHandler, whereis
from .telemetry import Subscription, UpgradeEvent, subscribe

__version__ = "0.1.0"

__all__ = [
    "CodeChanged",
    "FlyhotError",
    "HotUpgrade",
    "LiveView",
    "PubSub",
    "ServerRef",
    "StatefulHandler",
    "Subscription",
    "UpgradeEvent",
    "Version",
    "__version__",
    "current_version",
    "checkpoint",
    "flyhot_script",
    "live_routes",
    "register",
    "subscribe",
    "upgradable",
    "whereis",
]
