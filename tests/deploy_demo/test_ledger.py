"""The account must see what is wrong: a ledger that can't tell a loss would make the demo worthless."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flyhot_deploy.demo.ledger import Ledger, Messages, total


def ledger_of(sent: int, answers: list[int]) -> Messages:
    ledger = Ledger()
    for _ in range(sent):
        ledger.send()
    for number in answers:
        ledger.receive(number)
    return ledger.messages()


def test_numbers_start_at_one_and_go_up_by_one() -> None:
    ledger = Ledger()
    assert [ledger.send() for _ in range(3)] == [1, 2, 3]


def test_each_number_back_once_in_order_is_faultless() -> None:
    messages = ledger_of(4, [1, 2, 3, 4])
    assert messages == Messages(sent=4, answered=4)
    assert messages.faultless


def test_a_number_that_never_comes_back_is_lost() -> None:
    messages = ledger_of(3, [1, 3])
    assert (messages.answered, messages.lost) == (2, 1)
    assert not messages.faultless


def test_a_loss_at_the_end_is_seen_too() -> None:
    assert ledger_of(3, [1, 2]).lost == 1


def test_a_number_that_comes_back_twice_is_doubled_not_answered_twice() -> None:
    messages = ledger_of(2, [1, 1, 2])
    assert (messages.answered, messages.doubled, messages.lost) == (2, 1, 0)
    assert not messages.faultless


def test_a_doubling_does_not_hide_a_loss() -> None:
    messages = ledger_of(2, [1, 1])
    assert (messages.answered, messages.doubled, messages.lost) == (1, 1, 1)


def test_a_number_that_was_never_sent_counts_as_doubled() -> None:
    assert ledger_of(1, [1, 7]).doubled == 1


def test_two_answers_in_the_wrong_order_are_one_reordering_and_no_loss() -> None:
    messages = ledger_of(3, [2, 1, 3])
    assert (messages.answered, messages.reordered, messages.lost) == (3, 1, 0)
    assert not messages.faultless


def test_the_servers_own_count_must_equal_the_number() -> None:
    ledger = Ledger()
    ledger.receive(ledger.send(), count=1)
    ledger.receive(ledger.send(), count=1)  # a session whose state was lost starts again at 1
    assert ledger.messages().miscounted == 1
    assert not ledger.messages().faultless


def test_outstanding_is_what_is_in_flight() -> None:
    ledger = Ledger()
    ledger.send()
    ledger.send()
    ledger.receive(1)
    assert ledger.outstanding == 1


def test_totals_are_sums() -> None:
    one, other = Ledger(), Ledger()
    one.send()
    other.receive(other.send())
    other.receive(1)
    assert total([one, other]) == Messages(sent=2, answered=1, lost=1, doubled=1)


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.permutations(range(1, n + 1)))))
def test_any_order_is_reordered_exactly_where_a_higher_number_came_first(case: tuple[int, list[int]]) -> None:
    sent, order = case
    messages = ledger_of(sent, order)
    late = sum(1 for index, number in enumerate(order) if any(other > number for other in order[:index]))
    assert (messages.answered, messages.lost, messages.doubled, messages.reordered) == (sent, 0, 0, late)


@given(st.integers(0, 20), st.lists(st.integers(1, 25)))
def test_whatever_comes_back_every_message_is_answered_or_lost(sent: int, answers: list[int]) -> None:
    messages = ledger_of(sent, answers)
    assert messages.answered + messages.lost == sent
    assert messages.answered + messages.doubled == len(answers)
