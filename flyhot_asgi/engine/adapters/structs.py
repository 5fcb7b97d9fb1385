"""Structs of msgspec: classes whose metaclass, written in C, keeps in the class what it made of its annotations.

Methods and what is annotated as of the class are exchanged one by one, as in any class. Where fields, defaults or the
class's arguments change, what the statement makes takes the place of the living class (`patching.exchange`): nobody can
write what the metaclass has in it. Making a struct enters it nowhere.
"""

from __future__ import annotations

import sys

from ..planning.context import Adapter


class StructsAdapter(Adapter):
    def knows(self, cls: type) -> bool:
        base = getattr(sys.modules.get("msgspec"), "Struct", None)
        return isinstance(base, type) and (cls is type(base) or issubclass(cls, base))
