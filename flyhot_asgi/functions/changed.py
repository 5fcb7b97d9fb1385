"""What ends a coroutine whose code an upgrade has replaced."""

from __future__ import annotations


class CodeChanged(BaseException):
    """Raised at the message boundary of an `@upgradable` function when its code is new: let it pass.

    A BaseException, as `asyncio.CancelledError` is: `finally` runs, and `except Exception` does not see it. Afterwards
    the new function is called, with the same websocket and the migrated state.
    """

    def __init__(self, owner: object) -> None:
        super().__init__("an upgrade has replaced this code; the new function starts when this one has ended")
        self.owner = owner


def is_code_change(error: BaseException, owner: object) -> bool:
    """Is it `owner`'s CodeChanged, and nothing else? A group of several is, if all in it are."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_code_change(each, owner) for each in error.exceptions)
    return isinstance(error, CodeChanged) and error.owner is owner
