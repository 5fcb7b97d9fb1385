"""A time limit for synchronous code. There is nobody to await, so a thread watches the clock and
interrupts."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")

# A prototype of our own: setting argtypes on ctypes.pythonapi's function would change it for everybody.
_set_async_exc = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.py_object)(
    ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
)


_TURNS = 1000


class Overrun(BaseException):
    """The budget is used up. A BaseException, so that `except Exception` of the code that is limited doesn't
    stop it."""


class EachInTime:
    """A time limit for each of many things that are done within one `within()`. `seconds`: None is no limit.

    Who does them says what is at work, and nothing else: there are thousands. The watching thread looks now and then,
    and finds that it is still the same.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.current: object = None
        """What is at work: a new object for each thing."""
        self.late: Any = None
        """What was at work longer than it may."""
        self._seen: object = None
        self._since = 0.0

    def is_late(self, now: float) -> bool:
        """To be asked again and again, with a clock's times in seconds."""
        current = self.current
        if current is not self._seen:
            self._seen, self._since = current, now
        if self.seconds is None or current is None or now - self._since < self.seconds:
            return False
        self.late = current
        return True


class _Alarm:
    """Raises Overrun in the thread that made it, once, after `seconds`, unless it was disarmed before."""

    def __init__(self, seconds: float, each: EachInTime) -> None:
        self._each = each
        self._end_at = monotonic() + seconds
        self._victim = threading.get_ident()
        self._lock = threading.Lock()
        self._off = threading.Event()
        self.rang = False
        self._thread = threading.Thread(target=self._watch, name="flyhot-budget", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        each = self._each
        step = max(each.seconds / 8, 0.001) if each.seconds is not None else inf
        while (now := monotonic()) < self._end_at and not each.is_late(now):
            if self._off.wait(min(self._end_at - now, step)):
                return
        with self._lock:
            if not self._off.is_set():
                self.rang = True
                _set_async_exc(self._victim, Overrun)

    def disarm(self) -> None:
        """After this it can't ring any more. An Overrun that was underway may be raised from in here."""
        with self._lock:
            self._off.set()


def within(seconds: float, work: Callable[[], T], each: EachInTime | None = None) -> T:
    """`work()`, interrupted by an Overrun after `seconds`, from whose traceback one can see where it was.

    Pure Python code is interrupted wherever it is; a call into C (a long `time.sleep`, a query) when it
    returns. `each` limits single things that `work` does, too. The
    result of work that ends after its time is thrown away. Whatever `work` raises comes through.
    """
    alarm = _Alarm(seconds, each or EachInTime(None))
    failure: BaseException | None = None
    try:
        result = work()
    except Overrun:
        raise  # it rings once: nothing is on its way any more
    except BaseException as error:
        failure = error
    alarm.disarm()
    if alarm.rang:
        # It rang too late to hit `work`, or `work` swallowed it. In the first case it comes at one of the
        # next turns of this loop. (Taking it back with NULL is no way: CPython 3.11 then keeps its eval
        # breaker set for good.)
        for _ in range(_TURNS):
            pass
        raise Overrun
    if failure is not None:
        raise failure
    return result
