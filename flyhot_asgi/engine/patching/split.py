"""A class that was made a second time while instances of the first live: `globals()[name] = type(name, …)` in a loop,
say, where no statement binds the name and nobody could plan to pour the one into the other."""

from __future__ import annotations

import gc
from collections.abc import Iterable

from ...errors import UpgradeError
from ..living.holders import at_home
from ..living.places import found_at
from ..source.plan import COLD


class Firsts:
    """The classes that their modules have under their names before anything is executed."""

    def __init__(self, classes: Iterable[type]) -> None:
        self._homes = [(cls, cls.__module__, cls.__qualname__) for cls in classes if at_home(cls)]

    def check(self) -> None:
        """Raises UpgradeError if the name of one means a second one, and instances of the first live on."""
        split = [(one, *home) for one, *home in self._homes if _is_second(one, *home)]
        self._homes = []
        if not split:
            return
        gc.unfreeze()
        gc.collect()
        for cls, module, name in split:
            if count := sum(type(one) is cls for one in gc.get_referrers(cls)):
                raise UpgradeError(
                    f"`{name}` of {module} is made a second time, and {count} living instance(s) are of the first",
                    do=COLD,
                )


def _is_second(cls: type, module: str, name: str) -> bool:
    found = found_at(module, name)
    if found is cls or not isinstance(found, type) or (cls.__module__, cls.__qualname__) != (module, name):
        return False
    return (found.__module__, found.__qualname__) == (module, name)
