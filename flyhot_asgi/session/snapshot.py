"""Pre-images of states, so that a migration can be undone exactly: contents in place, identities kept.

States are handed to `code_change` with their nested objects shared, not copied: a room's member list that a
module holds too must stay the same list. So whatever a migration may reach is walked beforehand (iteratively:
depth and cycles don't matter; each object once: aliases stay aliases), and of each mutable thing the contents
are kept. To restore, each thing is compared with its pre-image by identity, and only what differs is written.

Everybody is held meanwhile, so the walk goes level by level, and each level class by class: what is done for
each object is done by the loops of C's `map`, `chain` and `gc.get_referents`.

Neither walk runs code of the user's: no `__eq__`, `__getattr__`, `__setattr__`, `__copy__`; contents.py and
shapes.py tell how, and what is left alone. Classes are told apart by `is` and `id`: a metaclass may define
`__hash__`.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from types import FunctionType, MethodType, NoneType
from typing import Any, TypeGuard

from flyhot_asgi.errors import UndoFailed, UpgradeError
from flyhot_asgi.session.contents import CLASS, DICT, NAMESPACE, Kind
from flyhot_asgi.session.shapes import WAITERS, Shape, module_of, mro_of, shape_of

LIMIT = 2_000_000
"""References that a snapshot follows before it gives up: about half a second, some 200 MB in the worst
case."""

_FEW = 3
_PIECE = 500
"""So many things are let go of at once."""

_UNSET: Any = object()
_ATOMS = (int, str, float, bool, bytes, complex, NoneType, type(Ellipsis), range, slice)
_ASGI_TYPES = ("websocket", "http", "lifespan")
_TRANSPORT = frozenset({"receive", "send"})
_PLUMBING = WAITERS | _TRANSPORT


class SnapshotTooLarge(UpgradeError):
    """The states refer to more than can be kept in the time of a hold. Nothing was changed."""

    kind = "snapshot_too_large"


@dataclass(frozen=True)
class _Contents:
    """Pre-images of the contents of things of one kind; the lists run side by side."""

    kind: Kind
    objects: list[Any]
    before: list[Any]


@dataclass(frozen=True)
class _Instances:
    """Pre-images of the make-up of instances of one class: which dict is its `__dict__`, and its slots."""

    cls: type
    shape: Shape
    objects: list[Any]
    namespaces: list[dict[str, Any] | None]
    slots: list[tuple[Any, ...]]


class Snapshot:
    """The pre-images of everything mutable that its roots reach. Owns them until it is dropped."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._limit = limit
        self._followed = 0
        # By class and then by id; holds what it lists, so that an id stays its object's own.
        self._seen: dict[int, dict[int, Any]] = {}
        self._contents: list[_Contents] = []
        self._instances: list[_Instances] = []
        self._shapes: dict[int, Shape | None] = {id(atom): None for atom in _ATOMS}
        self._root_shapes: dict[int, Shape | None] = {}
        self._classes: list[type] = []

    def __len__(self) -> int:
        """How many things have a pre-image."""
        return sum(len(group.objects) for group in self._contents) + sum(
            len(group.objects) for group in self._instances
        )

    def add(self, root: object) -> None:
        """Keep `root` and everything it reaches. `root` counts as the application's own, whatever its class
        is.

        Raises SnapshotTooLarge.
        """
        self.add_all([root])

    def add_all(self, roots: Iterable[object]) -> None:
        """`add()` for each, at a fraction of the time."""
        self._walk(self._keep_level(roots, self._root_shapes, own=True))

    def add_namespace(self, namespace: dict[str, Any]) -> None:
        """Keep a module's names and everything that its values reach; of the classes defined there, their
        attributes too. Raises SnapshotTooLarge."""
        self._keep_by(NAMESPACE, namespace)
        module = namespace.get("__name__")
        for value in list(namespace.values()):
            if _is_class(value) and module_of(value) == module:
                self.add_class(value)

    def add_class(self, cls: type) -> None:
        """Keep a class's own attributes and everything that they reach. Raises SnapshotTooLarge."""
        self._keep_by(CLASS, cls)

    def restore(self) -> None:
        """Make everything what it was. May be called more than once.

        Raises UndoFailed if something couldn't be put back; everything else has been, then.
        """
        failures: list[str] = []
        for instances in self._instances:
            for each in zip(instances.objects, instances.namespaces, instances.slots, strict=True):
                try:
                    _restore_instance(instances, *each)
                except BaseException as error:  # whatever it is, the others must be put back as well
                    failures.append(f"{type(each[0]).__qualname__}: {type(error).__name__}")
        for group in self._contents:
            kind = group.kind
            for obj, before in zip(group.objects, group.before, strict=True):
                try:
                    if not kind.same(obj, before):
                        kind.put(obj, before)
                except BaseException as error:
                    failures.append(f"{type(obj).__qualname__}: {type(error).__name__}")
        if failures:
            raise UndoFailed(
                f"{len(failures)} object(s) could not be put back: {'; '.join(failures[:5])}",
                do="restart the process",
            )

    def dismantle(self) -> Iterator[None]:
        """Let go of everything, a little at each step: a snapshot of thousands takes long to free. Not to be restored
        any more; who stops in between lets go of the rest at once."""
        self._classes, self._shapes, self._root_shapes = [], {}, {}
        self._contents = [group for group in self._contents if group.kind is not CLASS and group.kind is not NAMESPACE]
        lists = [each for group in self._contents for each in (group.before, group.objects)]
        lists += [each for group in self._instances for each in (group.slots, group.namespaces, group.objects)]
        self._contents, self._instances = [], []
        yield from taken_apart(lists)
        for seen in self._seen.values():
            while seen:
                for _ in range(min(_PIECE, len(seen))):
                    seen.popitem()
                yield

    def _walk(self, level: list[Iterable[object]]) -> None:
        """Breadth first."""
        while level:
            level = self._keep_level(chain.from_iterable(level), self._shapes)

    def _keep_level(
        self, level: Iterable[object], shapes: dict[int, Shape | None], *, own: bool = False
    ) -> list[Iterable[object]]:
        """Take the pre-images of what is new in `level`; returns what that refers to."""
        found = [
            each
            for each in level
            if (cls := type(each)) is not str and cls is not int and cls is not NoneType and cls is not MethodType
        ]
        children: list[Iterable[object]] = []
        for cls, objects in _by_class(found):
            number = id(cls)
            shape = shapes.get(number, _UNSET)
            if shape is _UNSET:
                self._classes.append(cls)
                shape = shapes[number] = shape_of(cls, own=own)
            if shape is not None and (new := self._new(number, _without_scopes(objects))):
                children += self._keep(new, shape)
        return children

    def _new(self, cls: int, objects: list[Any]) -> list[Any]:
        """Those that have no pre-image yet, each once; `cls` is the id of their class."""
        new = {id(obj): obj for obj in objects}
        seen = self._seen.get(cls)
        if seen is None:
            self._seen[cls] = new
        else:
            if not seen.keys().isdisjoint(new):
                new = {number: obj for number, obj in new.items() if number not in seen}
            seen.update(new)
        return list(new.values())

    def _keep(self, objects: list[Any], shape: Shape) -> list[Iterable[object]]:
        """Take the pre-images of objects of one class; returns what they refer to."""
        children: list[Iterable[object]] = []
        if shape.contents is not None:
            children.append(self._keep_contents(shape.contents, objects))
        elif shape.through is not None:
            through = list(chain.from_iterable(map(shape.through, objects)))
            self._follow(len(through))
            children.append(through)
        if shape.namespace is not None or shape.slots:
            children += self._keep_instances(objects, shape)
        return [each for each in children if each]

    def _keep_contents(self, kind: Kind, objects: list[Any]) -> list[object]:
        before = list(map(kind.take, objects))
        self._contents.append(_Contents(kind, objects, before))
        referred = gc.get_referents(*before)
        self._follow(len(referred))
        return referred

    def _keep_by(self, kind: Kind, obj: Any) -> None:
        """Keep something that isn't to be seen as an ordinary object, and what it reaches."""
        if self._new(id(kind), [obj]):
            before = kind.take(obj)
            self._contents.append(_Contents(kind, [obj], [before]))
            self._follow(len(before))
            self._walk([[value for name, value in before.items() if name != "__builtins__"]])

    def _keep_instances(self, objects: list[Any], shape: Shape) -> list[Iterable[object]]:
        namespaces: list[dict[str, Any] | None] = [None] * len(objects)
        if shape.namespace is not None:
            namespaces = list(map(shape.namespace.__get__, objects))
        slots: list[tuple[Any, ...]] = [()] * len(objects)
        if shape.slots:
            slots = [tuple([_slot(member, obj) for member in shape.slots]) for obj in objects]
        self._instances.append(_Instances(type(objects[0]), shape, objects, namespaces, slots))
        children: list[Iterable[object]] = []
        if shape.slots:
            children.append([value for value in chain.from_iterable(slots) if value is not _UNSET])
        if shape.namespace is not None:
            held = [names for names in namespaces if names is not None]
            children.append(self._keep_attributes(self._new(id(dict), held)))
        return children

    def _keep_attributes(self, namespaces: list[dict[str, Any]]) -> Iterable[object]:
        """Take the pre-images of instances' `__dict__`s; returns their values."""
        before = list(map(dict.copy, namespaces))
        self._contents.append(_Contents(DICT, namespaces, before))
        self._follow(sum(map(len, before)))
        plumbing = [names[name] for name in _PLUMBING for names in before if name in names]
        if not [1 for value in plumbing if type(value) is not MethodType and type(value) is not FunctionType]:
            return chain.from_iterable(map(dict.values, before))  # methods and functions are left alone anyway
        return [value for names in before for name, value in names.items() if not _is_plumbing(name, value)]

    def _follow(self, references: int) -> None:
        self._followed += references
        if self._followed > self._limit:
            raise SnapshotTooLarge(
                "the states to migrate, and what they refer to, are too much to be put back if the upgrade "
                f"fails (over {self._limit} references). Nothing was changed; the old code still serves",
                do="keep large data out of reach of units that have a code_change, or deploy cold",
            )


def taken_apart(lists: Iterable[list[Any]]) -> Iterator[None]:
    """Empty them, a piece at each step."""
    for each in lists:
        while each:
            del each[-_PIECE:]
            if each:
                yield


def _by_class(objects: list[object]) -> Iterator[tuple[type, list[object]]]:
    """The objects by their class: in as many passes as there are classes if they are few, which is quickest."""
    for _ in range(_FEW):
        if not objects:
            return
        cls = type(objects[0])
        same = [each for each in objects if type(each) is cls]
        yield cls, same
        objects = [] if len(same) == len(objects) else [each for each in objects if type(each) is not cls]
    by_class: defaultdict[int, list[object]] = defaultdict(list)
    for each in objects:
        by_class[id(type(each))].append(each)
    for same in by_class.values():
        yield type(same[0]), same


def _is_class(value: object) -> TypeGuard[type]:
    return any(each is type for each in mro_of(type(value)))


def _is_plumbing(name: object, value: object) -> bool:
    """Attributes not to be walked into: the connection's callables, and the futures of those who wait."""
    return type(name) is str and (name in WAITERS or (name in _TRANSPORT and callable(value)))


def _without_scopes(objects: list[Any]) -> list[Any]:
    """An ASGI scope belongs to the server and the framework; it refers to the whole application."""
    if type(objects[0]) is not dict:
        return objects
    return [obj for obj in objects if "asgi" not in obj or not _is_asgi_type(obj.get("type"))]


def _is_asgi_type(kind: object) -> bool:
    return type(kind) is str and kind in _ASGI_TYPES


def _slot(member: Any, obj: object) -> Any:
    try:
        return member.__get__(obj)
    except AttributeError:
        return _UNSET


def _restore_instance(group: _Instances, obj: Any, namespace: dict[str, Any] | None, slots: tuple[Any, ...]) -> None:
    shape = group.shape
    if type(obj) is not group.cls:
        object.__setattr__(obj, "__class__", group.cls)
    if namespace is not None and shape.namespace.__get__(obj) is not namespace:
        shape.namespace.__set__(obj, namespace)
    for member, value in zip(shape.slots, slots, strict=True):
        if _slot(member, obj) is value:
            continue
        if value is _UNSET:
            member.__delete__(obj)
        else:
            member.__set__(obj, value)
