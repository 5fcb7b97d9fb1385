"""The plan of an upgrade: every change of the source with its action, or its refusal. Values only.

A plan without refusals can be applied; one with refusals says for each the file, the line, the reason and what to do.
What a plan shows (`document()`) and what it does (`work`) are made in one place, so that they can't tell two stories.
"""

from __future__ import annotations

import types
import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from .diff import Change
from .drift import Drift
from .module import SourceModule, Statement

COLD = "deploy this change cold (restart the app)"
"""What to do about most of what can't be done."""


class Action(Enum):
    """What is done with one definition."""

    SWAP = "swap"
    """new code into the living function objects"""
    MOVE = "move"
    """equal code at other lines: swapped too, so that tracebacks point to the right place"""
    EXECUTE = "execute"
    """the statement is executed in the living namespace, under adoption"""
    GRAFT = "graft"
    """members of a living class are replaced, the class object stays"""
    DEFINE = "define"
    """the name is new: its statement is executed"""
    DELETE = "delete"
    REBUILD = "rebuild"
    """made again in place: a container or an instance, which stays the same object, or what was registered with it"""
    IMPORT = "import"
    """a name that comes from elsewhere is bound anew"""
    KEEP = "keep"
    """the living value stays, though what made it changed"""


@dataclass(frozen=True)
class Step:
    """One line of the plan. `line` is that of the new source, of the old one for a deletion (1-based). `instances`: how
    many of the class are alive (of a member: of its class); `frames`: how many run its old code until they return."""

    module: str
    name: str
    file: str
    line: int
    action: Action
    why: str
    instances: int = 0
    frames: int = 0

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "action": self.action.value}


@dataclass(frozen=True)
class Refusal:
    """Why one change can't be made while the app runs, and what to do instead."""

    module: str
    file: str
    line: int
    name: str
    reason: str
    do: str


@dataclass(frozen=True)
class Failing:
    """Coroutines and generators under way that will fail on their old code, all at one line for one reason."""

    refusal: Refusal
    running: Sequence[weakref.ref[Any]]


@dataclass(frozen=True)
class Execute:
    """Execute one statement of the new release in its living module.

    `keep` pours a container's new contents into the old object; `annotate_only` takes over an annotation and leaves
    the living value alone; `rewrap` lets what the outermost decorator gives take the place of the old object, whatever
    that was; `same` says that the name must mean the same object afterwards; `adopt` is off for
    statements whose name a later one binds again (overloads); `recast` lets a class statement make the living class
    again (`patching.recast`).
    """

    module: str
    statement: Statement
    keep: bool = False
    annotate_only: bool = False
    rewrap: bool = False
    same: bool = False
    adopt: bool = True
    recast: bool = False
    kept: tuple[tuple[str, frozenset[str]], ...] = ()
    """Living instances and functions that stay, with their attributes that stay: the program changed them, or the
    release did not."""
    cold: tuple[tuple[str, Any], ...] = ()
    """What the old release made of a name where the program changed it: merged item by item."""
    but: frozenset[str] | None = None
    """Of a star import: names that it brings and later statements bind otherwise."""
    layer: int = 0
    """How many decorators, from the outside, hand on what they are given: `rewrap` looks below them."""
    lasting: tuple[tuple[str, Any], ...] = ()
    """Members of a class that is recast which stay: their statement gives something else each time (a random key)."""
    unseen: frozenset[str] = frozenset()
    """Names that the module does not have yet where a cold import executes it, if it looks at all of them."""
    unentered: bool = False
    """A block whose condition must not hold: what stands in it is not executed."""


@dataclass(frozen=True)
class Graft:
    """Replace members of a living class: `changes` are those of its body, imports and nested classes included."""

    module: str
    cls: type
    node_path: tuple[str, ...]
    """Names from the module's top to the class."""
    changes: tuple[Change, ...]
    deleted: frozenset[str]
    undocumented: bool = False
    """Its docstring is gone."""
    unseen: frozenset[str] = frozenset()
    """What its metaclass put into it, and a class body does not see."""

    def within(self, module: str, name: str) -> bool:
        """It is about the class `name` of a module, or one nested in it."""
        return self.module == module and self.node_path[0] == name


@dataclass(frozen=True)
class TwinOf:
    """One living class that a statement makes anew. `keep`: members that stay the living ones, as the program may have
    changed them and the release did not; `bound`: names that the new class body binds; `fresh`: of those that stay,
    which the statement makes a second time: what it made of the second (a field's default) holds the living one;
    `exchanged`: methods under other decorators: what these give takes the place of what the name means."""

    cls: type
    path: tuple[str, ...]
    keep: frozenset[str]
    bound: frozenset[str]
    fresh: frozenset[str] = frozenset()
    exchanged: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Twin:
    """Execute a statement that makes classes, and pour what comes out into the living ones.

    `classes` are listed outer ones first. `state`: attributes that functions of the app set or change; `holders`:
    containers that hold the living classes now; `deleted`: members of the first class that are gone from the source.
    """

    module: str
    statement: Statement
    classes: tuple[TwinOf, ...]
    state: frozenset[str]
    holders: tuple[Any, ...]
    deleted: frozenset[str]


@dataclass(frozen=True, eq=False)
class Remade:
    """An object at module level that stays, and is made again by all the `statements` that make and fill it.

    `attributes`: it is a function or a class, and only attributes that statements set on it are looked after. `held`:
    who would not see it if it became another object. `given_up`: nobody looked at what the program changed in it, and
    no function of the app changes it.
    """

    module: str
    name: str
    statements: tuple[Statement, ...]
    attributes: bool = False
    held: str = ""
    given_up: bool = False


@dataclass(frozen=True)
class Entered:
    """A definition whose decorators enter it nobody knows where (`patching.entering`), by its statements of both
    releases, where it has them.

    `exchanged`: its decorators are others. `before`: the statement, with its module, before whose entries its own stand
    if it had none; `last`: there is none. `made`: it is a class that lives, and is made again.
    """

    module: str
    name: str
    old: Statement | None
    new: Statement | None
    exchanged: bool = False
    before: tuple[tuple[str, Statement], ...] = ()
    last: bool = True
    made: bool = False


@dataclass(frozen=True, eq=False)
class Repeated:
    """A statement that was executed by the import, is executed once more with all that it does to libraries, and shall
    find and leave there what it had set. `roots`: the libraries' objects that it starts from, `asked`: what for."""

    module: str
    statement: Statement
    roots: tuple[Any, ...] = ()
    asked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Configured:
    """A statement that is executed for what it sets in libraries or in the process, and sets otherwise than before;
    None if there is none any more (`patching.configuring`). `roots`, `asked`: as in `Repeated`."""

    module: str
    statement: Statement | None
    gone: Statement | None = None
    roots: tuple[Any, ...] = ()
    asked: frozenset[str] = frozenset()
    handed: tuple[tuple[str, str], ...] = ()
    """Names of the app's whose values the library is handed, and which are not made anew."""
    once: bool = False
    """It does nothing to a logger that has a handler."""


@dataclass(frozen=True)
class Move:
    """A function or class whose definition is another module's now. The living object stays: what that module made is
    poured into it, and takes over its globals. `twin` says what of a class stays."""

    living: Any
    old: tuple[str, str]
    new: tuple[str, str]
    statement: Statement
    twin: Twin | None = None


@dataclass(eq=False)
class Parts:
    """A dict that a library's object has, of which statements of the release set entries, or set them no more."""

    place: dict[Any, Any]
    what: str
    home: tuple[str, str]
    """The name by which a statement has it."""
    gone: set[object] = field(default_factory=set)
    """Keys that no statement sets any more."""
    others: bool = False
    """Some entry that was there is another one, or gone."""


@dataclass(frozen=True)
class StaleFrame:
    """Frames of one function that are under way: they end on the old code."""

    name: str
    file: str
    line: int
    count: int


@dataclass
class Plan:
    """Everything that an upgrade will do, in the order in which it will be done."""

    old: Mapping[str, SourceModule]
    new: Mapping[str, SourceModule]
    live: Mapping[str, types.ModuleType]
    changed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stale_frames: list[StaleFrame] = field(default_factory=list)
    failing: list[Failing] = field(default_factory=list)
    """What will fail on its old code: refused where nobody ends it before."""
    fails: Callable[[Any], Refusal | None] | None = None
    """Will this coroutine or generator fail? Asked again of those that are there when the code is exchanged."""
    work: list[Execute | Graft | Twin] = field(default_factory=list)
    deleted_names: list[tuple[str, str]] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    """New modules that a cold import has and that no import statement names: plugins that a loop looks for."""
    may_find: bool = False
    """There are more of them than it knows of: modules that nothing names, and code that imports by computed names."""
    submodules: list[tuple[str, str]] = field(default_factory=list)
    """Packages, and names of theirs that mean the submodule whatever statements bound."""
    moves: list[Move] = field(default_factory=list)
    registrations: list[Any] = field(default_factory=list)
    code_holders: list[Any] = field(default_factory=list)
    """Living containers that hold code objects."""
    remade: list[Remade] = field(default_factory=list)
    entered: list[Entered] = field(default_factory=list)
    repeated: list[Repeated] = field(default_factory=list)
    configured: list[Configured] = field(default_factory=list)
    parts: list[Parts] = field(default_factory=list)
    apart: dict[Statement, frozenset[int]] = field(default_factory=dict)
    """Which of a definition's decorators an adapter looks after: what the others enter is `entered`."""
    renamed: list[str] = field(default_factory=list)
    """Modules with statements that set something on whatever their names mean."""
    seen: list[weakref.ref[types.FunctionType]] = field(default_factory=list)
    """The app's functions that lived when the plan was made."""
    drift: Drift | None = None
    """What the program changed since the import, as the plan was made with it."""
    preimport: list[str] = field(default_factory=list)
    caches: list[Any] = field(default_factory=list)
    """Living `lru_cache` wrappers to be emptied."""
    cells: dict[str, set[tuple[str, tuple[str, str], str]]] = field(default_factory=dict)
    """By module, variables of closures that stay: of which function (`f`, `C.f`), the file and qualified name of the
    one inside of it that has the variable, and that."""
    memos: list[tuple[type, str, bool]] = field(default_factory=list)
    """Classes with `functools.cached_property`s whose values, which their instances keep, old code gave; and whether
    these are no state, whatever they are."""
    stored_names: list[tuple[dict[str, Any], frozenset[str]]] = field(default_factory=list)
    """Modules' namespaces with names that old code of a `__getattr__` put there."""
    unmet: list[tuple[type, Callable[[Any], bool]]] = field(default_factory=list)
    """Classes whose new code would not do for an instance that the old code makes, if there were one, and that no
    `code_change` migrates: does this one lack something? Asked again of who has come since the plan was made."""
    orphans: weakref.WeakSet[types.FunctionType] = field(default_factory=weakref.WeakSet)
    """Functions that the new source has no counterpart for, and that nobody holds who could call them."""

    def note_orphan(self, value: object, outside: list[str]) -> None:
        """A definition that leaves the app, and that only the program around the app still refers to."""
        kind: Any = value if isinstance(value, type | types.FunctionType) else type(value)
        name = f"`{kind.__module__}.{kind.__qualname__}`"
        name = name if kind is value else f"an instance of {name}"  # it is asked nothing: that may run its code
        note = f"{name} lives on outside of the app, as it was: {', '.join(outside[:3])}"
        if note not in self.notes:
            self.notes.append(note)

    @property
    def executes(self) -> bool:
        """More is done than swapping the code of functions."""
        rebuilt = any(one.executes for one in self.registrations)
        gone = bool(self.deleted or self.deleted_names)
        return bool(self.work or self.configured or self.parts or rebuilt or self.added or gone or self.may_find)

    def counts(self) -> dict[str, int]:
        """Definitions by action."""
        return dict(Counter(step.action.value for step in self.steps))

    def document(self) -> dict[str, Any]:
        """The plan as plain data (`modules`, `steps`, `refusals`, `notes`, `stale_frames`), as docs/reference/json.md
        tells it."""
        return {
            "modules": {"changed": self.changed, "added": self.added, "deleted": self.deleted},
            "steps": [step.document() for step in self.steps],
            "refusals": [asdict(refusal) for refusal in self.refusals],
            "notes": self.notes,
            "stale_frames": [asdict(frame) for frame in self.stale_frames],
        }
