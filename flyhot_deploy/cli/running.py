"""The work of one command, from the current folder to its report and exit code."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

from flyhot_asgi.errors import FlyhotError

from ..config import Patience, Project, find_project
from ..errors import DeployError, Exit, UsageError
from ..local.progress import Notify
from ..local.report import FailureReport, failure
from .output import Output, Report

WATCH_SECONDS = 2.0

Work = Callable[[Project, Patience, Notify], Awaitable[Report]]


def run(work: Work, output: Output, patience: Patience | None = None) -> NoReturn:
    """Do the work from the current folder, print its report, and exit with its code. Never a traceback, never without a
    word: SIGTERM is heard like Ctrl-C, and an error that nobody foresaw says that nobody did."""
    report = _report_of(work, output, patience)
    output.report(report)
    raise SystemExit(int(report.exit))


def keep_watching(work: Work, output: Output) -> NoReturn:
    """Do it again and again, until Ctrl-C: exit code 0 then."""
    try:
        while True:
            report = _report_of(work, output, None)
            if report.exit is Exit.INTERRUPTED:  # it came while somebody was asked
                raise KeyboardInterrupt
            output.report(report, anew=True)
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        raise SystemExit(0) from None


def _report_of(work: Work, output: Output, patience: Patience | None) -> Report:
    report: Report
    try:
        with output.progress():
            report = asyncio.run(_work(work, output, patience or Patience()))
    except (KeyboardInterrupt, asyncio.CancelledError):
        error = DeployError("interrupted", do="run `status` to see what each process runs")
        report = FailureReport(Exit.INTERRUPTED, error.document() | {"kind": "interrupted"})
    except FlyhotError as exc:
        report = failure(exc)
    except OSError as exc:
        report = failure(DeployError(f"the system refused: {exc}", file=_filename(exc)))
    except Exception as exc:
        report = _unforeseen(exc)
    return report


def _unforeseen(exc: Exception) -> FailureReport:
    error = DeployError(
        f"flyhot itself failed: {type(exc).__name__}: {exc}",
        do="run `status` to see what each process runs, and please report this",
        detail="".join(traceback.format_tb(exc.__traceback__)),
    )
    return FailureReport(Exit.MIXED, error.document() | {"kind": "unforeseen"})


async def _work(work: Work, output: Output, patience: Patience) -> Report:
    task = asyncio.current_task()
    assert task is not None
    with contextlib.suppress(
        ValueError, RuntimeError, NotImplementedError
    ):  # not in the main thread: nobody signals it
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work(find_project(_here()), patience, output.notify)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as exc:
        raise UsageError("the current folder is gone", do="change into the app's folder") from exc


def _filename(exc: OSError) -> str | None:
    return exc.filename if isinstance(exc.filename, str) else None
