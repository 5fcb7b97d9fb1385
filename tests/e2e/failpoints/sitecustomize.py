"""Failpoints in the workers of a real server: this folder is on their path, FLYHOT_FAILPOINTS names another one.

A file there called after a step ("before vote") is taken by the first process that comes to the step, and its text is
done to that process: "kill" or "stop". What was done lies in `<step>.done`, with the pid.
"""

from __future__ import annotations

import functools
import inspect
import os
import signal
from collections.abc import Callable
from typing import Any

FOLDER = os.environ.get("FLYHOT_FAILPOINTS", "")
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def reach(step: str) -> None:
    """Whoever renames the file first is the one."""
    armed = os.path.join(FOLDER, step)
    taken = f"{armed}.{os.getpid()}"
    try:
        os.rename(armed, taken)
    except OSError:
        return
    with open(taken) as file:
        word = file.read()
    with open(f"{armed}.new", "w") as file:
        file.write(str(os.getpid()))
    os.rename(f"{armed}.new", f"{armed}.done")
    os.kill(os.getpid(), SIGNALS[word])


def around(cls: type, method: str, step: str) -> None:
    real: Callable[..., Any] = getattr(cls, method)

    @functools.wraps(real)
    def plain(*arguments: Any, **options: Any) -> Any:
        reach(f"before {step}")
        result = real(*arguments, **options)
        reach(f"after {step}")
        return result

    @functools.wraps(real)
    async def waiting(*arguments: Any, **options: Any) -> Any:
        reach(f"before {step}")
        result = await real(*arguments, **options)
        reach(f"after {step}")
        return result

    setattr(cls, method, waiting if inspect.iscoroutinefunction(real) else plain)


def install() -> None:
    from flyhot_asgi.control.crew import Crew
    from flyhot_asgi.control.decision import Decisions
    from flyhot_asgi.runtime.process import AppProcess
    from flyhot_asgi.runtime.transaction import Transaction

    around(Crew, "begin", "note")
    around(Crew, "settle", "permanent")
    around(Decisions, "decide", "decision")
    around(AppProcess, "take_stock", "start")
    steps = "make_plan stage report_prepared suspend report_held load code_change verify vote commit resume rerender"
    for step in steps.split():
        around(Transaction, f"_{step}", step)


if FOLDER:
    install()
