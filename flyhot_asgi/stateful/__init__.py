"""StatefulHandler: a process in the sense of OTP's gen_server, for asyncio. One mailbox, one message at a time.

StatefulHandler   the class to derive from              handler.py
ServerRef         how others speak with one             ref.py
Server            its mailbox, its life, its hold       server.py
Mailbox           what is unread, and its limit         mailbox.py
Supervision       how often it may be started anew      supervision.py
Timers            what it sends itself later            timers.py
names             who has which name                    names.py
"""

from __future__ import annotations

from flyhot_asgi.stateful.handler import StatefulHandler
from flyhot_asgi.stateful.ref import ServerRef, whereis

__all__ = ["ServerRef", "StatefulHandler", "whereis"]
