"""Publish and subscribe inside of one process: one message to many pages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable
from typing import Any, Protocol

from flyhot_asgi.errors import MailboxFull

logger = logging.getLogger("flyhot.live")


class Subscriber(Protocol):
    def put(self, message: Any) -> None: ...


class PubSub:
    """Topics and who listens to them. Make one at module level; views call `self.subscribe(pubsub, topic)`.

        votes = PubSub()
        votes.publish("lunch", "voted")

    Safe from any thread.
    """

    def __init__(self) -> None:
        self._topics: dict[Hashable, dict[Subscriber, None]] = {}
        self._lock = threading.Lock()

    def subscribe(self, topic: Hashable, subscriber: Subscriber) -> None:
        """From now on `subscriber` gets what is published under `topic`. Twice is once."""
        with self._lock:
            self._topics.setdefault(topic, {})[subscriber] = None

    def unsubscribe(self, topic: Hashable, subscriber: Subscriber) -> None:
        """Nothing happens if it isn't subscribed."""
        with self._lock:
            subscribers = self._topics.get(topic, {})
            subscribers.pop(subscriber, None)
            if not subscribers:
                self._topics.pop(topic, None)

    def publish(self, topic: Hashable, message: Any) -> int:
        """Give `message` to all subscribers of `topic`; returns how many took it. Never blocks.

        A subscriber that is full is passed over (and its page closed): one that doesn't read holds up nobody.
        """
        with self._lock:
            subscribers = list(self._topics.get(topic, ()))
        taken = 0
        for subscriber in subscribers:
            try:
                subscriber.put(message)
                taken += 1
            except MailboxFull as exc:
                logger.warning("a message for topic %r was not taken: %s", topic, exc)
        return taken

    def count(self, topic: Hashable) -> int:
        """How many listen to `topic`."""
        with self._lock:
            return len(self._topics.get(topic, ()))
