"""Pickled values that live in memory and name a class that is gone: who loads one would raise.

A pickle names the module and the class of what it is to make. A class that is called otherwise, or stands elsewhere, is
not found by that, as long as nothing has the old name.
"""

from __future__ import annotations

import gc
import pickletools
from collections.abc import Iterable, Iterator

from ..source.defuse import Home
from ..source.plan import Refusal
from .context import COLD, Context

_PROTOCOL = b"\x80"
_SHORTEST, _LONGEST = 16, 1_000_000


def judge_pickled(context: Context) -> None:
    """Refuse where such values live."""
    gone = {}
    for module, name in context.plan.deleted_names:
        definition = context.old_names.definition((module, name)) if module in context.old else None
        if definition is not None and definition.kind == "class":
            gone[module, name] = definition
    counts = dict.fromkeys(gone, 0)
    for value in _pickles(context) if gone else ():
        for module, name in gone:
            if module.encode() in value and name.encode() in value and _names(value, (module, name)):
                counts[module, name] += 1
    for (module, name), count in counts.items():
        if count:
            reason = (
                f"{count} pickled value(s) in memory name `{name}` of {module}, which is gone: to load one would raise"
            )
            mend = f"keep the old name as an alias (`{name} = …`) for one release, or {COLD}"
            refusal = Refusal(module, context.file(module), gone[module, name].line, name, reason, mend)
            if refusal not in context.plan.refusals:
                context.plan.refusals.append(refusal)


def _pickles(context: Context) -> Iterator[bytes]:
    """Those that something holds which the collector shows; but for what the plan makes anew."""
    spaces = {id(context.namespace(module)): module for module in context.live}
    for holder in gc.get_objects():
        module = spaces.get(id(holder))
        if module is not None:
            parts = [value for name, value in holder.items() if (module, name) not in context.rebound]
        else:
            parts = gc.get_referents(holder)
        yield from _among(parts)


def _among(parts: Iterable[object], depth: int = 3) -> Iterator[bytes]:
    """Also in dicts and tuples of nothing but plain values, which the collector passes over."""
    for part in parts:
        if type(part) is bytes:
            if part[:1] == _PROTOCOL and _SHORTEST <= len(part) <= _LONGEST:
                yield part
        elif depth and type(part) in (dict, tuple) and not gc.is_tracked(part):
            yield from _among(
                gc.get_referents(part), depth - 1
            )  # the collector passes over what holds plain values only


def _names(value: bytes, home: Home) -> bool:
    """It is a pickle, and its texts have both: the module, and the class."""
    try:
        texts = {str(given) for code, given, _ in pickletools.genops(value) if isinstance(given, str)}
    except Exception:
        return False
    words = {word for text in texts for word in (text, *text.split(" "))}  # older ones have both in one
    return home[0] in words and home[1] in {part for word in words for part in (word, word.partition(".")[0])}
