"""The rounds of a hold, played with a clock on paper."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from flyhot_asgi.session.rounds import FIRST_WINDOW, LONGEST_WINDOW, Phase, Rounds, Seen

BUSY = Seen(busy=True)
QUIET = Seen(busy=False)


def play(
    rounds: Rounds, seen: Callable[[float, Phase], Seen], *, start: float = 0.0
) -> tuple[float, list[tuple[float, Phase]]]:
    """Look whenever the rounds want to be looked at, until they end. Returns the end, and each change of
    phase."""
    now, changes, phase = start, [], Phase.CLOSED
    for _ in range(1000):
        again = rounds.look(now, seen(now, phase))
        if rounds.phase is not phase:
            phase = rounds.phase
            changes.append((round(now, 6), phase))
        if phase in (Phase.HELD, Phase.GIVEN_UP):
            return now, changes
        assert again > now
        now = again
    raise AssertionError("the rounds don't end")


def test_all_at_their_boundary_is_a_hold_at_once() -> None:
    rounds = Rounds(now=7.0, timeout=5, http_drain=1)
    assert rounds.look(7.0, QUIET) == 7.0
    assert (rounds.phase, rounds.count) == (Phase.HELD, 1)


def test_windows_double_up_to_the_longest_and_the_last_one_is_closed() -> None:
    end, changes = play(Rounds(now=0.0, timeout=3.0, http_drain=0), lambda now, phase: BUSY)
    assert end == 3.0
    assert changes[:7] == [
        (0.05, Phase.OPEN),
        (0.1, Phase.CLOSED),
        (0.2, Phase.OPEN),
        (0.3, Phase.CLOSED),
        (0.5, Phase.OPEN),
        (0.7, Phase.CLOSED),
        (1.1, Phase.OPEN),
    ]
    assert [phase for _, phase in changes[-2:]] == [Phase.CLOSED, Phase.GIVEN_UP]


def test_the_valve_closes_again_as_soon_as_the_busy_ones_came_back() -> None:
    rounds = Rounds(now=0.0, timeout=3.0, http_drain=0)
    rounds.look(0.05, BUSY)
    assert rounds.phase is Phase.OPEN
    rounds.look(0.06, BUSY)
    assert rounds.phase is Phase.OPEN
    rounds.look(0.061, Seen(busy=True, freed=True))
    assert (rounds.phase, rounds.count) == (Phase.CLOSED, 2)
    rounds.look(0.062, QUIET)
    assert rounds.phase is Phase.HELD


def test_somebody_busy_in_an_open_window_does_not_hold_yet() -> None:
    rounds = Rounds(now=0.0, timeout=3.0, http_drain=0)
    rounds.look(0.05, BUSY)
    rounds.look(0.06, QUIET)  # quiet by chance, while messages flow
    assert rounds.phase is Phase.OPEN


def test_requests_are_waited_for_each_for_its_own_drain() -> None:
    since = 0.0

    def seen(now: float, phase: Phase) -> Seen:
        return Seen(busy=False, requests=(since,))

    end, _ = play(Rounds(now=10.0, timeout=5.0, http_drain=0.3), seen, start=10.0)
    assert 10.3 <= end < 10.6


def test_a_stream_that_began_in_the_hold_is_not_waited_for_longer_than_the_timeout() -> None:
    def seen(now: float, phase: Phase) -> Seen:
        return Seen(busy=False, requests=(now,))  # always a young one

    rounds = Rounds(now=0.0, timeout=1.0, http_drain=0.3)
    end, _ = play(rounds, seen)
    assert (rounds.phase, end) == (Phase.HELD, 1.0)


def test_a_loop_that_was_blocked_gives_the_others_time_to_come_back() -> None:
    rounds = Rounds(now=0.0, timeout=1.0, http_drain=0)
    again = rounds.look(6.0, BUSY)  # woken five seconds late
    assert (rounds.phase, again) == (Phase.CLOSED, 6.0 + FIRST_WINDOW)
    rounds.look(6.01, QUIET)
    assert rounds.phase is Phase.HELD


def test_a_loop_that_is_blocked_again_and_again_ends_all_the_same() -> None:
    rounds, now = Rounds(now=0.0, timeout=1.0, http_drain=0), 0.0
    for _ in range(10):
        now += 5.0
        rounds.look(now, BUSY)
    assert rounds.phase is Phase.GIVEN_UP


def test_the_end_is_final() -> None:
    rounds = Rounds(now=0.0, timeout=1.0, http_drain=0)
    rounds.look(0.0, QUIET)
    assert rounds.look(0.5, BUSY) == 0.5
    assert rounds.phase is Phase.HELD


@given(
    timeout=st.floats(0.001, 20),
    drain=st.floats(0, 5),
    sights=st.lists(
        st.tuples(st.booleans(), st.lists(st.floats(-2, 0), max_size=2), st.booleans(), st.floats(0, 1)),
        min_size=1,
        max_size=30,
    ),
)
def test_whatever_is_seen_it_ends_in_time_and_holds_only_what_is_quiet(
    timeout: float, drain: float, sights: list[tuple[bool, list[float], bool, float]]
) -> None:
    """Looks come early (something stirred) or just when asked for; each window is bounded; the end comes in
    time."""
    rounds, now, closed_since = Rounds(now=0.0, timeout=timeout, http_drain=drain), 0.0, 0.0
    phase = Phase.CLOSED
    for step in range(2000):
        busy, requests, freed, share = sights[step % len(sights)]
        seen = Seen(busy=busy, requests=tuple(requests), freed=freed and phase is Phase.OPEN)
        again = rounds.look(now, seen)
        if phase is Phase.CLOSED:
            assert now - closed_since <= LONGEST_WINDOW + FIRST_WINDOW + 1e-6
        if rounds.phase is Phase.HELD:
            assert phase is Phase.CLOSED and not busy
            break
        if rounds.phase is Phase.GIVEN_UP:
            assert busy and now >= timeout
            break
        if rounds.phase is Phase.CLOSED and phase is Phase.OPEN:
            closed_since = now
        phase = rounds.phase
        now += max((again - now) * (share if share > 0.2 else 1.0), 1e-4)
    assert rounds.phase in (Phase.HELD, Phase.GIVEN_UP)
    assert now <= timeout + 2 * FIRST_WINDOW
