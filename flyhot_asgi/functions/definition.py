"""What `@upgradable` notes on a function: read anew whenever it is needed, as an upgrade may have changed it."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from flyhot_asgi.errors import ConfigError

_NOTE = "__flyhot_upgradable__"
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_LITERALS = (str, int, float, bytes, bool, type(None))


@dataclass(frozen=True)
class Definition:
    """The options of one function. `cls` stands for the function where units are counted by class."""

    cls: type

    @classmethod
    def of(cls, function: FunctionType) -> Definition:
        found: Definition = vars(function)[_NOTE]
        return found


class _ByName:
    """A function of a module, found by its name whenever it is needed: we don't hold what a release deletes."""

    def __init__(self, function: FunctionType) -> None:
        self._module = function.__module__
        self._path = function.__qualname__.split(".")

    def __get__(self, instance: object, owner: type) -> Any:
        found: Any = sys.modules.get(self._module)
        for name in self._path:
            found = getattr(found, name, None)
        return found


def define(function: FunctionType, code_change: Callable[..., object] | None, **policies: str | None) -> None:
    """Note the options on the function. `policies` are those that a class has as attributes (see session.policy)."""
    names: dict[str, Any] = {"__module__": function.__module__, "__qualname__": function.__qualname__}
    if isinstance(code_change, FunctionType) and "<" not in code_change.__qualname__:
        names["code_change"] = _ByName(code_change)
    elif code_change is not None:
        names["code_change"] = staticmethod(code_change)
    names |= {name: word for name, word in policies.items() if word is not None}
    setattr(function, _NOTE, Definition(type(function.__name__, (), names)))


def new_state(function: FunctionType) -> Any:
    """An empty dict, or a new instance of the class that the parameter `state` is annotated with."""
    annotation = inspect.signature(function).parameters["state"].annotation
    while isinstance(annotation, str):
        annotation = _named(annotation, function)
    kind = typing.get_origin(annotation) or annotation
    if not isinstance(kind, type) or kind is inspect.Parameter.empty or issubclass(kind, dict) or kind is object:
        return {}
    return kind()


def _named(annotation: str, function: FunctionType) -> Any:
    try:
        return eval(annotation, function.__globals__)
    except Exception as exc:
        raise ConfigError(
            f"the state of {function.__qualname__} is annotated with {annotation!r}, which can't be found: {exc}",
            file=function.__code__.co_filename,
            line=function.__code__.co_firstlineno,
            do="import it where the function is defined, and not for the type checker only",
        ) from exc


def given_to(function: FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """What a call without `state` gives, by parameter. Raises TypeError as the call would."""
    signature = inspect.signature(function)
    rest = [parameter for name, parameter in signature.parameters.items() if name != "state"]
    return signature.replace(parameters=rest).bind(*args, **kwargs).arguments


def lacking(function: FunctionType, given: Collection[str]) -> list[str]:
    """The parameters of the function as it is now that it can't do without, and that an older call did not give."""
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "state"
        and name not in given
        and parameter.kind not in _VARIABLE
        and not isinstance(parameter.default, _LITERALS)  # another default may be a framework's word (`Depends()`)
    ]


def arguments_for(
    function: FunctionType, given: dict[str, Any], state: Any, *, first: bool = False
) -> inspect.BoundArguments:
    """The arguments of a call of the function as it is now, of what an older one (or, `first`, itself) was given.

    Raises TypeError naming what the new function wants and was not given: nobody asks the framework a second time.
    """
    if not first and (missing := lacking(function, given)):
        wanted = ", ".join(f"`{name}`" for name in missing)
        raise TypeError(f"{function.__qualname__} wants {wanted}, which this live connection was not given")
    signature = inspect.signature(function)
    arguments = {
        name: state if name == "state" else given[name]
        for name in signature.parameters
        if name == "state" or name in given
    }
    return inspect.BoundArguments(signature, arguments)
