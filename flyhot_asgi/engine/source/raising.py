"""Which statement of a release raised, read off a traceback."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import UpgradeError
from .module import SourceModule, Statement


def raising_statement(
    exc: BaseException, sources: Iterable[SourceModule]
) -> tuple[SourceModule, Statement, tuple[SourceModule, int]] | None:
    """The innermost module-level statement under execution when `exc` was raised, with its module, and the innermost
    module and line of the release. None if it was raised elsewhere."""
    modules = {source.path: source for source in sources}
    executed: tuple[SourceModule, Statement] | None = None
    innermost: tuple[SourceModule, int] | None = None
    at = exc.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        source = modules.get(code.co_filename)
        if source is not None:
            innermost = (source, at.tb_lineno)
        if source is not None and code.co_name == "<module>":
            found = next((s for s in source.statements if s.line <= at.tb_lineno <= s.end), None)
            executed = (source, found) if found is not None else executed
        at = at.tb_next
    return (*executed, innermost) if executed is not None and innermost is not None else None


def exited(exc: SystemExit, sources: Iterable[SourceModule]) -> UpgradeError:
    """What is said of a release that ends the program while it is imported: a server would take it at its word."""
    found = raising_statement(exc, sources)
    source, line = found[2] if found is not None else (None, None)
    return UpgradeError(
        f"the release ends the program where it is imported: SystemExit: {exc}",
        file=source.shown if source is not None else None,
        line=line,
        do="mend what exits there, or deploy another release",
    )
