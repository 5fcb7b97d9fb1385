"""Pre-images of states, so that a migration can be undone exactly: contents in place, identities kept.

States are handed to `code_change` with their nested objects shared, not copied: a room's member list that a
module holds too must stay the same list. So whatever a migration may reach is walked beforehand (iteratively:
depth and cycles don't matter; each object once: aliases stay aliases), and of each mutable thing the contents
are kept. To restore, each thing is compared with its pre-image by identity, and only what differs is written.

Neither walk runs code of the user's: no `__eq__`, `__getattr__`, `__setattr__`, `__copy__`; contents.py and
shapes.py tell how, and what is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

from flyhot_asgi.errors import UndoFailed, UpgradeError
from flyhot_asgi.session.contents import CLASS, DICT, NAMESPACE, Kind
from flyhot_asgi.session.shapes import WAITERS, Shape, module_of, mro_of, shape_of

LIMIT = 2_000_000
"""References that a snapshot follows before it gives up: about half a second, some 200 MB in the worst
case."""

_UNSET: Any = object()
_ATOMS = (int, str, float, bool, bytes, complex, type(None), type(Ellipsis), range, slice)
_ASGI_TYPES = ("websocket", "http", "lifespan")
_TRANSPORT = frozenset({"receive", "send"})


class SnapshotTooLarge(UpgradeError):
    """The states refer to more than can be kept in the time of a hold. Nothing was changed."""

    kind = "snapshot_too_large"


@dataclass(frozen=True)
class _Instance:
    """Pre-image of an instance's own make-up: its class, which dict is its `__dict__`, and its slots."""

    cls: type
    shape: Shape
    namespace: dict[str, Any] | None
    slots: tuple[Any, ...]


class Snapshot:
    """The pre-images of everything mutable that its roots reach. Owns them until it is dropped."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._limit = limit
        self._followed = 0
        self._seen: set[int] = set()
        self._alive: list[object] = []  # so that an id in `_seen` stays its object's own
        self._contents: list[tuple[Kind, Any, Any]] = []
        self._instances: list[tuple[Any, _Instance]] = []
        self._shapes: dict[int, Shape | None] = {id(atom): None for atom in _ATOMS}
        self._root_shapes: dict[int, Shape | None] = {}
        self._classes: list[type] = []

    def __len__(self) -> int:
        """How many things have a pre-image."""
        return len(self._contents) + len(self._instances)

    def add(self, root: object) -> None:
        """Keep `root` and everything it reaches. `root` counts as the application's own, whatever its class
        is.

        Raises SnapshotTooLarge.
        """
        cls = type(root)
        if id(cls) not in self._root_shapes:
            self._classes.append(cls)
            self._root_shapes[id(cls)] = shape_of(cls, own=True)
        shape = self._root_shapes[id(cls)]
        if shape is not None and id(root) not in self._seen:
            self._walk(list(self._keep(root, shape)))

    def add_namespace(self, namespace: dict[str, Any]) -> None:
        """Keep a module's names and everything that its values reach; of the classes defined there, their
        attributes too. Raises SnapshotTooLarge."""
        self._walk(self._keep_by(NAMESPACE, namespace))
        module = namespace.get("__name__")
        for value in list(namespace.values()):
            if _is_class(value) and module_of(value) == module:
                self.add_class(value)

    def add_class(self, cls: type) -> None:
        """Keep a class's own attributes and everything that they reach. Raises SnapshotTooLarge."""
        self._walk(self._keep_by(CLASS, cls))

    def restore(self) -> None:
        """Make everything what it was. May be called more than once.

        Raises UndoFailed if something couldn't be put back; everything else has been, then.
        """
        failures: list[str] = []
        for obj, before in self._instances:
            _attempt(lambda obj=obj, before=before: _restore_instance(obj, before), obj, failures)
        for kind, obj, contents in self._contents:
            _attempt(lambda k=kind, o=obj, c=contents: k.same(o, c) or k.put(o, c), obj, failures)
        if failures:
            raise UndoFailed(
                f"{len(failures)} object(s) could not be put back: {'; '.join(failures[:5])}",
                do="restart the process",
            )

    def _walk(self, stack: list[object]) -> None:
        """Depth first, with a stack of our own."""
        seen, shapes = self._seen, self._shapes
        while stack:
            obj = stack.pop()
            cls = type(obj)
            shape = shapes.get(id(cls), _UNSET)
            if shape is _UNSET:
                shape = self._shape(cls)
            if shape is None or id(obj) in seen:
                continue
            stack.extend(self._keep(obj, shape))

    def _shape(self, cls: type) -> Shape | None:
        self._classes.append(cls)
        shape = self._shapes[id(cls)] = shape_of(cls)
        return shape

    def _keep(self, obj: Any, shape: Shape) -> Iterable[object]:
        """Take the pre-images of one object; returns what it refers to."""
        self._seen.add(id(obj))
        self._alive.append(obj)
        children: list[object] = []
        if shape.contents is not None and not _is_asgi_scope(obj):
            contents = shape.contents.take(obj)
            self._contents.append((shape.contents, obj, contents))
            children.extend(shape.contents.children(contents))
        elif shape.through is not None:
            children.extend(shape.through(obj))
        if shape.namespace is not None or shape.slots:
            children.extend(self._keep_instance(obj, shape))
        self._followed += len(children)
        if self._followed > self._limit:
            raise SnapshotTooLarge(
                "the states to migrate, and what they refer to, are too much to be put back if the upgrade "
                f"fails (over {self._limit} references). Nothing was changed; the old code still serves",
                do="keep large data out of reach of units that have a code_change, or deploy cold",
            )
        return children

    def _keep_by(self, kind: Kind, obj: Any) -> list[object]:
        """Take the pre-image of something that isn't to be seen as an ordinary object."""
        if id(obj) in self._seen:
            return []
        self._seen.add(id(obj))
        self._alive.append(obj)
        contents = kind.take(obj)
        self._contents.append((kind, obj, contents))
        return list(kind.children(contents))

    def _keep_instance(self, obj: Any, shape: Shape) -> list[object]:
        namespace: dict[str, Any] | None = None if shape.namespace is None else shape.namespace.__get__(obj)
        slots = tuple(_slot(member, obj) for member in shape.slots)
        self._instances.append((obj, _Instance(type(obj), shape, namespace, slots)))
        children = [value for value in slots if value is not _UNSET]
        if namespace is not None and id(namespace) not in self._seen:
            self._seen.add(id(namespace))
            names = DICT.take(namespace)
            self._contents.append((DICT, namespace, names))
            children.extend(value for name, value in names.items() if not _is_plumbing(name, value))
        return children


def _is_class(value: object) -> TypeGuard[type]:
    return any(each is type for each in mro_of(type(value)))


def _is_plumbing(name: object, value: object) -> bool:
    """Attributes not to be walked into: the connection's callables, and the futures of those who wait."""
    return type(name) is str and (name in WAITERS or (name in _TRANSPORT and callable(value)))


def _is_asgi_scope(obj: object) -> bool:
    """An ASGI scope belongs to the server and the framework; it refers to the whole application."""
    if type(obj) is not dict or "asgi" not in obj:
        return False
    kind = obj.get("type")
    return type(kind) is str and kind in _ASGI_TYPES


def _slot(member: Any, obj: object) -> Any:
    try:
        return member.__get__(obj)
    except AttributeError:
        return _UNSET


def _restore_instance(obj: Any, before: _Instance) -> None:
    if type(obj) is not before.cls:
        object.__setattr__(obj, "__class__", before.cls)
    if before.namespace is not None and before.shape.namespace.__get__(obj) is not before.namespace:
        before.shape.namespace.__set__(obj, before.namespace)
    for member, value in zip(before.shape.slots, before.slots, strict=True):
        if _slot(member, obj) is value:
            continue
        if value is _UNSET:
            member.__delete__(obj)
        else:
            member.__set__(obj, value)


def _attempt(step: Any, obj: object, failures: list[str]) -> None:
    try:
        step()
    except BaseException as error:  # whatever it is, the other objects must be put back as well
        failures.append(f"{type(obj).__qualname__}: {type(error).__name__}")
