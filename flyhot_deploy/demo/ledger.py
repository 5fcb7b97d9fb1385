"""The account of one client's messages. Pure: it is told what went out and what came in, and says what is wrong.

A client numbers its messages 1, 2, 3, … and the server sends each number back. From that alone:

    answered    numbers that came back at least once
    doubled     answers to a number that had been answered before, or was never sent
    reordered   first answers that came after the answer to a higher number
    lost        numbers sent and not answered; final once the client has waited long enough

The server also sends its own count of the session's messages. It lives in the session's state, which each upgrade
migrates, so it must equal the number: `miscounted` counts where it doesn't, which is a state lost or a message handled
twice without an answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Messages:
    """Totals over one or many ledgers."""

    sent: int = 0
    answered: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    miscounted: int = 0

    @property
    def faultless(self) -> bool:
        return not (self.lost or self.doubled or self.reordered or self.miscounted)

    def __add__(self, other: Messages) -> Messages:
        return Messages(
            self.sent + other.sent,
            self.answered + other.answered,
            self.lost + other.lost,
            self.doubled + other.doubled,
            self.reordered + other.reordered,
            self.miscounted + other.miscounted,
        )

    def document(self) -> dict[str, int]:
        return {
            "sent": self.sent,
            "answered": self.answered,
            "lost": self.lost,
            "doubled": self.doubled,
            "reordered": self.reordered,
            "miscounted": self.miscounted,
        }


class Ledger:
    """One client's account; the only owner of its numbers.

    `_missing` holds what was sent and not answered, so memory is bounded by the window of the client, not by the
    number of messages.
    """

    def __init__(self) -> None:
        self._sent = 0
        self._answered = 0
        self._doubled = 0
        self._reordered = 0
        self._miscounted = 0
        self._highest = 0
        self._missing: set[int] = set()

    @property
    def outstanding(self) -> int:
        """Messages sent and not answered yet."""
        return len(self._missing)

    def send(self) -> int:
        """The number of the next message. Call it when the message goes out."""
        self._sent += 1
        self._missing.add(self._sent)
        return self._sent

    def receive(self, number: int, count: int | None = None) -> None:
        """Number `number` came back, with the server's own `count` of this session's messages, if it has one."""
        if number not in self._missing:
            self._doubled += 1
            return
        self._missing.remove(number)
        self._answered += 1
        if number < self._highest:
            self._reordered += 1
        self._highest = max(self._highest, number)
        if count is not None and count != number:
            self._miscounted += 1

    def messages(self) -> Messages:
        """The account as it stands; what is outstanding counts as lost."""
        return Messages(
            self._sent,
            self._answered,
            len(self._missing),
            self._doubled,
            self._reordered,
            self._miscounted,
        )


def total(ledgers: Iterable[Ledger]) -> Messages:
    """The sum of the accounts."""
    return sum((ledger.messages() for ledger in ledgers), Messages())
