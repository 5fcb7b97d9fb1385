"""What a place held is written back to it."""

from __future__ import annotations

import types

from flyhot_asgi.engine.patching.entries import read, write


class Slotted:
    __slots__ = ("name", "size")

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size = name, size


def test_slots_are_set_deleted_and_set_back() -> None:
    one = Slotted("a", 1_000_000)
    before = read(one)
    one.name, one.size = "b", 2
    write(one, before)
    assert (one.name, one.size) == ("a", 1_000_000)
    del one.name
    write(one, before)
    assert one.name == "a"


def test_what_nobody_can_set_is_not_set_though_each_look_gives_another_object() -> None:
    code = (lambda: None).__code__.replace(co_firstlineno=1_000_000)
    before = read(code)
    assert before["co_firstlineno"] is not read(code)["co_firstlineno"]
    write(code, before)
    assert isinstance(code, types.CodeType)
