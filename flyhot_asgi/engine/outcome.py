"""How an upgrade through `Engine` ended: what was done, or why nothing was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import FlyhotError, SourceError, UpgradeRefused
from .reason import Reason
from .source.module import SourceModule
from .source.plan import Refusal
from .source.raising import raising_statement

if TYPE_CHECKING:
    from .verification.verify import Difference

_TOLD = 3
"""Differences of one name that are told one by one."""
RESTART = "mend it, or restart the program on the new release"


class Refused(UpgradeRefused):
    """The upgrade did not happen: the process runs the old release, whole. `reasons` say why, at least one."""

    def __init__(
        self,
        reasons: Sequence[Reason],
        *,
        plan: Mapping[str, Any] | None = None,
        passes: int = 0,
        detail: str | None = None,
    ) -> None:
        first = reasons[0]
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        super().__init__(f"{first}{more}", file=first.file, line=first.line, do=first.mend, detail=detail)
        self.reasons = tuple(reasons)
        self.plan = plan
        """The document of the plan, as far as there was one."""
        self.passes = passes
        """How often it was tried, and undone."""


@dataclass(frozen=True)
class Timings:
    """Milliseconds. `prepare` while the program runs; `commit` and `verify` while it must stand still."""

    prepare: float = 0.0
    commit: float = 0.0
    verify: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """The process runs the new release. `verified`: all of it was compared with a cold import and found equal."""

    verified: bool
    plan: dict[str, Any]
    timings: Timings
    passes: int = 1
    """How often it was tried here: what differed after an attempt enlarged the plan of the next."""
    rehearsed: int = 0
    """How often it was tried in a fresh process before; 0: there was no need."""
    differences: tuple[Difference, ...] = ()


def reason_of_refusal(refusal: Refusal) -> Reason:
    return Reason(refusal.module, refusal.file, refusal.line, refusal.name, refusal.reason, refusal.do)


def refusal_of_reason(reason: Reason) -> Refusal:
    """The same in a plan's words."""
    return Refusal(reason.module, reason.file, reason.line or 0, reason.construct, reason.why, reason.mend)


def reasons_of_differences(found: Iterable[Difference]) -> list[Reason]:
    """For each name of a module a few of the outermost ones; the others are counted: an object that became another one
    differs in all that is below it."""
    by_name: dict[object, list[Difference]] = {}
    for one in found:
        by_name.setdefault(one.home or one.where, []).append(one)
    return [reason for differences in by_name.values() for reason in _few(differences)]


def _few(differences: list[Difference]) -> list[Reason]:
    outermost: list[Difference] = []
    for one in sorted(differences, key=lambda one: len(one.where)):
        if not any(one.where.startswith(tuple(f"{above.where}{sign}" for sign in ".[ ")) for above in outermost):
            outermost.append(one)
    told = [one for one in differences if one in outermost[:_TOLD]]
    reasons = [reason_of_difference(one) for one in told]
    if more := len(differences) - len(told):
        last = reasons[-1]
        of = f" in what `{told[-1].home[1]}` means" if told[-1].home is not None else ""
        reasons[-1] = replace(last, why=f"{last.why}, and {more} more {'differ' if more > 1 else 'differs'}{of}")
    return reasons


def reason_of_difference(difference: Difference) -> Reason:
    module = difference.home[0] if difference.home is not None else difference.where.partition(":")[0]
    why = f"after the upgrade {difference.what}"
    return Reason(module, difference.file, difference.line, difference.where, why, RESTART)


def reason_of_raised(exc: Exception, sources: Mapping[str, SourceModule]) -> Reason:
    """What a statement of the release, or a step of ours, raised: told by the statement that was executed."""
    if isinstance(exc, FlyhotError):
        where = next((source for source in sources.values() if source.shown == exc.file), None)
        if where is None:
            return Reason("", exc.file or "", exc.line, "the release", exc.message, exc.do or RESTART)
        construct = _statement_at(where, exc.line) if not isinstance(exc, SourceError) else where.name
        return Reason(where.name, where.shown, exc.line, construct, exc.message, exc.do or RESTART)
    what = f"executing it raised {type(exc).__name__}: {exc}"
    found = raising_statement(exc, sources.values())
    if found is None:
        return Reason("", "", None, "the release", what, RESTART)
    source, statement, (inner, line) = found
    if inner is source and statement.line <= line <= statement.end:
        return Reason(source.name, source.shown, line, statement.name, what, RESTART)
    return Reason(source.name, source.shown, statement.line, statement.name, f"{what} ({inner.shown}:{line})", RESTART)


def _statement_at(source: SourceModule, line: int | None) -> str:
    """What a statement at module level defines; the module's name if none begins there."""
    if line is None:
        return source.name
    return next((s.name for s in source.statements if s.line == line and s.binds), source.name)


def reason_of_read(path: str) -> Reason:
    """A file that is no module."""
    why = "it is read while the release is imported, and has changed: what was made of it is not the release's"
    return Reason("", path, None, path, why, "restart the program, or read the file when it is asked for")


def reason_of_fault(exc: Exception) -> Reason:
    """flyhot's own fault, before anything was touched."""
    why = f"flyhot failed while preparing: {type(exc).__name__}: {exc}"
    return Reason("", "", None, "the release", why, "restart the program on the new release; please report it")
