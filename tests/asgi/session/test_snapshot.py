"""Snapshots: everything is put back as it was, in place, and no user code runs."""

from __future__ import annotations

import asyncio
import types
from array import array
from collections import Counter, OrderedDict, UserDict, defaultdict, deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyhot_asgi.session import Gate, Valve
from flyhot_asgi.session.snapshot import Snapshot, SnapshotTooLarge


class Node:
    """An instance of the application's own."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


class Slotted:
    __slots__ = ("a", "b")


class SlottedChild(Slotted):
    __slots__ = ("__dict__", "c")


class MyDict(dict[Any, Any]):
    def __iter__(self) -> Any:
        raise AssertionError("user code ran")

    items = keys = values = copy = clear = update = __iter__  # type: ignore[assignment]


class MyList(list[Any]):
    def __iter__(self) -> Any:
        raise AssertionError("user code ran")


class Hostile:
    """Every hook that a careless walk would run."""

    armed = False

    def __init__(self, value: Any = None) -> None:
        object.__setattr__(self, "value", value)

    def _trap(self, *args: Any) -> Any:
        if Hostile.armed:
            raise AssertionError("user code ran")
        return NotImplemented

    def __hash__(self) -> int:
        self._trap()
        return 7

    def __getattribute__(self, name: str) -> Any:
        if Hostile.armed:
            raise AssertionError(f"user code ran for {name}")
        return object.__getattribute__(self, name)

    __eq__ = __ne__ = __copy__ = __deepcopy__ = __reduce_ex__ = __bool__ = __len__ = _trap  # type: ignore[assignment]
    __getattr__ = __setattr__ = __delattr__ = __repr__ = __str__ = __iter__ = _trap  # type: ignore[assignment]


def keep(*roots: object) -> Snapshot:
    snapshot = Snapshot()
    for root in roots:
        snapshot.add(root)
    return snapshot


def describe(root: object) -> object:
    """All that can be reached, as plain data: identities of objects, their order, aliases and cycles."""
    seen: dict[int, int] = {}
    out: list[object] = []

    def visit(obj: Any) -> None:
        if isinstance(obj, (int, str, type(None))):
            out.append(obj)
            return
        out.append((type(obj), id(obj)))
        if id(obj) in seen:
            return
        seen[id(obj)] = len(seen)
        if isinstance(obj, dict):
            for key, value in obj.items():
                visit(key)
                visit(value)
        elif isinstance(obj, (set, frozenset)):
            for each in sorted(obj, key=lambda each: (str(type(each)), str(each))):
                visit(each)
        elif isinstance(obj, (list, tuple, deque)):
            for each in obj:
                visit(each)
        elif isinstance(obj, bytearray):
            out.append(bytes(obj))
        elif isinstance(obj, Node):
            visit(vars(obj))
        out.append("end")

    visit(root)
    return out


CONTAINERS: list[tuple[Any, Any]] = [
    ({"a": 1, "b": 2}, lambda o: (o.pop("a"), o.update(c=3, b=9))),
    ([1, 2, 3], lambda o: (o.reverse(), o.append(4))),
    ({1, 2}, lambda o: (o.discard(1), o.add(9))),
    (deque([1, 2], maxlen=3), lambda o: o.extend([7, 8])),
    (bytearray(b"abc"), lambda o: o.extend(b"d")),
    (array("i", [1, 2]), lambda o: o.append(3)),
    (OrderedDict(a=1, b=2), lambda o: o.move_to_end("a")),
    (Counter("aab"), lambda o: o.update("b")),
    (UserDict(a=1), lambda o: o.update(a=2)),
    (types.SimpleNamespace(a=1), lambda o: vars(o).update(a=2, b=3)),
]


@pytest.mark.parametrize(("obj", "change"), CONTAINERS, ids=lambda each: type(each).__name__)
def test_a_container_gets_its_contents_back_in_place(obj: Any, change: Any) -> None:
    root = Node(deep=(frozenset(), [obj]))
    before = repr(obj)
    snapshot = keep(root)
    change(obj)
    assert repr(obj) != before
    snapshot.restore()
    assert repr(obj) == before
    assert root.deep[1][0] is obj
    snapshot.restore()
    assert repr(obj) == before


def test_a_default_factory_is_put_back() -> None:
    counts: defaultdict[str, int] = defaultdict(int)
    snapshot = keep(Node(counts=counts))
    counts["x"] += 1
    counts.default_factory = None
    snapshot.restore()
    assert (dict(counts), counts.default_factory) == ({}, int)


def test_an_instance_gets_back_its_attributes_its_dict_its_class_and_its_slots() -> None:
    class Other(Node):
        pass

    node, slotted = Node(a=1, b=[]), SlottedChild()
    slotted.a, slotted.c, slotted.d = 1, [2], 3  # type: ignore[attr-defined]
    attributes = vars(node)
    snapshot = keep(Node(node=node, slotted=slotted))
    node.__dict__ = {"z": 1}
    node.__class__ = Other
    attributes["a"] = 5
    slotted.b, slotted.c = 9, None  # type: ignore[attr-defined]
    del slotted.a, slotted.d  # type: ignore[attr-defined]
    snapshot.restore()
    assert (type(node), vars(node), vars(node) is attributes) == (Node, {"a": 1, "b": []}, True)
    assert (slotted.a, slotted.c, slotted.d, hasattr(slotted, "b")) == (1, [2], 3, False)  # type: ignore[attr-defined]


def test_the_order_of_a_dict_is_put_back() -> None:
    obj = {"a": 1, "b": 2, "c": 3}
    snapshot = keep(Node(obj=obj))
    obj["a"] = obj.pop("a")
    snapshot.restore()
    assert list(obj) == ["a", "b", "c"]


def test_an_alias_held_elsewhere_stays_an_alias() -> None:
    room: list[str] = ["ann"]
    module = {"room": room}
    member = Node(room=room)
    snapshot = keep(member)
    member.room = ["somebody", "else"]
    room.clear()
    snapshot.restore()
    assert member.room is module["room"] is room and room == ["ann"]


def test_deep_and_cyclic_data_are_no_trouble() -> None:
    root: list[Any] = []
    inner = root
    for _ in range(50_000):
        inner.append([])
        inner = inner[0]
    inner.append(root)
    node = Node(root=root)
    node.me = node
    snapshot = keep(node)
    inner.clear()
    del node.me
    snapshot.restore()
    assert inner[0] is root and node.me is node


def test_no_user_code_runs_while_taking_and_restoring() -> None:
    items = [Hostile(["x"]) for _ in range(3)]
    keyed = {items[0]: 1, items[1]: 2}
    shelf, odd, several = MyList(items), MyDict(a=1), {items[0], items[2]}
    root = Node(items=items, keyed=keyed, shelf=shelf, odd=odd, several=several)
    values = [object.__getattribute__(each, "value") for each in items]
    Hostile.armed = True
    try:
        snapshot = keep(root)
        for value in values:
            value.append("y")
        keyed.clear()
        list.pop(shelf)
        dict.__setitem__(odd, "a", 2)
        several.clear()
        items.reverse()
        object.__delattr__(items[0], "value")
        snapshot.restore()
    finally:
        Hostile.armed = False
    assert values == [["x"]] * 3
    assert [object.__getattribute__(each, "value") is value for each, value in zip(items, values, strict=True)]
    assert [id(key) for key in keyed] == [id(items[0]), id(items[1])]
    assert (list.__len__(shelf), dict.__getitem__(odd, "a"), len(several)) == (3, 1, 2)


def test_plumbing_is_left_alone() -> None:
    """Scope, tasks, loops, modules, classes, functions and our own gates belong to others."""

    async def receive() -> Any: ...

    async def send(message: Any) -> None: ...

    async def scenario() -> None:
        future: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        scope: dict[str, Any] = {"type": "websocket", "asgi": {}, "app": []}
        gate = Gate(receive, send, Valve())
        root = Node(scope=scope, future=future, gate=gate, module=asyncio, cls=Node, function=keep)
        snapshot = keep(root)
        scope["later"] = 1
        future.set_result([])
        gate.parks = 99
        root.scope = None
        snapshot.restore()
        assert root.scope is scope and scope["later"] == 1
        assert future.done() and gate.parks == 99

    asyncio.run(scenario())


def test_a_queue_gets_its_items_back_and_its_waiters_are_left_alone() -> None:
    async def scenario() -> None:
        full: asyncio.Queue[int] = asyncio.Queue()
        empty: asyncio.Queue[int] = asyncio.Queue()
        full.put_nowait(1)
        waiter = asyncio.create_task(empty.get())
        await asyncio.sleep(0)
        snapshot = keep(Node(full=full, empty=empty))
        full.get_nowait()
        empty.put_nowait(5)
        snapshot.restore()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (full.get_nowait(), waiter.done(), empty.empty()) == (1, False, True)
        empty.put_nowait(7)
        assert await asyncio.wait_for(waiter, 5) == 7

    asyncio.run(scenario())


def test_more_than_the_limit_is_refused() -> None:
    with pytest.raises(SnapshotTooLarge, match="old code still serves"):
        Snapshot(limit=100).add(Node(data=list(range(1000))))


def test_a_module_and_the_classes_in_it_get_their_values_back() -> None:
    module = types.ModuleType("rooms")
    exec("ROOMS = {'a': [1]}\ncount = 0\nclass Room:\n    open = []\n    total = 0\n", vars(module))
    room = module.Room
    snapshot = Snapshot()
    snapshot.add_namespace(vars(module))
    module.ROOMS["a"].append(2)
    module.ROOMS["b"] = 1
    module.count, module.extra = 5, 6
    room.open.append(1)
    room.total, room.more = 3, 4
    snapshot.restore()
    assert (module.ROOMS, module.count, hasattr(module, "extra")) == ({"a": [1]}, 0, False)
    assert (room.open, room.total, hasattr(room, "more")) == ([], 0, False)


LEAVES = st.integers(0, 9) | st.text("ab", max_size=2) | st.none()


def build(pool: list[Any], kind: int, picks: list[int], leaf: Any) -> Any:
    """One more object, made of some that are there already (aliases) and a leaf."""
    parts = [pool[pick % len(pool)] for pick in picks] if pool else []
    hashable = [each for each in parts if isinstance(each, (Node, int, str))]
    return [
        lambda: [*parts, leaf],
        lambda: {**{f"k{n}": each for n, each in enumerate(parts)}, "leaf": leaf},
        lambda: {*hashable, leaf},
        lambda: deque([leaf, *parts]),
        lambda: Node(parts=parts, leaf=leaf),
        lambda: (leaf, *parts),
        lambda: bytearray(str(leaf).encode()),
    ][kind % 7]()


def mutate(obj: Any, how: int, other: Any) -> None:
    """Some change to a mutable object; `other` may make it an alias, or a cycle."""
    if isinstance(obj, list):
        [lambda: obj.append(other), obj.clear, obj.reverse, lambda: obj.insert(0, obj)][how % 4]()
    elif isinstance(obj, dict):
        [lambda: obj.update(new=other), obj.clear, lambda: obj.update(leaf=obj), lambda: obj.pop("k0", 0)][how % 4]()
    elif isinstance(obj, set):
        [lambda: obj.add(how), obj.clear][how % 2]()
    elif isinstance(obj, deque):
        [lambda: obj.appendleft(other), obj.clear, obj.reverse][how % 3]()
    elif isinstance(obj, bytearray):
        obj.extend(b"x" * (how % 3))
    elif isinstance(obj, Node):
        mutate(vars(obj), how, other)


@settings(max_examples=200, deadline=None)
@given(
    built=st.lists(
        st.tuples(st.integers(0, 6), st.lists(st.integers(0, 30), max_size=3), LEAVES), min_size=1, max_size=20
    ),
    cycles=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4),
    changes=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 7), st.integers(0, 30)), max_size=25),
)
def test_random_data_with_aliases_and_cycles_is_put_back_exactly(
    built: list[tuple[int, list[int], Any]],
    cycles: list[tuple[int, int]],
    changes: list[tuple[int, int, int]],
) -> None:
    pool: list[Any] = []
    for kind, picks, leaf in built:
        pool.append(build(pool, kind, picks, leaf))
    for one, other in cycles:
        mutate(pool[one % len(pool)], 0, pool[other % len(pool)])
    root = Node(all=tuple(pool))
    before = describe(root)
    snapshot = keep(root)
    for one, how, other in changes:
        mutate(pool[one % len(pool)], how, pool[other % len(pool)])
    snapshot.restore()
    assert describe(root) == before
