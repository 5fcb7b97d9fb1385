"""Tasks of Celery: objects of classes made for them, mostly behind a proxy that makes them when it is asked first."""

from __future__ import annotations

import sys
from typing import Any


def kinds() -> tuple[Any, Any]:
    """Of proxies: one that asks for its object each time, and one that has it made once."""
    local: Any = sys.modules.get("celery.local")
    return (local.Proxy, local.PromiseProxy) if local is not None else (_Nobody, _Nobody)


def is_task(value: object) -> bool:
    """A task, or a proxy of Celery's."""
    task = getattr(sys.modules.get("celery.app.task"), "Task", _Nobody)
    return type(value) in kinds() or issubclass(type(value), task)


def made(value: Any) -> Any:
    """The task that a proxy gives, if it was asked for it; a task itself."""
    proxy, promise = kinds()
    if type(value) is proxy:
        return value._get_current_object()
    if type(value) is promise:
        return object.__getattribute__(value, "__thing") if value.__evaluated__() else None
    return value


def function_of(value: Any) -> Any:
    """The function that a task is made of, or will be; None if that can't be told."""
    proxy, promise = kinds()
    if type(value) is proxy:
        inside = object.__getattribute__(value, "_Proxy__local")
        held = [cell.cell_contents for cell in inside.__closure__ or ()]
        return next((one for one in held if callable(one) and hasattr(one, "__code__")), None)
    if type(value) is promise and made(value) is None:
        return next(iter(object.__getattribute__(value, "_Proxy__args")), None)
    members = vars(type(made(value)))
    found = members.get("_decorated_fun", members.get("__wrapped__"))
    return found.__func__ if isinstance(found, staticmethod) else found


class _Nobody:
    """No value is one."""
