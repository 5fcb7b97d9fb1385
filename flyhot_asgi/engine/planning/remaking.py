"""May an object that statements of a module fill be made again by them? Reads the living process."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any

from ..living.registries import registers
from ..source.defuse import Home
from ..source.filled import Filled
from ..source.uses import may_be_mutated, may_be_stored
from ..source.values import EXACT_CONTAINERS, is_atomic, is_definition
from .context import Context

_MISSING: Any = object()


def is_free(context: Context, home: Home) -> bool:
    """Nothing lives by that name, or will."""
    module, name = home
    if module not in context.live or module not in context.new:
        return True
    gone = name not in context.new_names.binders(module)
    value = context.value(module, name, _MISSING)
    return gone or value is _MISSING or value is context.namespace(module)  # `locals()`: it changes with the module


def why_not_remade(context: Context, sides: Sequence[Filled], home: Home) -> str | None:
    """Why the object can't be made again, as the rest of a sentence; None if it can."""
    if is_free(context, home):
        return None
    module, name = home
    live = context.value(module, name)
    if context.owned(live):
        return f"`{name}` is a framework's {type(live).__qualname__}"
    if isinstance(live, type | types.FunctionType):
        definition = context.new_names.definition(home)  # its package may say that it is of another module
        if live.__module__ != module and (definition is None or definition.kind not in ("class", "def")):
            return f"`{name}` is defined by {live.__module__}"
        if context.drift is None:
            return "what the program changed in it is not known"
        touches = [side.touches.of(m, s) for side in sides for m, s in side.slice_of(home)]
        if any(home in touch.deeply for touch in touches):
            return f"`{name}` would be filled twice"
        if any(home in touch.entered for touch in touches) and not registers(live):
            return f"who registers with `{name}` can't be told"
        return None
    if _is_passed_on(live) and not any(
        home in side.touches.of(*one).homes for side in sides for one in side.slice_of(home)
    ):
        return None  # the name is bound anew, and nothing is done to what it meant
    if is_definition(live):
        return f"`{name}` is not the app's own"
    own = type(live).__module__ in context.live
    if not own and type(live) not in EXACT_CONTAINERS and not is_atomic(live) and not isinstance(live, tuple):
        return f"`{name}` is a living {type(live).__module__}.{type(live).__qualname__}, which can't be made again"
    if own and any(type(v) is types.MemberDescriptorType for b in type(live).__mro__ for v in vars(b).values()):
        return f"`{name}` is a living {type(live).__qualname__} with slots"
    return _state_in_the_way(context, home, live, own)


def _is_passed_on(live: object) -> bool:
    """A module, or a library's named tuple (`pkgutil.ModuleInfo`): what a loop goes over, and keeps nothing in."""
    return isinstance(live, types.ModuleType) or (isinstance(live, tuple) and type(live) is not tuple)


def _state_in_the_way(context: Context, home: Home, live: Any, own: bool) -> str | None:
    name, drift = home[1], context.drift
    if drift is None or not drift.known(home):
        changed = own or may_be_stored(context.old_names, home)
        changed = changed or (not is_atomic(live) and may_be_mutated(context.old_names, home))
        return f"the running program may have changed `{name}`" if changed else None
    if is_atomic(live):
        both = drift.by_program(home) and drift.by_release(home) and not drift.arrived(home)
        return f"`{name}` was changed by the running program and is changed by the release too" if both else None
    if (what := drift.opaque(home)) is not None:
        return f"it holds a living {what}, whose state would be lost"
    return None
