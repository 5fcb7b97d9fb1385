"""Publish and subscribe, and the mailboxes at its end."""

from __future__ import annotations

import asyncio

import pytest

from flyhot_asgi.errors import MailboxFull
from flyhot_asgi.live import PubSub
from flyhot_asgi.live.mailbox import LIMIT, Mailbox


class Reader:
    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.mailbox = Mailbox(self.woken.set)

    @property
    def read(self) -> list[object]:
        return list(self.mailbox.messages)


async def test_a_message_reaches_each_subscriber_of_its_topic_once() -> None:
    pubsub, one, two = PubSub(), Reader(), Reader()
    for topic in ("a", "a", "b"):
        pubsub.subscribe(topic, one.mailbox)
    pubsub.subscribe("a", two.mailbox)
    assert (pubsub.publish("a", 1), pubsub.publish("b", 2), pubsub.publish("c", 3)) == (2, 1, 0)
    assert (one.read, two.read) == ([1, 2], [1])


async def test_who_has_unsubscribed_hears_nothing_and_leaves_no_topic_behind() -> None:
    pubsub, one = PubSub(), Reader()
    pubsub.subscribe("a", one.mailbox)
    pubsub.unsubscribe("a", one.mailbox)
    pubsub.unsubscribe("a", one.mailbox)
    assert (pubsub.publish("a", 1), pubsub.count("a"), pubsub._topics) == (0, 0, {})


async def test_a_full_mailbox_refuses_and_the_others_get_theirs() -> None:
    pubsub, full, other = PubSub(), Reader(), Reader()
    for each in (full, other):
        pubsub.subscribe("", each.mailbox)
    for number in range(LIMIT):
        full.mailbox.put(number)
    assert pubsub.publish("", "x") == 1
    assert other.read == ["x"]
    assert full.mailbox.overflowed
    with pytest.raises(MailboxFull):
        full.mailbox.put("y")


async def test_messages_of_another_thread_wake_the_loop_in_order() -> None:
    reader = Reader()
    await asyncio.to_thread(lambda: [reader.mailbox.put(number) for number in range(3)])
    await reader.woken.wait()
    assert reader.read == [0, 1, 2]


async def test_a_closed_mailbox_takes_nothing() -> None:
    reader = Reader()
    reader.mailbox.put(1)
    reader.mailbox.close()
    reader.mailbox.put(2)
    assert reader.read == []
