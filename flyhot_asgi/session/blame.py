"""Whose migration failed, and where: the error that a failed `code_change` becomes."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from types import FunctionType, TracebackType
from typing import Any, NamedTuple, NoReturn

from flyhot_asgi.errors import MigrationFailed
from flyhot_asgi.session.unit import State, Unit
from flyhot_asgi.session.whereabouts import is_library

_UNDONE = ". Undone; the old code still serves"


class UnitMigrationFailed(MigrationFailed):
    """Whose migration failed. Every unit has the state that it had before."""

    def __init__(self, message: str, unit: Unit, place: tuple[str, int] | None, detail: str | None) -> None:
        super().__init__(
            message,
            file=place[0] if place else None,
            line=place[1] if place else None,
            do=f"mend the code_change of {unit.cls.__qualname__} and deploy again",
            detail=detail,
        )
        self.what = message.removesuffix(_UNDONE)
        """Who, and what went wrong, without what became of it."""
        self.unit_id = unit.id
        self.label = unit.label
        self.cls = unit.cls


class Job(NamedTuple):
    """One unit whose class differs, with the `code_change` that it has, if any."""

    unit: Unit
    instance: object
    old_vsn: str
    new_vsn: str
    code_change: Callable[[str, State, dict[str, Any]], object] | None


def fail(job: Job, what: str, error: BaseException | None = None) -> NoReturn:
    """Raise UnitMigrationFailed: `what` is what went wrong, `error` why."""
    place = _place_in(error.__traceback__) if error is not None else None
    detail = None if error is None else "".join(traceback.format_exception(error, limit=-8))
    raise UnitMigrationFailed(
        f"{job.unit.label} ({job.unit.id}): {what}{_UNDONE}",
        job.unit,
        place or _definition(job.code_change),
        detail,
    ) from error


def said(error: BaseException) -> str:
    """An error in words, whatever its own text does."""
    try:
        text = str(error)
    except BaseException:
        text = ""
    return f"{type(error).__qualname__}: {text}" if text else type(error).__qualname__


def _place_in(trace: TracebackType | None) -> tuple[str, int] | None:
    """The innermost line of the application's own."""
    place = None
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not is_library(file):
            place = (file, trace.tb_lineno)
        trace = trace.tb_next
    return place


def plain_function(code_change: object) -> FunctionType | None:
    """The plain function behind a bound or decorated `code_change`."""
    function = getattr(code_change, "__func__", code_change)
    if callable(function):
        function = inspect.unwrap(function)
    return function if isinstance(function, FunctionType) else None


def _definition(code_change: object) -> tuple[str, int] | None:
    function = plain_function(code_change)
    return None if function is None else (function.__code__.co_filename, function.__code__.co_firstlineno)
