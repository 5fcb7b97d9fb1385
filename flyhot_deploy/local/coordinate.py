"""Drive one coordination over real sockets: feed events, send words, keep the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from flyhot_asgi.control.decision import Decision
from flyhot_asgi.control.paths import ControlSocket
from flyhot_asgi.control.wire import Frame
from flyhot_asgi.errors import ControlError

from .client import Conversation
from .coordination import (
    Arrived,
    AskDecision,
    CameUp,
    Command,
    Coordination,
    DeadlinePassed,
    Decided,
    Event,
    Finished,
    Interrupted,
    Lost,
    OthersLate,
    Phase,
    Tell,
)
from .outcome import Result
from .progress import Notify, Step
from .windows import Windows

_SAID: dict[Phase, str] = {
    Phase.SUSPEND: "holding sessions at their message boundary",
    Phase.APPLY: "applying, migrating, verifying",
    Phase.COLLECT: "waiting for each process to report",
}


@dataclass
class _Line:
    """What connects us with one process: its conversation once it is open, and the task that listens."""

    conversation: Conversation | None = None
    listener: asyncio.Task[None] | None = None


@dataclass
class Coordinator:
    """The driver of one upgrade. `decide` is called once, when all are ready; it must not wait.

    Those who are held are let go again while others are late: for `patience` seconds at most, and after `longest_wait`
    seconds, or sooner (see windows.py).
    `requests` holds the first frame for each process, `bounds` the seconds that each phase may take,
    `read_result` makes a result of a process's last frame (None: it was never asked). `trouble` says
    afterwards why a decision could not be written down. `anybody_new` is asked when all have prepared: has a process
    come up that is not asked here, and does not wait for the decision either? `left` are those that said that their
    server ends them.
    """

    sockets: Mapping[int, ControlSocket]
    requests: Mapping[int, Frame]
    bounds: Mapping[Phase, float]
    decide: Callable[[], Decision]
    read_result: Callable[[int, Frame | None, bool], Result]
    notify: Notify
    patience: float = 0.0
    longest_wait: float = 1.0
    anybody_new: Callable[[], Awaitable[bool]] | None = None
    trouble: ControlError | None = None
    left: set[int] = field(default_factory=set)
    _events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    _lines: dict[int, _Line] = field(default_factory=dict)

    async def run(self) -> Coordination:
        """Carry it through to the end, and return the findings.

        Cancelling it (Ctrl-C) before the decision tells "abort" to everybody, and waits for their reports;
        after the decision it has no effect. Either way it returns: look at `interrupted`.
        """
        machine = Coordination(self.requests)
        try:
            for pid in machine.pids:
                line = self._lines[pid] = _Line()
                line.listener = asyncio.create_task(self._listen(pid, line), name=f"flyhot-listen-{pid}")
            await self._drive(machine)
        finally:
            await self._hang_up()
        return machine

    async def _drive(self, machine: Coordination) -> None:
        loop = asyncio.get_running_loop()
        phase, began = machine.phase, loop.time()
        windows = Windows(until=began, longest=self.longest_wait)
        while machine.phase is not Phase.DONE:
            bound = self.bounds[phase]
            late = windows.look(loop.time(), machine.holding, machine.awaited)
            commands = machine.receive(await self._next_event(began + bound, bound, late))
            if phase is Phase.PREPARE and machine.phase is Phase.SUSPEND and await self._is_somebody_new():
                commands = machine.receive(CameUp())
            for command in commands:
                self._execute(machine, command)
            if machine.phase is not phase:
                phase, began = machine.phase, loop.time()
                windows = Windows(until=began + self.patience, longest=self.longest_wait)
                if phase in _SAID:
                    self.notify(Step(_SAID[phase]))

    async def _next_event(self, deadline: float, bound: float, late: float | None) -> Event:
        try:
            async with asyncio.timeout_at(deadline if late is None else min(late, deadline)):
                return await self._events.get()
        except TimeoutError:
            return DeadlinePassed(bound) if late is None or late >= deadline else OthersLate()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            return Interrupted()

    async def _is_somebody_new(self) -> bool:
        if self.anybody_new is None:
            return False
        try:
            return await self.anybody_new()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            self._events.put_nowait(Interrupted())
            return False

    def _execute(self, machine: Coordination, command: Command) -> None:
        match command:
            case Tell(pid, go):
                conversation = self._lines[pid].conversation
                if conversation is not None:
                    conversation.send({"go": go})
                elif pid in machine.present:
                    self._never_begin(pid)
            case AskDecision():
                # At once: the processes that are ready stand still until they hear.
                for more in machine.receive(self._decision()):
                    self._execute(machine, more)

    def _never_begin(self, pid: int) -> None:
        """It hasn't heard of the upgrade yet, so there is nothing to abort, and it must not begin late."""
        listener = self._lines[pid].listener
        if listener is not None:
            listener.cancel()
        self._events.put_nowait(Finished(pid, self.read_result(pid, None, False)))

    def _decision(self) -> Event:
        try:
            return Decided(self.decide())
        except ControlError as exc:
            self.trouble = exc
            return Decided("abort")  # what can't be written down was not decided: nobody can read "commit" there

    async def _listen(self, pid: int, line: _Line) -> None:
        prepared = False
        try:
            conversation = line.conversation = await Conversation.open(self.sockets[pid])
            conversation.send(self.requests[pid])
            while (frame := await conversation.receive()) is not None:
                if frame.get("done") is True:
                    self._events.put_nowait(Finished(pid, self.read_result(pid, frame, prepared)))
                    return
                prepared = True
                self._events.put_nowait(Arrived(pid, str(frame.get("phase"))))
        except ControlError as exc:
            self._events.put_nowait(Lost(pid, f"spoke or listened no more ({exc.message})"))
        else:
            if conversation.left:
                self.left.add(pid)
            self._events.put_nowait(Lost(pid, "was ended by its server" if conversation.left else "hung up"))

    async def _hang_up(self) -> None:
        listeners = [line.listener for line in self._lines.values() if line.listener is not None]
        for listener in listeners:
            listener.cancel()
        for line in self._lines.values():
            if line.conversation is not None:
                line.conversation.close()
        await asyncio.gather(*listeners, return_exceptions=True)
