"""What the judges of a plan write down for each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..source.defuse import Home
from ..source.diff import NamespaceDiff
from ..source.module import Statement
from ..source.plan import Move


@dataclass(eq=False)
class Findings:
    """The blackboard of one planning run, empty at its beginning."""

    attributes_read: set[str] | None = None
    attributes_stored: set[str] | None = None
    attributes_changed: set[str] | None = None
    """What schema and member judges count on; had when first asked for."""
    passing_kinds: set[type] = field(default_factory=set)
    """Types of holders that do not count: keys of a framework's caches."""
    dropped: list[object] = field(default_factory=list)
    """Registered objects that the plan takes out of their registrars."""
    caching: list[object] = field(default_factory=list)
    """Caches of a framework's that hold these, and are made again with them."""
    deferred: list[Callable[[], None]] = field(default_factory=list)
    """Judgements about who holds what, made last: containers that will be poured anew hold nothing by then."""
    moves: dict[Home, Move] = field(default_factory=dict)
    """By their old home, the definitions that move to another module and stay the same objects."""
    moved_to: set[Home] = field(default_factory=set)
    refilling: dict[Home, Statement] = field(default_factory=dict)
    """Names of instances that take what they lack from another one, with the statements that make it."""
    rebound: set[Home] = field(default_factory=set)
    """Homes whose object is another one after the upgrade: what read them must read again."""
    reshaped: set[Home] = field(default_factory=set)
    """Functions that stay the same object with another signature: registrars must look again."""
    remade: set[Home] = field(default_factory=set)
    """Classes that are made anew and stay the same objects: what derives from them may have to be, too."""
    rebased: set[Home] = field(default_factory=set)
    """Those of them whose bases or metaclass are others, and with them the metaclass of what derives from them."""
    changed_bodies: set[Home] = field(default_factory=set)
    """Functions, and methods as `Class.method`, whose own code differs: what called them at import time may have
    made something else."""
    makers: set[Home] = field(default_factory=set)
    """Those of them that handed out functions which can't take their new code."""
    remapped: dict[type, str] = field(default_factory=dict)
    """Classes whose SQLAlchemy mapping must be made anew, and why."""
    retabled: dict[int, tuple[Any, Home]] = field(default_factory=dict)
    """By id, SQLAlchemy's tables that an assignment makes anew, or that go, and their names."""
    containers: dict[Statement, tuple[str, type, NamespaceDiff]] = field(default_factory=dict)
    """Statements of classes whose providers changed, with their module, the class and its members' changes."""
    touched: set[Statement] = field(default_factory=set)
    """Registering statements that read something of which a part changed."""
    constructed: dict[int, tuple[Home, Statement]] = field(default_factory=dict)
    """Id of a registrar whose constructor runs again → its home and statement: all is registered anew with it."""
    rewrapped: dict[Statement, int] = field(default_factory=dict)
    """Functions with other decorators below those that register them, and how many these are."""
    whole: set[int] = field(default_factory=set)
    """Ids of those that are made a second time, and poured into the living one: whatever registers, registers."""
    planned: set[Statement] = field(default_factory=set)
    """Statements that will be executed."""
    kept: dict[Statement, set[Home]] = field(default_factory=dict)
    """Statements whose values stay as either release makes the same, and what they read that is bound anew."""
    judged: set[Statement] = field(default_factory=set)
    """Statements that changed by themselves, or were already looked at as dependents."""
