"""Statements at module level that set something in libraries or in the process (`dictConfig(LOGGING)`,
`structlog.configure(…)`, `os.environ.setdefault(…)`, `setup_logging()`): which may be executed.

Attempted where two cold imports tell what each release sets, and all that the statement works on is among what they
tell of. Covered by the comparison afterwards, which holds all of that against the release (`patching.configuring`).
"""

from __future__ import annotations

import logging
import re
import sys
import types
from typing import TYPE_CHECKING, Any

from ..living.attributes import fields_of
from ..living.began import began_with
from ..living.origins import OF_LIBRARY, start
from ..living.process import process_places
from ..living.reach import Reach
from ..source.calls import Foreign
from ..source.module import Statement
from ..source.plan import Action, Configured
from ..source.touches import Touch
from ..source.values import is_definition, is_plain

if TYPE_CHECKING:
    from .context import Context

_MISSING: Any = object()
_TOLD_OF = (
    *"logging.getLogger logging.root logging.basicConfig logging.config.dictConfig logging.config.fileConfig".split(),
    *"logging.disable logging.captureWarnings logging.addLevelName logging.setLoggerClass".split(),
    *"logging.setLogRecordFactory warnings.filterwarnings warnings.simplefilter warnings.resetwarnings".split(),
    *"warnings.showwarning warnings.filters os.environ sys.excepthook sys.unraisablehook threading.excepthook".split(),
    *"sys.setrecursionlimit sys.setswitchinterval asyncio.set_event_loop_policy socket.setdefaulttimeout".split(),
    *"locale.setlocale mimetypes.add_type mimetypes.init signal.signal".split(),
)
"""What of the standard library works on nothing but what is told of (`living.process`)."""
_UNTOLD = re.compile(r"\.(manager|parent)\b|\.formatter\.")
"""Parts of loggers and handlers of which nothing is told, or which nobody would set back."""


def configures(context: Context, module: str, statement: Statement, *, gone: bool = False) -> bool:
    """Plan to execute the statement for what it sets. `gone`: it is the old release's, and there is none any more."""
    targets = context.drift.targets if context.drift is not None else None
    if targets is None or statement.kind not in ("expr", "block", "assign", "other"):
        return False
    if statement.kind == "assign" and statement.binds:
        return False
    before = context.slices.touch_old(module, statement) if gone else context.slices.touched_before(module, statement)
    after = None if gone else context.slices.touch(module, statement)
    sides = [touch for touch in (before, after) if touch is not None]
    if not all(_sets_only(context, module, touch) for touch in sides):
        return False
    done = [one for touch in sides for one in touch.foreign]
    if not (done or any(touch.homes for touch in sides)):
        return False
    roots: list[Any] = []
    asked: set[str] = set()
    for one in done:
        found = _start(one)
        if found is None or (found and not targets.knows(f"{OF_LIBRARY}`{one.origin}`")):
            return False
        roots += found
        asked |= {*one.asked, one.origin.rpartition(".")[2]} if found else set()
    if (roots and Reach(roots, asked, but=context.live).too_much) or targets.set_since() is not None:
        return False
    if before is not None and not _done_again(context, module, before):
        return False
    homes = {home for touch in sides for home in touch.homes}
    once = any(one.origin == "logging.basicConfig" for one in done)
    new, old = (None, statement) if gone else (statement, None)
    _plan(context, Configured(module, new, old, tuple(roots), frozenset(asked), tuple(sorted(homes)), once))
    return True


def _done_again(context: Context, module: str, before: Touch) -> bool:
    """What was done to libraries is done by a statement of the new release, too: what isn't would stay."""
    after = [context.slices.touch(module, s) for s in context.new[module].statements] if module in context.new else []
    still = {(one.origin, one.text) for touch in after for one in touch.foreign}
    libraries = [one for one in before.foreign if one.origin.partition(".")[0] not in sys.stdlib_module_names]
    return all((one.origin, one.text) in still for one in libraries)


def _plan(context: Context, item: Configured) -> None:
    known = context.plan.configured
    if any(one.statement is item.statement and one.gone is item.gone for one in known):
        return
    known.append(item)
    module, gone, statement = item.module, item.statement is None, item.statement or item.gone
    assert statement is not None
    if not gone:
        context.judged.add(statement)
        context.execute(module, statement)
        context.rebind_what_differs(module, statement)
    why = "what it set is set as the release has it"
    context.step(module, statement, Action.DELETE if gone else Action.EXECUTE, why)


def _sets_only(context: Context, module: str, touch: Touch) -> bool:
    """It changes nothing of the app's but loggers, and handlers that a logger has. What it hands to a library may be
    changed by that, which is looked at."""
    if touch.own_names:
        return False
    told = {id(place) for _, place in process_places()} if touch.homes else ()
    for home in touch.homes:
        live = context.value(*home, _MISSING)
        if live is _MISSING:
            continue  # it is new
        known = isinstance(live, logging.Logger) or id(fields_of(live)) in told
        handed = is_plain(live) or isinstance(live, type | types.FunctionType)
        if not (known or (touch.foreign and handed) or (is_definition(live) and not handed)):
            return False
    return True


def _start(one: Foreign) -> list[Any] | None:
    """The library's objects that it starts from; nothing for what the standard library keeps. None: nobody can tell."""
    if one.origin.partition(".")[0] in sys.stdlib_module_names:
        if _UNTOLD.search(one.whole) or (one.origin.startswith("os.environ") and began_with() is None):
            return None
        names = (one.origin, f"{one.origin}.{one.text.rpartition('.')[2]}")  # an attribute of it is set
        told = any(full == name or full.startswith(f"{name}.") for name in _TOLD_OF for full in names)
        return [] if told else None
    return start(one.origin) if one.origin else None
