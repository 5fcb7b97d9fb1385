"""Whose a living object is: the app's, a library's, or the program's that the app is embedded in.

A definition that the release drops may still be held. By the app's own state or by a library's registry it would be
called again, so that counts; what a driver, a notebook or a test keeps in lists of its own is its own affair.
"""

from __future__ import annotations

import sys
import sysconfig
import types
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..source.module import SourceModule


class Place(Enum):
    OWN = "own"
    """the app's graph: its modules, everything of its root"""
    LIBRARY = "library"
    """the standard library and what is installed"""
    EMBEDDER = "embedder"
    """the program that made the engine, and what only it (or a running frame) refers to"""


_LIBRARIES = ("flyhot_asgi", "flyhot_deploy")


@dataclass
class Territory:
    """First-party module names, the folders that they come from, and modules known to be the embedding program's."""

    own: frozenset[str]
    roots: tuple[str, ...] = ()
    embedding: frozenset[str] = frozenset()
    _places: dict[str, Place] = field(default_factory=dict)

    def of_module(self, name: str | None) -> Place:
        if not name:
            return Place.EMBEDDER
        if name not in self._places:
            self._places[name] = self._judge(name)
        return self._places[name]

    def _judge(self, name: str) -> Place:
        if name in self.own:
            return Place.OWN
        if name in self.embedding or name == "__main__":
            return Place.EMBEDDER
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in _LIBRARIES or top == "builtins":
            return Place.LIBRARY
        file = getattr(sys.modules.get(name), "__dict__", {}).get("__file__")
        if not isinstance(file, str) or _installed(file):
            return Place.LIBRARY
        return Place.OWN if file.startswith(self.roots) else Place.EMBEDDER


def territory_of(sources: Mapping[str, SourceModule], embedding: Collection[str] = ()) -> Territory:
    """The territory of a release: its modules, and whatever else lies in its folder."""
    roots = {s.path.removesuffix(s.relpath) for s in sources.values() if s.relpath and s.path.endswith(s.relpath)}
    folders = tuple(sorted(root for root in roots if root.strip("/\\")))
    return Territory(frozenset(sources), folders, frozenset(embedding))


def _installed(file: str) -> bool:
    if "site-packages" in file or "dist-packages" in file:
        return True
    return file.startswith(_STDLIB)


_STDLIB = tuple({sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib")})


def namespaces() -> dict[int, str]:
    """Id of a module's dict → the module's name, for all that are imported."""
    found: dict[int, str] = {}
    for name, module in list(sys.modules.items()):
        if issubclass(type(module), types.ModuleType):  # cffi's libraries only say that they are modules
            contents: Any = types.ModuleType.__getattribute__(module, "__dict__")
            found[id(contents)] = name
    return found
