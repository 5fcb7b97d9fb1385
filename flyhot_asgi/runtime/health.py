"""Does the app say that it is well? The function that `[tool.flyhot] health` names is asked, as the code is by then."""

from __future__ import annotations

import asyncio
import inspect
import sys
from typing import Any

WITHIN = 4.0


async def why_not_well(target: str, within: float = WITHIN) -> str | None:
    """Call `module:function` of this process, without arguments; why the app is not well, None if it is.

    Well is what returns None or True. False, a text (the reason), anything raised, no answer `within` seconds and a
    name that isn't there are not. An `async` function runs on the loop, another one in a thread.
    """
    module, _, name = target.partition(":")
    try:
        async with asyncio.timeout(within):
            found: Any = sys.modules[module]
            for part in name.split("."):
                found = getattr(found, part)
            said = found() if inspect.iscoroutinefunction(found) else await asyncio.to_thread(found)
            said = await said if inspect.isawaitable(said) else said
    except (KeyError, AttributeError):
        return f"the health check {target} is not there"
    except TimeoutError:
        return f"the health check {target} gave no answer within {within:g} s"
    except Exception as exc:
        return f"the health check {target} raised {type(exc).__name__}: {exc}"[:500]
    if said is None or said is True:
        return None
    return f"the health check {target} says: {said if isinstance(said, str) else repr(said)}"[:500]
