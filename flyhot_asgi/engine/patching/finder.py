"""Imports of first-party modules that happen after an upgrade come from the release, not from the working tree.

A function-level `import reports`, or a new module that the release brings, must be the release's whatever has been
edited on disk since. The finder stands first on `sys.meta_path`, answers for the names of the current release only, and
lets everything else pass. Before the first upgrade it knows nothing and answers nothing.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
from collections.abc import Mapping, Sequence

from ..source.module import SourceModule


class ReleaseLoader(importlib.abc.InspectLoader):
    """Executes a module's code from the release (PEP 451)."""

    def __init__(self, source: SourceModule) -> None:
        self._source = source

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        exec(self._source.code, module.__dict__)

    def get_source(self, fullname: str) -> str:
        return self._source.text

    def get_code(self, fullname: str) -> types.CodeType:
        return self._source.code

    def is_package(self, fullname: str) -> bool:
        return self._source.is_package


class ReleaseFinder(importlib.abc.MetaPathFinder):
    """The finder of one application. `modules` is replaced as a whole at each upgrade, under its journal."""

    def __init__(self) -> None:
        self.modules: Mapping[str, SourceModule] = {}

    def install(self) -> None:
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def uninstall(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        source = self.modules.get(fullname)
        if source is None:
            return None
        locations = [os.path.dirname(source.path)] if source.is_package else None
        spec = importlib.util.spec_from_file_location(
            fullname, source.path, loader=ReleaseLoader(source), submodule_search_locations=locations
        )
        return spec
