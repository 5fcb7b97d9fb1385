"""One upgrade of one process, as a machine: ask it what to do, do it, tell it what happened, until it has an
outcome.

    machine = Upgrade(Direction.UP)
    while not machine.done:
        for instruction in machine.next_instructions():
            machine.receive_event(driver.carry_out(instruction))
"""

from __future__ import annotations

from flyhot_asgi.errors import FlyhotError, ProtocolError
from flyhot_asgi.upgrade import events as e
from flyhot_asgi.upgrade import instructions as i
from flyhot_asgi.upgrade.state import INSTRUCTION_OF, TRANSITIONS, Direction, Move, Outcome, State


class Upgrade:
    """Owns the state of one upgrade. Never awaits, reads no clock, does no I/O; states.py tells how it
    works."""

    def __init__(self, direction: Direction | str) -> None:
        self.direction = Direction(direction)
        self.state = State.PLANNING
        self.error: FlyhotError | None = None
        """Why it did not happen: the first error that an event carried; the undo's, if the undo failed."""
        self.trace: list[tuple[State, e.Event]] = []
        """What happened, in order: the state, and the event that came in it."""
        self._decided: Outcome | None = None
        self._pending: list[i.Instruction] = [i.Plan()]

    @property
    def outcome(self) -> Outcome | None:
        """How the upgrade ended; None while it goes on."""
        return self._decided if self.done else None

    @property
    def decided(self) -> Outcome | None:
        """How it will end, as far as that is settled: known before the sessions are resumed."""
        return self._decided

    @property
    def done(self) -> bool:
        return self.state is State.DONE

    def next_instructions(self) -> tuple[i.Instruction, ...]:
        """What to do now; each instruction is handed out once. Empty: an event is awaited, or all is done."""
        pending, self._pending = tuple(self._pending), []
        return pending

    def receive_event(self, event: e.Event) -> None:
        """Go on to the next state. Raises ProtocolError, with nothing changed, if `event` can't happen
        now."""
        move = self._move(event)
        self.trace.append((self.state, event))
        self._note(event, move)
        entered = move.to is not self.state
        self.state = move.to
        if entered and move.to in INSTRUCTION_OF:
            self._pending.append(INSTRUCTION_OF[move.to]())

    def _move(self, event: e.Event) -> Move:
        move = TRANSITIONS[self.direction][self.state].get(type(event))
        if move is None:
            raise ProtocolError(f"{type(event).__name__} can't happen while {self.state.value}")
        if self._pending:
            raise ProtocolError(f"{type(event).__name__} came before {self._pending[0]} was asked for")
        if isinstance(event, e.Planned) and not event.changes:
            return Move(State.DONE, Outcome.ALREADY)
        if isinstance(event, e.Resumed) and self._decided is Outcome.COMPLETE:
            return Move(State.RERENDERING)
        return move

    def _note(self, event: e.Event, move: Move) -> None:
        if move.outcome is not None and (self._decided is None or move.outcome is Outcome.BROKEN):
            self._decided = move.outcome
            if isinstance(event, e.Failure) and event.error is not None:
                self.error = event.error
