"""Statements that set something in libraries or in the process, and set it otherwise than the release before.

What either release sets is known, as digests (`verification.settings`). So a statement is executed, and what comes out
is put together from what was there and what it made: where the releases set the same, the old stays, and what was made
must be like it; where they set something else, it must be what the digest of the new release says, and handlers,
filters and values are taken from either side for that. Loggers and variables that are set otherwise begin as in a fresh
process: `basicConfig` and `setdefault` do nothing where something is set.

Covered by the comparison afterwards: all that is told of libraries and of the process must be as the release has it, or
as it was (`Targets.check_all`). While a statement runs nothing of what is there is closed, and nothing is started.
"""

from __future__ import annotations

import itertools
import logging
import types
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from ...errors import UpgradeError
from ..living.began import began_with
from ..living.process import ENVIRONMENT, environment, logger_place, process_places
from ..living.reach import Reach
from ..source.module import Statement
from ..source.plan import Configured, Execute, Plan
from .entries import Change, Contents, changes, contents_of, read, write
from .journal import Journal
from .keeping import KeptOpen, handlers
from .likeness import Likeness
from .registration import Registration
from .trialrun import touch_place
from .watch import nothing_started

_KEEPERS = (type, types.CellType)
"""What a library keeps in these no digest tells."""

_DO = "deploy this change cold (restart the app)"
_MISSING: Any = object()


@dataclass(frozen=True)
class _Logger:
    """One, as it was: its state, its lists, and what was in them."""

    logger: logging.Logger
    state: tuple[int, bool, bool]
    handlers: list[logging.Handler]
    filters: list[Any]
    attached: tuple[logging.Handler, ...]
    filtering: tuple[Any, ...]

    @classmethod
    def of(cls, one: logging.Logger) -> _Logger:
        return cls(one, _state(one), one.handlers, one.filters, tuple(one.handlers), tuple(one.filters))

    def put_back(self) -> None:
        self.fill(self.attached, self.filtering)
        _set_state(self.logger, self.state)

    def fill(self, attached: Iterable[logging.Handler], filtering: Iterable[Any]) -> None:
        self.handlers[:], self.filters[:] = attached, filtering
        self.logger.handlers, self.logger.filters = self.handlers, self.filters

    @property
    def names(self) -> list[str]:
        """What is told of it."""
        shown = f"the logger `{self.logger.name}`"
        lists = [f"the handlers of {shown}", f"the filters of {shown}"]
        return [shown, *lists, f"a handler of {shown}", f"the filters of a handler of {shown}"]


class Configuring(Registration):
    """Those of one plan."""

    def __init__(self, plan: Plan) -> None:
        assert plan.drift is not None and plan.drift.targets is not None
        self._plan, self._targets = plan, plan.drift.targets
        done = [item for item in plan.work if isinstance(item, Execute)]
        self._bound = {(item.module, name) for item in done for name in item.statement.binds}
        self._items = {item.statement: item for item in plan.configured if item.statement is not None}
        self._names: dict[int, str] = {}
        self._process: Contents = {}
        self._library: Contents = {}
        self._loggers: list[_Logger] = []
        self._open = KeptOpen()
        self._began = self._emptied = False
        self._handed: Contents = {}
        self._at: Configured = plan.configured[0]
        """What is executed, or was executed last: a refusal says where."""

    def begin(self, journal: Journal) -> None:
        if (name := self._targets.set_since()) is not None:
            raise self._refusal(f"has to do with {name}, which the running program has set to something else since")
        self._targets.check_all()
        for name, place in process_places():
            self._names[id(place)] = name
            self._process[id(place)] = (place, None)
        self._process = contents_of(place for place, _ in self._process.values())
        for item in self._plan.configured:
            reach = Reach(item.roots, item.asked, but=self._plan.live)
            for key, place in reach.places.items():
                if key not in self._library and key not in self._process and not self._is_own(place):
                    touch_place(place, journal, attributes=key in reach.attributes)
                    self._library.update(contents_of([place]))
            self._open.keep(reach.objects)
        self._open.keep(handlers())
        self._loggers = [_Logger.of(one) for one in _loggers()]
        listed, named = list(logging._handlerList), dict(logging._handlers)  # type: ignore[attr-defined]
        journal.note("what is configured", lambda: self._take_back(listed, named))
        self._listed, self._named = listed, named

    def show(self, statement: Statement, journal: Journal) -> None:
        if statement in self._items:
            self._at = self._items[statement]
            self._begin_anew()
            values = [vars(self._plan.live[m]).get(n) for m, n in self._at.handed if (m, n) not in self._bound]
            self._handed = contents_of(one for value in values for one in _containers(value))

    def around(self, statement: Statement) -> AbstractContextManager[None]:
        if statement not in self._items:
            return nullcontext()
        return nothing_started(lambda what: self._refusal(f"{what}, which would be there twice"))

    def collect(self, statement: Statement, journal: Journal) -> None:
        if statement in self._items and changes(self._handed):
            raise self._refusal("changes something of the app's own, which it did before")
        self._handed = {}

    def finish(self, journal: Journal) -> None:
        self._begin_anew()
        self._open.end()
        places = {id(lists) for one in self._loggers for lists in (one.handlers, one.filters)}
        found = {id(change.place): change for change in changes(self._process)}
        for key, (place, was) in self._process.items():  # a list that nothing changes may have to lose something
            if key not in found and isinstance(was, list) and self._targets.differs(self._names[key]):
                found[key] = Change(place, was, list(was))
        for one in self._loggers:
            self._settle_logger(one)
        for change in found.values():
            if id(change.place) not in places:
                self._settle(change)
        untold = self._untold()
        for change in changes(self._library):
            if isinstance(change.place, _KEEPERS) or id(change.place) in untold:
                raise self._refusal(
                    "sets something that a library's class or closure keeps: no cold import tells of it"
                )
            _keep_what_is_alike(change)
        self._settle_lists()

    def _untold(self) -> set[int]:
        """Containers that libraries' classes have as attributes, and their functions in closures."""
        kept = [place for place, _ in self._library.values() if isinstance(place, _KEEPERS)]
        values = [value for place in kept for value in list(read(place).values())]
        return {id(one) for value in values for one in _containers(value)}

    def _begin_anew(self) -> None:
        """What is set where nothing is set begins as in a fresh process."""
        for one in self._loggers:
            if self._at.once and one.logger is logging.root and not self._emptied and self._otherwise(one):
                self._emptied = True
                one.fill((), one.filtering)
        if self._began:
            return
        self._began = True
        place, was = self._process[id(environment())]
        began = {k: v for k, v in (began_with() or {}).items() if self._targets.differs(_variable(k))}
        write(place, {**{k: v for k, v in was.items() if not self._targets.differs(_variable(k))}, **began})

    def _otherwise(self, one: _Logger) -> bool:
        """The releases set something of it otherwise. Who has set a logger that the old release does not know, did so
        before the app was imported."""
        return any(self._targets.differs(name) for name in one.names) and self._targets.had(one.names[0])

    # -- what comes of it ----------------------------------------------------------------------

    def _settle_logger(self, one: _Logger) -> None:
        if self._targets.goes(one.names[0]):
            if not self._targets.as_set(one.names[0]):
                raise self._refusal(f"sets {one.names[0]} no more, and the running program has set it, too")
            one.fill((), ())
            _set_state(one.logger, _fresh(one.logger))
            return
        attached = [self._living(handler) for handler in one.logger.handlers]
        filtering = list(one.logger.filters)
        if not any(self._targets.differs(name) for name in one.names):  # both have it so, or neither tells of it
            strange: list[Any] = [h for h in attached if not any(h is old for old in one.attached)]
            like = Likeness()
            strange += [f for f in filtering if not any(like.holds(old, f) for old in one.filtering)]
            if strange:
                raise self._refusal(f"sets something of {one.names[0]} otherwise, of which no cold import tells")
            one.put_back()
            return
        now = _state(one.logger)
        attached = self._assembled(one.names[1], [*attached, *one.attached]) or attached
        filtering = self._assembled(one.names[2], [*filtering, *one.filtering]) or filtering
        one.fill(attached, filtering)
        wanted = self._targets.wanted(one.names[0])
        if wanted is not None:
            for state in itertools.product(*zip(now, one.state, _fresh(one.logger), strict=True)):
                _set_state(one.logger, state)
                if self._targets.digest(logger_place(one.logger).read()) == wanted:
                    return
        _set_state(one.logger, now)

    def _assembled(self, name: str, candidates: list[Any]) -> list[Any] | None:
        """The list that the release has there, of these; None if they don't make it."""
        wanted = self._targets.wanted(name)
        found: list[Any] = []
        for digest in wanted.split() if wanted is not None else ():
            if digest == "|":
                return None
            one = next((c for c in candidates if self._targets.digest(c) == digest), _MISSING)
            if one is _MISSING:
                return None
            candidates = [c for c in candidates if c is not one]
            found.append(one)
        return found if wanted is not None else None

    def _living(self, handler: logging.Handler) -> logging.Handler:
        """The one that was there, if it is like it: it is open, and others may hold it."""
        known = [old for one in self._loggers for old in one.attached]
        if any(handler is old for old in known):
            return handler
        return next((old for old in known if Likeness().holds(old, handler)), handler)

    def _settle(self, change: Change) -> None:
        place, name = change.place, self._names[id(change.place)]
        if name == ENVIRONMENT:
            fresh = {key: value for key, value in change.after.items() if self._targets.differs(_variable(key))}
            write(
                place, {**{k: v for k, v in change.before.items() if not self._targets.differs(_variable(k))}, **fresh}
            )
        elif any(name == one.names[0] for one in self._loggers):
            return  # `_settle_logger`
        elif not self._targets.differs(name):
            write(place, change.before)
        elif isinstance(change.after, list):
            items = [*change.after, *(one for one in change.before if not any(one == other for other in change.after))]
            made = self._assembled(name, items)
            write(place, change.after if made is None else made)

    def _settle_lists(self) -> None:
        """What `logging` flushes at the end of the process, and knows by name."""
        self._restore_lists([*self._listed, *(ref for ref in _handler_list() if ref not in self._listed)])
        living = {id(h) for one in _loggers() for h in one.handlers}
        fresh = {name: h for name, h in dict(logging._handlers).items() if id(h) in living}  # type: ignore[attr-defined]
        logging._handlers.clear()  # type: ignore[attr-defined]
        logging._handlers.update({**self._named, **fresh})  # type: ignore[attr-defined]

    def _restore_lists(self, listed: list[Any]) -> None:
        if _handler_list() != listed:
            _handler_list()[:] = listed

    def _take_back(self, listed: list[Any], named: dict[str, Any]) -> None:
        self._open.end()
        known = {id(one.logger) for one in self._loggers}
        kept = {id(handler) for one in self._loggers for handler in one.attached}
        for logger in _loggers():
            fresh = [handler for handler in logger.handlers if id(handler) not in kept]
            if id(logger) not in known:
                logger.handlers[:], logger.filters[:] = [], []
                _set_state(logger, _fresh(logger))
            for handler in fresh:
                handler.close()
        for one in self._loggers:
            one.put_back()
        self._restore_lists(listed)
        logging._handlers.clear()  # type: ignore[attr-defined]
        logging._handlers.update(named)  # type: ignore[attr-defined]

    def _is_own(self, place: Any) -> bool:
        """The app's own: compared with a cold import."""
        if isinstance(place, type):
            return place.__module__ in self._plan.live
        return isinstance(place, dict) and place.get("__name__") in self._plan.live

    def _refusal(self, what: str) -> UpgradeError:
        item = self._at
        statement = item.statement or item.gone
        assert statement is not None
        source = (self._plan.new if item.statement is not None else self._plan.old)[item.module]
        return UpgradeError(f"`{statement.name}` {what}", file=source.shown, line=statement.line, do=_DO)


def _containers(value: Any) -> Iterator[Any]:
    """Of plain data: those that it is made of."""
    if isinstance(value, dict | list | set):
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from _containers(one)


def _keep_what_is_alike(change: Change) -> None:
    if isinstance(change.before, dict) and isinstance(change.after, dict):
        like = Likeness()
        kept = {k: v for k, v in change.before.items() if like.holds(v, change.after.get(k, _MISSING))}
        write(change.place, {**change.after, **kept})


def _variable(key: Any) -> str:
    return f"{ENVIRONMENT}, {key!r}"


def _handler_list() -> list[Any]:
    found: list[Any] = logging._handlerList  # type: ignore[attr-defined]
    return found


def _loggers() -> list[logging.Logger]:
    known = list(logging.Logger.manager.loggerDict.values())
    return [logging.root, *(one for one in known if isinstance(one, logging.Logger))]


def _state(one: logging.Logger) -> tuple[int, bool, bool]:
    return one.level, one.propagate, one.disabled


def _set_state(one: logging.Logger, state: tuple[Any, ...]) -> None:
    if _state(one) != state:
        one.level, one.propagate, one.disabled = state
        one.manager._clear_cache()  # type: ignore[attr-defined]


def _fresh(one: logging.Logger) -> tuple[int, bool, bool]:
    return (logging.WARNING if one is logging.root else logging.NOTSET), True, False
