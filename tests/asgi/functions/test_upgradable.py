"""The decorator: what frameworks see of the function, and what it refuses; how code is compared."""

from __future__ import annotations

import gc
import inspect
import sys
import types
from typing import Any

import pytest

from flyhot_asgi import upgradable
from flyhot_asgi.errors import ConfigError
from flyhot_asgi.functions.definition import Definition, arguments_for, given_to, new_state
from flyhot_asgi.session.staleness import same_code


async def handler(ws: Any, state: dict[str, int], room: str = "lobby") -> None:
    """Docs."""


def test_the_state_is_no_parameter_for_others() -> None:
    wrapped = upgradable(handler)
    assert list(inspect.signature(wrapped).parameters) == ["ws", "room"]
    assert inspect.iscoroutinefunction(wrapped) and wrapped.__doc__ == "Docs." and wrapped.__name__ == "handler"


def plain(ws: Any, state: Any) -> None: ...


async def stateless(ws: Any) -> None: ...


async def positional(state: Any, /) -> None: ...


async def generator(state: Any) -> Any:
    yield 1


@pytest.mark.parametrize("wrong", [plain, stateless, positional, generator, object(), print])
def test_what_can_be_no_unit_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError):
        upgradable(wrong)


class Player:
    def __init__(self) -> None:
        self.score = 0


async def typed(state: Player) -> None: ...


async def quoted(state: "Player") -> None: ...  # noqa: UP037 (what is tested)


async def generic(state: "dict[str, int]") -> None: ...  # noqa: UP037


async def bare(state) -> None: ...  # type: ignore[no-untyped-def]


@pytest.mark.parametrize(("function", "kind"), [(typed, Player), (quoted, Player), (generic, dict), (bare, dict)])
def test_the_annotation_says_what_a_new_state_is(function: Any, kind: type) -> None:
    one, other = new_state(function), new_state(function)
    assert type(one) is kind and one is not other


def migrate(old_vsn: str, state: Any, extra: Any) -> Any:
    return state


def test_a_class_stands_for_the_function_and_finds_what_migrates_by_name() -> None:
    upgradable(code_change=migrate)(typed)
    found = Definition.of(typed).cls  # type: ignore[arg-type]
    assert (found.__module__, found.__qualname__) == (__name__, "typed")
    sys.modules[__name__] = sys.modules.get(__name__) or types.ModuleType(__name__)
    vars(sys.modules[__name__]).setdefault("migrate", migrate)
    assert found.code_change is migrate  # type: ignore[attr-defined]
    assert not [holder for holder in gc.get_referrers(migrate) if isinstance(holder, staticmethod | Definition)]


def test_what_has_no_name_of_its_own_is_held() -> None:
    upgradable(code_change=lambda old_vsn, state, extra: 42)(bare)
    assert Definition.of(bare).cls.code_change("1", {}, {}) == 42  # type: ignore[arg-type, attr-defined]


def call(function: Any, given: dict[str, Any], **options: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    bound = arguments_for(function, given, "S", **options)
    return bound.args, bound.kwargs


def test_the_state_comes_in_wherever_its_place_is() -> None:
    async def loop(state: Any, step: int, *rest: int, word: str = "x", **more: Any) -> None: ...

    given = given_to(loop, (5, 6, 7), {"word": "y", "z": 1})  # type: ignore[arg-type]
    assert call(loop, given, first=True) == (("S", 5, 6, 7), {"word": "y", "z": 1})
    with pytest.raises(TypeError, match="step"):
        given_to(loop, (), {})  # type: ignore[arg-type]


def test_arguments_of_an_older_call_for_a_newer_function() -> None:
    async def newer(ws: Any, state: Any, room: str, limit: int = 10) -> None: ...

    assert call(newer, {"ws": 1, "room": "a", "gone": 2}) == ((1, "S", "a"), {})
    with pytest.raises(TypeError, match="wants `room`"):
        call(newer, {"ws": 1})

    async def depending(ws: Any, state: Any, user: Any = object()) -> None: ...  # noqa: B008 (as Depends() is)

    with pytest.raises(TypeError, match="wants `user`"):
        call(depending, {"ws": 1})
    assert call(depending, {"ws": 1}, first=True) == ((1, "S"), {})


CODES = {
    "def f():\n    return 1\n": ("\n\ndef f():\n\n    return 1\n", True),
    "def f():\n    return 0.0\n": ("def f():\n    return -0.0\n", False),
    "def f(a):\n    return a\n": ("def f(b):\n    return b\n", False),
    "def f():\n    return lambda: 1\n": ("def f():\n    return lambda: 2\n", False),
    "def f(x):\n    return x.a\n": ("def f(x):\n    return x.b\n", False),
    "def f():\n    return 1\n ": ("def f():\n    return True\n", False),
    "def f():\n    return (1, 2)\n": ("\ndef f():\n    return (1, 2)\n", True),
}


@pytest.mark.parametrize("source", CODES)
def test_codes_are_compared_without_their_lines(source: str) -> None:
    other, same = CODES[source]
    one, two = (_code(text) for text in (source, other))
    assert same_code(one, two) is same and same_code(one, one)


def _code(text: str) -> Any:
    namespace: dict[str, Any] = {}
    exec(compile(text, "f.py", "exec"), namespace)
    return namespace["f"].__code__
