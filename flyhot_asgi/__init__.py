"""Hot upgrades for ASGI apps: new code and new pages for live sessions, nobody disconnected.

    app.add_middleware(HotUpgrade)

What is not listed in `__all__` is not public.
"""

from __future__ import annotations

import typing as _typing
from importlib import import_module as _import_module

if _typing.TYPE_CHECKING:
    from .client import flyhot_script
    from .errors import FlyhotError
    from .functions import CodeChanged, checkpoint, upgradable
    from .live import LiveView, PubSub, csrf_token, csrf_valid, live_routes
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
    "csrf_token",
    "csrf_valid",
    "current_version",
    "checkpoint",
    "flyhot_script",
    "live_routes",
    "register",
    "subscribe",
    "upgradable",
    "whereis",
]

_PLACES = {
    "flyhot_script": "client",
    "FlyhotError": "errors",
    "CodeChanged": "functions",
    "checkpoint": "functions",
    "upgradable": "functions",
    "LiveView": "live",
    "PubSub": "live",
    "csrf_token": "live",
    "csrf_valid": "live",
    "live_routes": "live",
    "HotUpgrade": "middleware",
    "register": "middleware",
    "Version": "runtime.version",
    "current_version": "runtime.version",
    "ServerRef": "stateful",
    "StatefulHandler": "stateful",
    "whereis": "stateful",
    "Subscription": "telemetry",
    "UpgradeEvent": "telemetry",
    "subscribe": "telemetry",
}


def __getattr__(name: str) -> _typing.Any:
    # Imported when it is used (PEP 562): the tooling, the agent and what Fly's exec runs take errors and releases from
    # here, and start in a third of the time.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(_import_module(f".{_PLACES[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
