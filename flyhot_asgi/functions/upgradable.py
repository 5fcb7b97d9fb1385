"""`@upgradable`: a function that an upgrade may end at its message boundary and start anew."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypeVar, overload

from flyhot_asgi.errors import ConfigError
from flyhot_asgi.functions.definition import define
from flyhot_asgi.functions.run import run
from flyhot_asgi.session.policy import ON_BUSY, ON_FAILURE, OnBusy, OnFailure

F = TypeVar("F", bound=Callable[..., Any])


@overload
def upgradable(function: F, /) -> F: ...


@overload
def upgradable(
    *,
    code_change: Callable[..., object] | None = None,
    on_busy: OnBusy | None = None,
    on_failed_code_change: OnFailure | None = None,
) -> Callable[[F], F]: ...


def upgradable(
    function: Any = None,
    /,
    *,
    code_change: Callable[..., object] | None = None,
    on_busy: OnBusy | None = None,
    on_failed_code_change: OnFailure | None = None,
) -> Any:
    """Make a websocket handler or a background loop a unit that upgrades renew.

        @app.websocket("/chat")
        @upgradable
        async def chat(ws: WebSocket, state):
            await ws.accept()
            while True:
                text = await ws.receive_text()
                state["n"] = state.get("n", 0) + 1
                await ws.send_text(f"{state['n']} {text}")

    `state` is made once for each connection (or for each call of a loop): an empty dict, or an instance of the class
    that the parameter is annotated with. When an upgrade changes the code of the function, or of what it awaits, the
    old coroutine is ended where it waits for its next message, with CodeChanged, and the new function is called with
    the same arguments and the state. Its `accept()` is swallowed: the connection stands.

    `code_change(old_vsn, state, extra) -> state` migrates a dict; a class of its own has a method of that name.
    `on_busy` and `on_failed_code_change` are for its connections what they are for a class's. Raises ConfigError for
    what is no `async def` with a parameter `state`, and for words that are no policy.
    """
    _check_word("on_busy", on_busy, ON_BUSY)
    _check_word("on_failed_code_change", on_failed_code_change, ON_FAILURE)
    policies = {"on_busy": on_busy, "on_failed_code_change": on_failed_code_change}
    if function is None:
        return lambda each: _upgradable(each, code_change, policies)
    return _upgradable(function, code_change, policies)


def _upgradable(
    function: Any, code_change: Callable[..., object] | None, policies: Mapping[str, OnBusy | OnFailure | None]
) -> Any:
    _check(function)
    define(function, code_change, **policies)

    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        return await run(function, args, kwargs)

    signature = inspect.signature(function)
    rest = [parameter for name, parameter in signature.parameters.items() if name != "state"]
    call.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]
    return call


def _check_word(name: str, word: object, words: tuple[str, ...]) -> None:
    if word is not None and word not in words:
        raise ConfigError(f"{name} of @upgradable is one of {', '.join(words)}, not {word!r}")


def _check(function: Any) -> None:
    if not isinstance(function, FunctionType) or not inspect.iscoroutinefunction(function):
        raise ConfigError(
            f"@upgradable is for an `async def`, not for {getattr(function, '__qualname__', function)!r}",
            do="put it right above the function, below all decorators that register it",
        )
    parameter = inspect.signature(function).parameters.get("state")
    if parameter is None or parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise ConfigError(
            f"{function.__qualname__} has no parameter `state`, in which an @upgradable function keeps what lasts",
            file=function.__code__.co_filename,
            line=function.__code__.co_firstlineno,
            do="add the parameter `state`",
        )
