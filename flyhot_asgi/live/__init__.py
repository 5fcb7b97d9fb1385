"""LiveView: a page whose state lives in this process, rendered again by the server whenever it changes.

LiveView      the class to derive from                       view.py
live_routes   its routes: the first page, and the websocket   routes.py
LiveSession   one open page                                   session.py
Mailbox       what is sent to a page from inside              mailbox.py
Pace          how fast its events are taken                   pace.py
csrf_token    against forged requests, for its HTTP forms      csrf.py
PubSub        one message to many pages                       pubsub.py
splice        the difference of two texts, as it is sent      splice.py
"""

from __future__ import annotations

from flyhot_asgi.live.csrf import csrf_token, csrf_valid
from flyhot_asgi.live.pubsub import PubSub
from flyhot_asgi.live.routes import live_routes
from flyhot_asgi.live.view import LiveView

__all__ = ["LiveView", "PubSub", "csrf_token", "csrf_valid", "live_routes"]
