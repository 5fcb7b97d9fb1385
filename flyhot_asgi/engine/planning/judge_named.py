"""Instances that would lack attributes which constants of the new release name, in whatever way code makes use of them.

The living instances tell which constants name attributes: those of which all that they named before is an attribute
now, as it stands or with the same text before and after it (`_id` of `id`). What such a constant names since, and an
instance lacks, was set by no `__init__` and is read, copied or written down by code that goes over the constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from ..living.attributes import answers, fields_of, has
from ..source.naming import ALL, Named, Naming, Words, constants_changed
from ..source.schema import class_level
from .context import Context
from .judge_made import chain_of, refuse_lacking

_FIRST = frozenset({"[]", "K", "[]0", ALL})
"""Where names stand in a constant that nobody has put any into."""
Affix: TypeAlias = tuple[str, str]


def judge_named(context: Context) -> None:
    """Refuse for each class with such instances, unless a `code_change` sees to them."""
    if not context.plan.changed or not (changed := constants_changed(context.old, context.new)):
        return
    old, new = Naming(context.old_names), Naming(context.new_names)
    for cls in sorted(context.survey.classes, key=lambda cls: (cls.__module__, cls.__qualname__)):
        if context.survey.instances[cls]:
            before, after = (
                naming.of([*chain_of(side, cls), *chain_of(side, type(cls))], changed)
                for side, naming in ((context.old, old), (context.new, new))
            )
            if before.sources != after.sources and context.instances(cls):
                given = frozenset(name for _, node in chain_of(context.new, cls) for name in class_level(node))
                _judge(context, cls, before, after, given)


def _judge(context: Context, cls: type, before: Named, after: Named, given: frozenset[str]) -> None:
    """`given`: what the new release's class answers for its instances."""

    def found() -> list[tuple[str, Any]]:
        return _found(before, after, [one for one in context.survey.objects(cls) if type(one) is cls], given)

    if first := found():
        refuse_lacking(context, cls, lambda: [one for _, one in found()], {min(name for name, _ in first)})


def _found(before: Named, after: Named, objects: list[Any], given: frozenset[str]) -> list[tuple[str, Any]]:
    """Attributes that a constant of the new release names, each with an instance that lacks it."""
    for own, words, gained, new in _gained(before, after):
        for path in sorted(gained, key=lambda one: one == ALL):
            found = []
            for one in objects:
                old = _evidence(one, after.sets and own, path, words, new)
                lacks = [name for word in gained[path] if old is not None and (name := _lacking(one, old, word, given))]
                found += [(min(lacks), one)] if lacks else []
            if found:
                return found
    return []


def _evidence(obj: Any, sets: bool, path: str, before: Words | None, after: Words) -> frozenset[str] | None:
    """The words that must be attributes for the others to be, too; None if nothing can tell."""
    if before is None:  # a constant that no code mentioned: most that it names must be attributes
        known = frozenset(word for word in after[path] if has(obj, word))
        return known if sets and len(known) * 2 > len(after[path]) else None
    if old := before.get(path, frozenset()):
        return old
    return old if sets and path in _FIRST else None


def _gained(before: Named, after: Named) -> Iterator[tuple[bool, Words | None, dict[str, frozenset[str]], Words]]:
    """Whether it is a class's own, what it named before, what it names since, and all that it names now."""
    for source, words in after.sources.items():
        old = before.sources.get(source)
        known = old.get(ALL, frozenset()) if old else frozenset()
        known |= _values_only(old, words) if old else frozenset()
        gained = {path: found - known for path, found in words.items() if found - known}
        if gained:
            yield source[0] not in after.modules, old, gained, words


def _values_only(before: Words, after: Words) -> frozenset[str]:
    """Texts that are values now in a dict whose keys were all that it named: none of them was a name."""
    values = {path for path in after if path.endswith("V") and path not in before and f"{path[:-1]}K" in before}
    others = (words for path, words in after.items() if path != ALL and path not in values)
    return frozenset().union(*(after[path] for path in values)) - frozenset().union(*others)


def _lacking(obj: Any, old: frozenset[str], name: str, given: frozenset[str]) -> str | None:
    """The attribute that the instance would have for the name, and has not."""
    kind = type(obj)
    if any("__getattr__" in vars(base) or "__getattribute__" in vars(base) for base in kind.__mro__[:-1]):
        return None
    if (affix := _affix(obj, old)) is None:
        return None
    wanted = f"{affix[0]}{name}{affix[1]}"
    return wanted if wanted not in given and not has(obj, wanted) and not answers(kind, wanted) else None


def _affix(obj: Any, words: frozenset[str]) -> Affix | None:
    """What stands before and after each of the words in the names of the instance's own attributes."""
    if not words:
        return ("", "")
    first = min(words)
    fields = fields_of(obj) or {}
    candidates = [("", ""), *(_around(name, first) for name in fields if first in name and name != first)]
    for before, after in candidates:
        found = [f"{before}{word}{after}" for word in words]
        if any(has(obj, name) for name in found) and all(has(obj, n) or answers(type(obj), n) for n in found):
            return before, after
    return None


def _around(name: str, word: str) -> Affix:
    before, _, after = name.partition(word)
    return before, after
