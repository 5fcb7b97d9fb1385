"""What went wrong in an upgrade, as errors that say where, what is true now, and what to do."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import UpgradeError, UpgradeRefused, VerifyFailed

if TYPE_CHECKING:
    from ..engine import Difference, Plan, SourceModule
    from ..engine.source.plan import Refusal


def refusal_of(plan: Plan) -> UpgradeRefused | None:
    """The first refusal as an error that says how many there are; None if there is none."""
    if not plan.refusals:
        return None
    more = f" (and {len(plan.refusals) - 1} more: see the plan)" if len(plan.refusals) > 1 else ""
    return refused(plan.refusals[0], more)


def refused(refusal: Refusal, more: str = "") -> UpgradeRefused:
    """A refusal as an error. `more`: behind its reason."""
    return UpgradeRefused(
        f"{refusal.file}:{refusal.line}: {refusal.name}: {refusal.reason}{more}",
        file=refusal.file,
        line=refusal.line,
        do=f"{refusal.do}; nothing was changed, the old code still serves",
    )


def raised(exc: BaseException, sources: Mapping[str, SourceModule], *, too_long: str | None = None) -> UpgradeError:
    """What a statement of the release raised while it was executed. `too_long`: the time that it had, if it was
    interrupted."""
    shown = {source.path: source.shown for source in sources.values()}
    frames = [frame for frame in traceback.extract_tb(exc.__traceback__) if frame.filename in shown]
    file, line = (shown[frames[-1].filename], frames[-1].lineno) if frames else (None, None)
    where = f"{file}:{line}: " if file else ""
    what = f"took longer than the hold may last ({too_long})" if too_long else f"raised {type(exc).__name__}: {exc}"
    return UpgradeError(
        f"{where}executing the release's code {what}",
        file=file,
        line=line,
        do="everything was undone, the old code serves; mend the line and deploy again",
        detail="".join(traceback.format_exception(exc))[-4000:],
    )


def differs(found: Sequence[Difference]) -> VerifyFailed:
    """The verification found the process to be something else than the release."""
    first = found[0]
    more = f" (and {len(found) - 1} more)" if found[1:] else ""
    return VerifyFailed(
        f"the process would not be the release: {first}{more}",
        file=first.file,
        line=first.line,
        do="everything was undone, the old code serves; deploy this change cold (restart the app)",
        detail="\n".join(str(difference) for difference in found[:20]),
    )


def differs_afterwards(found: Sequence[Difference], undone: Mapping[str, Any] | None) -> VerifyFailed:
    """It was found when everybody was served again. `undone`: the RESULT of the way back, None if there was none."""
    error = differs(found)
    error.message = f"after the resume: {error.message}"
    error.do = "everybody was held once more, and the old code serves; deploy this change cold (restart the app)"
    if undone is None or undone["outcome"] != "complete":
        why = (undone["error"] or {}).get("message", undone["outcome"]) if undone else "the release before is not known"
        error.message += f"; it could not be taken back: {why}"
        error.do = "restart the app: the new code serves, and it is not the release"
    elif not undone["verified"]:
        error.do = "the old code serves again, but could not be compared with its release: restart the app"
    return error


def not_the_release(found: Sequence[Difference], vsn: str) -> VerifyFailed:
    """A process that was to be on a release already."""
    error = differs(found)
    error.message = f"the process runs release {vsn}, and is not it: {found[0]}"
    error.do = "restart this process; nothing was changed"
    return error
