"""What of a release this process has loaded: which first-party modules are alive, and their sources in any release.

First-party is what lies below the app's root, is in the release and is not an installed package; no configuration
needed. A file's module name is taken from the living modules (`src/shop/cart.py` is `shop.cart` because `shop` is
imported from `src`), so that a release's new files get the names under which they will be imported.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from ...errors import SourceError
from ..source.module import SourceModule

OURS = ("flyhot_asgi", "flyhot_deploy")


_STDLIB = os.path.dirname(os.path.realpath(os.__file__)) + os.sep


def find_root(*apps: object) -> Path:
    """The folder from which an app was imported. `apps`: the application object, and what it is wrapped in, if any.

    That is the folder of the module that binds one of them; for an app made by a factory, of the first module that one
    of its endpoints is defined in; else the working folder. Raises OSError if that has gone.
    """
    apps = tuple(app for app in apps if app is not None)
    ids = {id(app) for app in apps}
    for name, module in list(sys.modules.items()):
        file = _own_file(name, module)
        if file is not None and any(id(value) in ids for value in list(vars(module).values())):
            return import_root(import_name(name, module), file)
    for app in apps:
        for name in _endpoint_modules(app):
            file = _own_file(name, sys.modules[name])
            if file is not None:
                return import_root(import_name(name, sys.modules[name]), file)
    return Path.cwd()


def _own_file(name: str, module: object) -> Path | None:
    """A module's file, unless it is no plain module, ours, installed or Python's own."""
    if type(module) is not types.ModuleType or name.partition(".")[0] in OURS:
        return None
    file = vars(module).get("__file__")
    if not isinstance(file, str) or _installed(file):
        return None
    path = os.path.realpath(file)
    return None if path.startswith(_STDLIB) else Path(path)


def _endpoint_modules(app: object) -> Iterator[str]:
    routes = getattr(getattr(app, "router", None), "routes", None)
    for route in list(routes) if isinstance(routes, list) else []:
        name = getattr(getattr(route, "endpoint", None), "__module__", None)
        if isinstance(name, str) and name in sys.modules:
            yield name


def import_name(name: str, module: types.ModuleType) -> str:
    """The name under which a module is imported: that of `python -m shop.main` is not `__main__`."""
    spec = vars(module).get("__spec__")
    return str(spec.name) if name == "__main__" and spec is not None else name


def cold_name(name: str, module: types.ModuleType) -> str:
    """The name that a cold import has for a living module: a script's is that of its file."""
    found = import_name(name, module)
    return found if found != "__main__" else Path(str(vars(module).get("__file__"))).stem


def import_root(name: str, file: Path) -> Path:
    """The `sys.path` folder of a module: `/srv/src` for `shop.cart` in `/srv/src/shop/cart.py`."""
    depth = name.count(".") + (1 if file.name == "__init__.py" else 0)
    return file.parents[min(depth, len(file.parents) - 1)]


def _installed(file: str) -> bool:
    parts = Path(file).parts
    return "site-packages" in parts or "dist-packages" in parts


def relative_file(module: types.ModuleType, root: Path) -> str | None:
    """A module's file relative to the root (posix), None if it is not below it."""
    file = getattr(module, "__file__", None)
    return _relative(file, root) if isinstance(file, str) and file.endswith(".py") else None


@lru_cache(maxsize=8192)
def _relative(file: str, root: Path) -> str | None:
    """Asked for every module at every look, and the same each time: where it was imported from."""
    try:
        relative = Path(os.path.realpath(file)).relative_to(root).as_posix()
    except ValueError:
        return None
    return None if _installed(relative) or _installed(os.path.relpath(file, root)) else relative


@lru_cache(maxsize=8192)
def _real(file: str) -> Path:
    return Path(os.path.realpath(file))


class LoadedModules:
    """The living first-party modules of one app, and the names that files of any of its releases have here."""

    def __init__(self, root: Path, prefixes: tuple[str, ...] | None = None) -> None:
        self.root = root
        self._prefixes = prefixes
        self._memo: dict[tuple[str, str], SourceModule] = {}

    def live(self, files: Iterable[str]) -> dict[str, types.ModuleType]:
        """Module name → module, in import order, of those whose file is among `files`. Each module once: one that is
        in `sys.modules` under two names has that of its `__name__`."""
        known = set(files)
        found: dict[str, types.ModuleType] = {}
        seen: dict[int, str] = {}
        for name, module in list(sys.modules.items()):
            if type(module) is not types.ModuleType or not self._first_party(name):
                continue
            relative = relative_file(module, self.root)
            if relative is None or relative not in known:
                continue
            alias = seen.get(id(module))
            if alias is not None and name != vars(module).get("__name__"):
                continue
            if alias is not None:
                del found[alias]
            seen[id(module)] = name
            found[name] = module
        return found

    def _first_party(self, name: str) -> bool:
        if name.partition(".")[0] in OURS:
            return False
        if self._prefixes is None:
            return True
        return any(name == prefix or name.startswith(prefix + ".") for prefix in self._prefixes)

    def sources(
        self,
        files: Iterable[str],
        read: Callable[[str], bytes],
        live: Mapping[str, types.ModuleType],
        digest: Callable[[str], str | None] = lambda path: None,
    ) -> dict[str, SourceModule]:
        """The Python files of a release as modules of this process, living ones first, in import order. `digest(path)`
        names a file's contents, where somebody knows them: what was read before is not read again.

        Raises SourceError for a file that is not text. A file that can't be imported by any name is left out.
        """
        paths = {path: None for path in files if path.endswith(".py")}
        names: dict[str, str] = {}
        for name, module in live.items():
            relative = relative_file(module, self.root)
            if relative in paths:
                names[name] = str(relative)
        roots = self._import_roots(live)
        taken = set(names.values())
        for path in paths:
            derived = None if path in taken else _name_of(path, roots)
            if derived is not None and derived not in names and self._is_free(derived, path, paths):
                names[derived] = path
        return {name: self._source(name, path, read, live.get(name), digest(path)) for name, path in names.items()}

    def _is_free(self, name: str, path: str, paths: Collection[str]) -> bool:
        """Would an import of `name` find the app's file? Not if this process has another module of that name (of a
        script `queue.py` at the top of a project), or Python itself has it built in; yes if that is the app's own, of
        a file that the release lacks (`shop.py` became `shop/__init__.py`)."""
        if not self._first_party(name) or name in sys.builtin_module_names:
            return False
        module = sys.modules.get(name)
        mine = relative_file(module, self.root) if type(module) is types.ModuleType else path
        return mine == path or (mine is not None and mine not in paths)

    def _import_roots(self, live: Mapping[str, types.ModuleType]) -> list[str]:
        """Folders of the release that modules are imported from, relative, longest first."""
        found = {import_root(import_name(n, m), _real(str(m.__file__))) for n, m in live.items()}
        found |= {Path(os.path.realpath(entry or os.curdir)) for entry in sys.path}
        inside = [root.relative_to(self.root).as_posix() for root in found if root.is_relative_to(self.root)]
        return sorted({"" if relative == "." else relative + "/" for relative in inside}, key=len, reverse=True)

    def _source(
        self,
        name: str,
        path: str,
        read: Callable[[str], bytes],
        module: types.ModuleType | None,
        digest: str | None,
    ) -> SourceModule:
        here = module is not None and relative_file(module, self.root) == path
        file = str(module.__file__) if module is not None and here else str(self.root / path)
        known = self._memo.get((name, file))
        if known is not None and digest is not None and known.memo.get("digest") == (path, digest):
            return known
        try:
            text = decode_source(read(path))
        except (SyntaxError, UnicodeDecodeError, LookupError) as exc:
            raise SourceError(
                f"{path}: it is not Python source: {exc}",
                file=path,
                do="mend the file and run it again; nothing was changed, the old code still serves",
            ) from exc
        if known is None or known.text != text:
            is_package = path.endswith("/__init__.py") or path == "__init__.py"
            known = self._memo[(name, file)] = SourceModule(name, file, text, is_package, path)
        known.memo["digest"] = (path, digest)
        return known


def decode_source(data: bytes) -> str:
    """Source text by its coding line or UTF-8 (PEP 263), newlines made uniform."""
    import importlib.util

    return importlib.util.decode_source(data)


def _name_of(path: str, roots: list[str]) -> str | None:
    root = next((root for root in roots if path.startswith(root)), None)
    if root is None:
        return None
    parts = path[len(root) :].removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts.pop()
    if not parts or not all(part.isidentifier() for part in parts):
        return None
    return ".".join(parts)
