"""What the browser is served: the client script, and the control socket that tells it of holds and releases.

ClientHub        everything under /_flyhot/                   hub.py
flyhot_script    the script tag for a page                    script.py
frames           the control socket's words                   frames.py
origin           may this page open a websocket here?         origin.py
"""

from __future__ import annotations

from flyhot_asgi.client.hub import ClientHub, HubStatistics
from flyhot_asgi.client.script import Markup, flyhot_script

__all__ = ["ClientHub", "HubStatistics", "Markup", "flyhot_script"]
