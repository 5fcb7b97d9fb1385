"""The undo log of one patch: what every touched object was before.

`touch_*` stores a pre-image before the first write to an object, once; `rollback` restores in reverse order, in place,
so that identities survive. Restoring a namespace is differential: names that did not change are not written, so that a
thread that looks one up meanwhile finds it.

The journal undoes what happened to Python objects. Effects outside of them (a socket opened by an executed statement)
are not undone; plans refuse statements that are likely to have some.
"""

from __future__ import annotations

import ctypes
import gc
import inspect
import sys
import types
import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from itertools import compress
from typing import Any

from ...errors import UndoFailed, UpgradeError

_MISSING = object()
_set_closure = ctypes.pythonapi.PyFunction_SetClosure
_set_closure.argtypes = [ctypes.py_object, ctypes.py_object]
_set_closure.restype = ctypes.c_int
_take, _give = ctypes.pythonapi.Py_IncRef, ctypes.pythonapi.Py_DecRef
_take.argtypes = _give.argtypes = [ctypes.py_object]
_take.restype = _give.restype = None

FUNCTION_FIELDS = (
    "__defaults__",
    "__kwdefaults__",
    "__annotations__",
    "__doc__",
    "__name__",
    "__qualname__",
    "__module__",
    *(["__type_params__"] if sys.version_info >= (3, 12) else []),
)


def set_code(function: types.FunctionType, code: types.CodeType, closure: tuple[types.CellType, ...] | None) -> None:
    """Give `function` another code and closure, of any number of free variables.

    `function.__code__ = …` insists on an equal number of free variables, so the closure goes first, through the
    public C API (`PyFunction_SetClosure`). Between the two the function must not be called: the caller holds the loop.
    """
    if closure is not function.__closure__:
        _set_closure(function, closure)
    _assign_codes([function], [code])


def set_globals(function: types.FunctionType, namespace: dict[str, Any]) -> None:
    """Give `function` another module's globals: it moved there. Its code must be set after that, as the interpreter
    remembers by it what it has looked up. CPython with the GIL; raises UpgradeError where the place is not found."""
    words = (ctypes.c_void_p * 8).from_address(id(function))
    before = function.__globals__
    place = next((index for index in range(2, 8) if words[index] == id(before)), None)
    if place is None:
        raise UpgradeError(f"`{function.__qualname__}` can't be moved to another module on this interpreter")
    _take(namespace)
    words[place] = id(namespace)
    _give(before)


class Journal:
    """Pre-images of everything a patch touches. Owned by one patch; not safe for threads."""

    def __init__(self) -> None:
        self._undo: list[tuple[str, Callable[[], None]]] = []
        self._seen: set[int] = set()
        self._keep: list[object] = []
        self._images: list[object] = []

    def __len__(self) -> int:
        return len(self._undo)

    def note(self, what: str, undo: Callable[[], None]) -> None:
        """Remember how to undo the step that is about to be taken."""
        self._undo.append((what, undo))

    def first_touch(self, obj: object) -> bool:
        """True once per object. Keeps it alive, so that its id stays its own and no destructor runs in the patch."""
        if id(obj) in self._seen:
            return False
        self._seen.add(id(obj))
        self._keep.append(obj)
        return True

    def knows(self, obj: object) -> bool:
        """There is a pre-image of `obj`."""
        return id(obj) in self._seen

    def spare(self, *images: object) -> None:
        """What a step of the undo has for itself: whoever exchanges an object everywhere leaves it alone."""
        self._images.extend(images)

    def images(self) -> set[int]:
        """Ids of all that, and of what the steps refer to it by."""
        cells = [cell for _, undo in self._undo for cell in getattr(undo, "__closure__", None) or ()]
        pairs = [one for one in self._keep if type(one) is tuple]
        return {id(one) for part in (self._images, cells, pairs, [self._images, self._keep]) for one in part}

    def touch_namespace(self, namespace: dict[str, Any], what: str) -> None:
        if self.first_touch(namespace):
            before = dict(namespace)
            self.spare(before)
            self.note(what, lambda: restore_dict(namespace, before))

    def touch_container(self, obj: Any, what: str) -> None:
        """A dict, list, set, deque or bytearray: contents, in place."""
        if not self.first_touch(obj):
            return
        if issubclass(type(obj), dict):
            items = dict(obj)
            self.spare(items)
            self.note(what, lambda: refill(obj, items))
            if isinstance(obj, defaultdict):
                factory = obj.default_factory
                self.note(what, lambda: setattr(obj, "default_factory", factory))
        elif issubclass(type(obj), list | set | deque | bytearray):
            copy = list(obj)
            self.spare(copy)
            self.note(what, lambda: refill(obj, copy))

    def touch_function(self, function: types.FunctionType) -> None:
        if not self.first_touch(function):
            return
        code, closure, namespace = function.__code__, function.__closure__, function.__globals__
        cells = [_cell_contents(cell) for cell in closure or ()]
        fields = {name: getattr(function, name) for name in FUNCTION_FIELDS}
        contents_of = [(value, dict(value)) for value in fields.values() if isinstance(value, dict)]
        attributes = dict(function.__dict__)
        number = id(function)
        self.spare(fields, cells, attributes, *(copy for _, copy in contents_of))

        def undo() -> None:
            if id(function) != number:
                return  # it was poured into another, and whoever held it holds that now: this function too
            if function.__globals__ is not namespace:
                set_globals(function, namespace)
            set_code(function, code, closure)
            for cell, contents in zip(closure or (), cells, strict=True):
                _set_cell(cell, contents)
            for name, value in fields.items():
                setattr(function, name, value)
            for mapping, contents in contents_of:
                refill(mapping, contents)
            restore_dict(function.__dict__, attributes)

        self.note(f"function {function.__qualname__}", undo)

    def swap_codes(self, pairs: Iterable[tuple[types.FunctionType, types.CodeType]]) -> None:
        """Swap the codes of many functions in one C-level call, so that no other thread sees half of them."""
        pairs = list(pairs)
        before = [function.__code__ for function, _ in pairs]
        functions = [function for function, _ in pairs]
        self._keep.append((functions, before))

        def undo() -> None:
            """What has other cells by now was poured into: it was touched before, and that step gives it all back."""
            fits = [len(f.__closure__ or ()) == len(c.co_freevars) for f, c in zip(functions, before, strict=True)]
            _assign_codes(list(compress(functions, fits)), list(compress(before, fits)))

        self.note(f"code of {len(functions)} functions", undo)
        _assign_codes(functions, [code for _, code in pairs])

    def set_attribute(self, owner: Any, name: str, value: Any) -> None:
        """`setattr` on a class, a module or an object, with its inverse."""
        self._note_attribute(owner, name)
        setattr(owner, name, value)

    def delete_attribute(self, owner: Any, name: str) -> None:
        self._note_attribute(owner, name)
        delattr(owner, name)

    def _note_attribute(self, owner: Any, name: str) -> None:
        before = vars(owner).get(name, _MISSING)
        names = list(vars(owner))
        self._keep.append((owner, before))

        def undo() -> None:
            if before is _MISSING:
                if name in vars(owner):
                    delattr(owner, name)
                return
            gone = name not in vars(owner)
            setattr(owner, name, before)
            if gone:
                _put_in_order(owner, names)

        self.note(f"{getattr(owner, '__qualname__', type(owner).__name__)}.{name}", undo)

    def rollback(self) -> None:
        """Undo everything, last first. Every step is tried; raises `UndoFailed` naming the first that could not be."""
        failed: list[tuple[str, BaseException]] = []
        while self._undo:
            what, undo = self._undo.pop()
            try:
                undo()
            except BaseException as exc:
                failed.append((what, exc))
        self.discard()
        if failed:
            what, cause = failed[0]
            raise UndoFailed(
                f"undoing {what} failed: {cause!r} ({len(failed)} step(s) in all)",
                do="restart this process: its code is neither the old nor the new release",
            ) from cause

    def discard(self) -> None:
        """Forget all pre-images: the patch stands. Idempotent."""
        self._undo.clear()
        self._seen.clear()
        self._keep.clear()
        self._images.clear()


def _assign_codes(functions: list[types.FunctionType], codes: list[types.CodeType]) -> None:
    turned = any((f.__code__.co_flags ^ code.co_flags) & _KIND for f, code in zip(functions, codes, strict=True))
    with warnings.catch_warnings() if turned else nullcontext():
        if turned:  # 3.12+ warns of a plain function that becomes a generator; the plan knows of it
            warnings.simplefilter("ignore", DeprecationWarning)
        deque(map(setattr, functions, ["__code__"] * len(functions), codes), maxlen=0)


_KIND = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def restore_dict(live: dict[Any, Any], before: dict[Any, Any]) -> None:
    """Bring `live` back to `before` in place and in its order, writing only what differs. What must change its place is
    taken out and put in again by one call, in which no other thread runs."""
    for key in [key for key in live if key not in before]:
        del live[key]
    for key, value in before.items():
        if live.get(key, _MISSING) is not value:
            live[key] = value
    if len(live) == len(before) and (first := _misplaced(live, before)) is not None:
        after = list(before)[first:]
        deque(map(live.__setitem__, after, map(live.pop, after)), maxlen=0)


def _misplaced(live: dict[Any, Any], before: dict[Any, Any]) -> int | None:
    return next((i for i, (a, b) in enumerate(zip(live, before, strict=True)) if a is not b and a != b), None)


def _put_in_order(owner: Any, names: list[str]) -> None:
    """A name that came back stands last: those that stood after it follow it again."""
    found = vars(owner)
    namespace: dict[str, Any] = (
        found if type(found) is dict else next(d for d in gc.get_referents(found) if type(d) is dict)
    )
    after = [name for name in names if name in namespace]
    if set(after) == set(namespace) and list(namespace) != after:
        deque(map(namespace.__setitem__, after, map(namespace.pop, after)), maxlen=0)


def refill(obj: Any, contents: Any) -> None:
    """Give a container these contents, in place."""
    if isinstance(obj, dict):
        if len(obj) == len(contents) and all(a is b for a, b in zip(dict.__iter__(obj), contents, strict=True)):
            restore_dict(obj, contents)
        elif isinstance(obj, OrderedDict):  # it keeps its order beside the dict's
            OrderedDict.clear(obj)
            OrderedDict.update(obj, contents)
        else:  # the order of keys is part of a dict's value
            dict.clear(obj)
            dict.update(obj, contents)
    elif isinstance(obj, list | bytearray):
        obj[:] = contents
    elif isinstance(obj, set):
        set.clear(obj)
        set.update(obj, contents)
    else:
        obj.clear()
        obj.extend(contents)


def _cell_contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _MISSING


def _set_cell(cell: types.CellType, contents: Any) -> None:
    if contents is _MISSING:
        try:
            del cell.cell_contents
        except ValueError:
            return
    else:
        cell.cell_contents = contents
