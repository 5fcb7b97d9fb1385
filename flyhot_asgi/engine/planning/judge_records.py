"""Records without a class that the old code made, and that lack what the new code reads of them.

Dicts in queues, tables and attributes, namespaces, states: their makers give one word more, a reader counts on it, and
those that live were made without. What is looked at is what really lives: a maker that changes refuses nothing by
itself, and neither does a reader that is ready for both (`.get`, `in`, `except KeyError`). A state that a `code_change`
gets is its matter, whatever words that mentions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..living.records import bags_with, contents, dicts_with, held_by, is_bag, records_in
from ..source.module import SourceModule
from ..source.plan import Graft, Refusal, Twin
from ..source.records import Group, Scope, changed_groups, migrated, scopes_of
from .context import COLD, Context

_MEND = "read it so that both will do for one release (`.get`, `getattr` with a default), or {}"
_NOTHING = Scope()


@dataclass(frozen=True)
class _Gained:
    """One word more: who gives it, beside which others, and who reads it."""

    module: str
    path: str
    old: Group | None
    new: Group
    word: str
    reader: tuple[str, str]
    item: bool
    """It is read by subscript, of what may be a dict."""
    attribute: bool


def judge_records(context: Context) -> None:
    """Refuse where living records lack such a word."""
    if not context.plan.changed:
        return
    items, attributes = _newly_read(context)
    if not items and not attributes:
        return
    made_anew = frozenset(one for value in _made_anew(context) for one in records_in(value))
    for gained in _gained(context, items, attributes):
        if _lacking(context, gained, made_anew):
            context.collect(again=True)  # garbage is read by nobody
            if found := _lacking(context, gained, made_anew):
                _refuse(context, gained, found)


def _lacking(context: Context, gained: _Gained, made_anew: frozenset[int]) -> int:
    """How many living records lack the word."""
    if gained.old is None:
        return _resolved(context, gained)
    found = len(_dicts(context, gained.old.words, gained.word, made_anew)) if gained.item else 0
    return found + (len(bags_with(gained.old.words, gained.word)) if gained.attribute else 0)


def _dicts(context: Context, words: frozenset[str], word: str, made_anew: frozenset[int]) -> list[object]:
    """A single word is too little to know a record by: then it must be the app's that has it."""
    sources = [source for release in (context.old, context.new) for source in release.values()]
    known = frozenset().union(*map(_words, sources))
    migrated = [context.units(cls) for cls in context.survey.classes if context.has_code_change(cls)]
    found = [one for one in dicts_with(words, word, known) if id(one) not in made_anew]
    found = [one for one in found if not any(id(one) in states for states in migrated)]
    if len(words) > 1:
        return list(found)
    if not found:
        return []
    instances = [one for cls in context.survey.classes for one in context.survey.objects(cls)]
    held = held_by([*map(vars, context.live.values()), *instances, *context.survey.running])
    return [one for one in found if id(one) in held]


def _words(source: SourceModule) -> frozenset[str]:
    scopes = scopes_of(source).values()
    given = {word for scope in scopes for group in scope.groups for word in group.words}
    return frozenset(given.union(*(scope.items | scope.ready | scope.stored for scope in scopes)))


def _refuse(context: Context, gained: _Gained, count: int) -> None:
    file, others = context.file(gained.module), sorted(gained.old.words) if gained.old is not None else []
    what = f"with {', '.join(f'`{one}`' for one in others[:3])}" if others else f"(`{gained.new.chain}`)"
    reason = (
        f"{count} living record(s) {what} were made without `{gained.word}`, which `{gained.reader[1]}` "
        f"({context.file(gained.reader[0])}) now reads of such"
    )
    refusal = Refusal(gained.module, file, gained.new.line, gained.path or file, reason, _MEND.format(COLD))
    if refusal not in context.plan.refusals:
        context.plan.refusals.append(refusal)


def _newly_read(context: Context) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    """Keys and attributes that a function of the release reads, and did not read before: each with who does. Not those
    that a `code_change` mentions: it sees to them."""
    items: dict[str, tuple[str, str]] = {}
    attributes: dict[str, tuple[str, str]] = {}
    seen_to: set[str] = set()
    for module in [*context.plan.changed, *context.plan.added]:
        before = scopes_of(context.old[module]) if module in context.old else {}
        for path, scope in scopes_of(context.new[module]).items():
            old = before.get(path, _NOTHING)
            items |= {word: (module, path) for word in scope.items - scope.ready - old.items}
            attributes |= {word: (module, path) for word in scope.attributes - scope.ready - old.attributes}
    for source in [*context.old.values(), *context.new.values()] if items or attributes else ():
        seen_to |= migrated(source)
    return ({word: who for word, who in found.items() if word not in seen_to} for found in (items, attributes))  # type: ignore[return-value]


def _gained(
    context: Context, items: dict[str, tuple[str, str]], attributes: dict[str, tuple[str, str]]
) -> Iterator[_Gained]:
    for module in context.plan.changed:
        before = scopes_of(context.old[module])
        for path, scope in scopes_of(context.new[module]).items():
            old = before.get(path, _NOTHING)
            pairs: list[tuple[Group | None, Group]] = list(changed_groups(old, scope))
            paired = {id(new) for _, new in pairs}
            pairs += [(None, new) for new in scope.groups if new.chain and id(new) not in paired]
            for was, new in pairs:
                if new.chain and not _runs_later(context, module, path):
                    continue
                for word in sorted(new.words - (was.words if was is not None else frozenset())):
                    item = items.get(word) if new.keys else None
                    if reader := item or attributes.get(word):
                        yield _Gained(module, path, was, new, word, reader, item is not None, word in attributes)


def _runs_later(context: Context, module: str, path: str) -> bool:
    """No statement at module level runs it: what that one puts there, the upgrade puts there, too."""
    binder = context.new_names.binders(module).get(path.partition(".")[0])
    if binder is None or binder.kind not in ("def", "class"):
        return False
    calls = {
        home
        for name, source in context.new.items()
        if name in context.live
        for statement in source.statements
        if statement.kind not in ("def", "class", "import")
        for home in context.new_names.homes(name, statement.calls)
    }
    return (module, path.partition(".")[0]) not in context.new_names.reached(calls).homes


def _resolved(context: Context, gained: _Gained) -> int:
    """Whether the bag that a function now gives its first word is a living one, and lacks it."""
    bag = context.resolve(gained.module, gained.new.chain)
    return int(bag is not None and is_bag(bag) and gained.word not in contents(bag))


def _made_anew(context: Context) -> Iterator[object]:
    """What modules and classes have under names whose values the upgrade makes again, or pours into."""
    yield from (context.value(*home) for home in context.rebound)
    for module, source in context.new.items():
        if module in context.live:
            for statement in source.statements:
                if statement in context.planned:
                    yield from (context.value(module, name) for name in statement.binds)
    for item in context.plan.work:
        if isinstance(item, Graft):
            names = {name for change in item.changes for name in change.statement.binds}
            yield from (value for name, value in vars(item.cls).items() if name in names)
        elif isinstance(item, Twin):
            for one in item.classes:
                yield from (value for name, value in vars(one.cls).items() if name in one.bound - one.keep)
