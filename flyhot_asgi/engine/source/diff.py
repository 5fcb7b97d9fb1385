"""What changed between two sources of one namespace (a module's or a class's), statement by statement. Pure.

Statements are paired by the name that they bind (or by their text, where they bind none), in order. A pair is

- `same`: equal syntax (it may have moved: its code objects then carry new line numbers),
- `body`: equal shell: only code inside functions differs,
- `changed`: anything else.

A name that several statements bind (overloads, `x: int` and `x = 1`, a property and its setter) is one thing: if one
of its binders is not `same` or `body`, the others are `rerun`: their text is old, their effect must be had again.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import Enum

from .module import Statement


class Verdict(Enum):
    SAME = "same"
    BODY = "body"
    CHANGED = "changed"
    ADDED = "added"
    DELETED = "deleted"
    RERUN = "rerun"


@dataclass(frozen=True)
class Change:
    """One statement's fate. `old` is None when added, `new` when deleted."""

    verdict: Verdict
    old: Statement | None
    new: Statement | None

    @property
    def statement(self) -> Statement:
        """The new statement, or the old one where it is gone."""
        found = self.new or self.old
        assert found is not None
        return found


@dataclass(frozen=True)
class NamespaceDiff:
    """All changes, in the new source's order; deleted ones last. `deleted_names` are bound by no statement any more."""

    changes: tuple[Change, ...]
    deleted_names: frozenset[str]

    def of(self, *verdicts: Verdict) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.verdict in verdicts)

    @property
    def quiet(self) -> bool:
        """Nothing but code inside functions differs."""
        return all(change.verdict in (Verdict.SAME, Verdict.BODY) for change in self.changes)


def diff(old: Iterable[Statement], new: Iterable[Statement]) -> NamespaceDiff:
    """Pair the statements of two sources of one namespace."""
    old, new = tuple(old), tuple(new)
    partner, gone = _pair(old, new)
    changes = [_judge(partner.get(statement), statement) for statement in new]
    changes += [Change(Verdict.DELETED, statement, None) for statement in gone]
    names_old = {name for statement in old for name in statement.binds}
    names_new = {name for statement in new for name in statement.binds}
    return NamespaceDiff(tuple(_rerun_groups(changes)), frozenset(names_old - names_new))


def _judge(old: Statement | None, new: Statement) -> Change:
    if old is None:
        return Change(Verdict.ADDED, None, new)
    if old.dump == new.dump:
        return Change(Verdict.SAME, old, new)
    if old.shell == new.shell:
        return Change(Verdict.BODY, old, new)
    return Change(Verdict.CHANGED, old, new)


def _key(statement: Statement) -> Hashable:
    if statement.kind == "doc":
        return "doc"
    if statement.kind in ("expr", "other") or not statement.binds:
        return ("text", statement.shell)
    return ("name", statement.binds)


def _pair(old: tuple[Statement, ...], new: tuple[Statement, ...]) -> tuple[dict[Statement, Statement], list[Statement]]:
    groups: dict[Hashable, tuple[list[Statement], list[Statement]]] = defaultdict(lambda: ([], []))
    for statement in old:
        groups[_key(statement)][0].append(statement)
    for statement in new:
        groups[_key(statement)][1].append(statement)
    partner: dict[Statement, Statement] = {}
    gone: list[Statement] = []
    for before, after in groups.values():
        pairs = list(zip(before, after, strict=True)) if len(before) == len(after) else _align(before, after)
        partner.update({b: a for a, b in pairs})
        paired = {a for a, _ in pairs}
        gone += [statement for statement in before if statement not in paired]
    return partner, gone


def _align(before: list[Statement], after: list[Statement]) -> list[tuple[Statement, Statement]]:
    """Pair by equal text first; the last binders of a name belong together whatever they say."""
    matcher = difflib.SequenceMatcher(a=[s.dump for s in before], b=[s.dump for s in after], autojunk=False)
    pairs = [
        (before[block.a + i], after[block.b + i]) for block in matcher.get_matching_blocks() for i in range(block.size)
    ]
    used = {s for pair in pairs for s in pair}
    if before and after and before[-1] not in used and after[-1] not in used:
        pairs.append((before[-1], after[-1]))
    return pairs


def _rerun_groups(changes: list[Change]) -> list[Change]:
    binders: dict[str, list[int]] = defaultdict(list)
    for index, change in enumerate(changes):
        for name in change.statement.binds:
            binders[name].append(index)
    quiet = (Verdict.SAME, Verdict.BODY)
    rerun = {
        index
        for indexes in binders.values()
        if len(indexes) > 1 and any(changes[i].verdict not in quiet for i in indexes)
        for index in indexes
        if changes[index].verdict in quiet
    }
    return [
        Change(Verdict.RERUN, change.old, change.new) if index in rerun else change
        for index, change in enumerate(changes)
    ]
