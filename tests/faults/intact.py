"""The invariants, checked after every scenario by one and the same code (`failures.md` calls them I1-I7).

`picture()` is a strict structural snapshot: every function, class, module value and session state of the app, by
identity where identity must be kept and by contents where contents must.
"""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Mapping
from typing import Any

from .lab import SECOND, Lab

Picture = dict[str, Any]


def picture(lab: Lab) -> Picture:
    """What the app is made of. Two pictures are equal if, and only if, nothing was changed between them."""
    drawn: Picture = {}
    for name, module in lab.live.items():
        drawn[name] = (id(module), sorted(vars(module)))
        for key, value in vars(module).items():
            if key != "__builtins__":
                _draw(f"{name}.{key}", value, lab, drawn, 0)
    for number, endpoint in enumerate(lab.main.seen):
        drawn[f"session {number}"] = [
            (key, id(value), repr(value)) for key, value in vars(endpoint).items() if key not in ("receive", "send")
        ]
    drawn["sys.modules"] = sorted(lab.live)
    drawn["sys.meta_path"] = [id(finder) for finder in sys.meta_path]
    return drawn


def _draw(path: str, value: Any, lab: Lab, drawn: Picture, depth: int) -> None:
    drawn[path] = id(value)
    if isinstance(value, types.FunctionType) and value.__module__ in lab.live:
        drawn[path + "()"] = _function(value)
    elif isinstance(value, type) and value.__module__ in lab.live:
        members = {k: v for k, v in vars(value).items() if k not in ("__dict__", "__weakref__")}
        drawn[path + " members"] = [value.__bases__, value.__qualname__, sorted(members)]
        for key, member in members.items():
            _draw(f"{path}.{key}", member, lab, drawn, depth)
    elif isinstance(value, dict | list | set) and depth < 3:
        drawn[path + " contents"] = repr(value) if path.endswith("LIMITS") else len(value)
        for number, each in enumerate(value.values() if isinstance(value, dict) else value):
            _draw(f"{path}[{number}]", each, lab, drawn, depth + 1)
    elif type(value).__module__ in lab.live and depth < 3:
        for key, each in vars(value).items():
            if key not in ("scope", "receive", "send"):
                _draw(f"{path}.{key}", each, lab, drawn, depth + 1)
    elif isinstance(value, str | int | float | None):
        drawn[path] = (type(value), value)


def _function(function: types.FunctionType) -> tuple[Any, ...]:
    return (
        id(function.__code__),
        function.__defaults__,
        dict(function.__kwdefaults__ or {}),
        [id(cell) for cell in function.__closure__ or ()],
        function.__qualname__,
        function.__doc__,
        dict(function.__annotations__),
        dict(function.__dict__),
    )


def assert_same(before: Picture, after: Picture) -> None:
    """Equal, with the first differences named."""
    differing = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    shown = "\n".join(f"{key}: {before.get(key)!r} -> {after.get(key)!r}" for key in sorted(differing)[:10])
    assert not differing, f"{len(differing)} differ\n{shown}"


def assert_nothing_held(lab: Lab) -> None:
    """I4: the valve is open, no hold lasts, nobody waits, and the collector is as it was."""
    assert lab.process.registry.valve.is_open
    assert not lab.process.hold.held
    assert gc.isenabled() and gc.get_freeze_count() == 0
    assert lab.process.state == "serving"


async def assert_all_answer(lab: Lab) -> None:
    """I3: whatever was sent before, meanwhile and now is answered once, in order; nobody was closed."""
    for client in lab.clients:
        client.says(2)
    for client in lab.clients:
        await client.until_answered()
        client.assert_in_order()
    status, _, _ = await lab.get()
    assert status == 200


async def assert_intact(lab: Lab, before: Picture, result: Mapping[str, Any] | None) -> None:
    """After anything that failed: the old release, whole and untouched, and the next good upgrade succeeds."""
    await assert_untouched(lab, before, result)
    await assert_upgraded(lab, await lab.upgrade(SECOND))


async def assert_untouched(lab: Lab, before: Picture, result: Mapping[str, Any] | None) -> None:
    """As `assert_intact`, but leaves it at that: for tests that go on to the next failure."""
    assert_same(before, picture(lab))
    assert_nothing_held(lab)
    assert lab.installed.digest == lab.first.digest
    assert lab.process.vsn == lab.first.digest[:12]
    if result is not None:
        assert result["outcome"] not in ("complete", "already", "broken"), result["outcome"]
        assert result["verified"] is False
        assert result["units_migrated"] == 0
    await assert_all_answer(lab)
    assert all(answer.startswith("1 ") for client in lab.clients for answer in client.answers)


async def assert_upgraded(lab: Lab, result: Mapping[str, Any]) -> None:
    """After a success: I1, nothing of the old release is alive; I7, and it says so."""
    assert result["outcome"] == "complete", result["error"]
    assert result["verified"] is False, "no check was made: there were only the sources to compare with"
    assert lab.installed.digest == result["to"]
    assert_nothing_held(lab)
    assert_single_generation(lab)
    answered = [len(client.answers) for client in lab.clients]
    await assert_all_answer(lab)
    for client, before in zip(lab.clients, answered, strict=True):
        assert all(answer.startswith("2 ") for answer in client.answers[before:])


def assert_single_generation(lab: Lab) -> None:
    """I1, by other means than the engine's own verification: every function of the app that is alive runs a code object
    that equals one of the running release's sources, compiled here."""
    gc.collect()
    known: dict[str, set[types.CodeType]] = {}
    for entry in lab.installed.manifest.files:
        if entry.path.endswith(".py"):
            path = str(lab.root / entry.path)
            known[path] = set(_codes(compile(lab.installed.read(entry.path), path, "exec", dont_inherit=True)))
    alive = [o for o in gc.get_objects() if type(o) is types.FunctionType and _below(o, str(lab.root))]
    assert alive
    wrong = [f.__qualname__ for f in alive if f.__code__ not in known.get(f.__code__.co_filename, ())]
    assert not wrong, wrong
    units = lab.process.registry.units()
    attributes = {"n", "history"} if lab.main.RELEASE == 2 else {"count", "history"}
    assert all(attributes == set(unit.get_state()) for unit in units), [unit.get_state() for unit in units]


def _below(function: types.FunctionType, root: str) -> bool:
    return function.__code__.co_filename.startswith(root)


def _codes(code: types.CodeType) -> list[types.CodeType]:
    return [code, *(inner for const in code.co_consts if isinstance(const, types.CodeType) for inner in _codes(const))]
