"""Templates and static files follow the code.

A process that runs one release must not render another one's templates: not while the working tree is ahead of it, and
not after a rollback. So at each upgrade the Jinja2 loaders and Starlette's `StaticFiles` whose folders lie in the app's
root are pointed into the release's own tree, under the journal. Static folders keep the releases before and the
original behind it: old pages find their hashed files, and what the app wrote there at run time stays served.
"""

from __future__ import annotations

import gc
import os
import sys
import weakref
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engine.patching.journal import Journal

if TYPE_CHECKING:
    from .held_templates import HeldTemplates

LOADERS = (
    ("jinja2.loaders", "FileSystemLoader"),
    ("jinja2.loaders", "PackageLoader"),
    ("starlette.staticfiles", "StaticFiles"),
    ("flyhot_asgi.integrations.pyview", "TemplateFolder"),
    ("mako.lookup", "TemplateLookup"),
)
_SEARCHED = ("searchpath", "directories")
"""Where loaders keep their folders, if they have several."""
TREES_KEPT = 5
"""A page of an older release may still ask for a file of its own name (`app.3f9ac1.css`): so many releases' static
files stay served, behind those of the one that runs."""


ENVIRONMENTS = (("jinja2.environment", "Environment"),)


class AssetFolders:
    """The living loaders of one app, and where their folders were before the first upgrade."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._original: dict[int, tuple[weakref.ref[Any], list[str]]] = {}
        self._loaders: list[Any] = []
        self._environments: list[Any] = []
        self._trees: list[Path] = []
        self._held: HeldTemplates | None = None

    def look(self) -> None:
        """Find the living loaders and template environments. A pass over the heap: do it before anybody is held."""
        loaders, environments = _kinds(*LOADERS), _kinds(*ENVIRONMENTS)
        found = [obj for obj in gc.get_objects() if type(obj) in loaders or type(obj) in environments]
        self._loaders = [obj for obj in found if type(obj) in loaders and _has_folders(obj)]
        self._environments = [
            obj for obj in found if type(obj) in environments and _attributes(obj).get("cache") is not None
        ]
        from .held_templates import HeldTemplates  # it needs much of the engine: see loading.py

        self._held = HeldTemplates()
        self._held.look()

    def relevant(self, paths: Iterable[str]) -> set[str]:
        """Those of the release's paths that a living loader could serve."""
        self.look()
        folders = [folder for loader in self._loaders for folder in self._folders(loader)]
        relative = [r for folder in folders if (r := self._relative(folder)) is not None]
        return {path for path in paths if any(r == "." or path.startswith(r + "/") for r in relative)}

    def served(self, path: str) -> str | None:
        """The path below the static folder that serves a file of the release, as far as `look()` found one; None if no
        static folder does, or a template may be made of it, too."""
        names = []
        for loader in self._loaders:
            for folder in self._folders(loader):
                relative = self._relative(folder)
                inside = relative == "." or (relative is not None and path.startswith(relative + "/"))
                if inside and not _is_static(loader):
                    if getattr(loader, "reads", _any)(path):
                        return None
                elif inside:
                    names.append(path if relative == "." else path.removeprefix(f"{relative}/"))
        return min(names, key=len, default=None)

    def follow(self, tree: Path, journal: Journal, changed: Collection[str] | None = None) -> None:
        """Point every loader found by `look()` into `tree` (the release's folder), and let templates that somebody
        keeps follow, if their file is among `changed` (paths in the release; None: whatever their file). Undone by the
        journal. Raises what a library raises of a template that does not compile."""
        journal.note("template caches", self._clear_caches)  # first, so that it is undone last
        self._remember(tree, journal)
        for loader in self._loaders:
            before = self._folders(loader)
            after = [self._moved(folder, tree) for folder in before]
            if _is_static(loader):
                older = [self._moved(folder, each) for each in self._trees[1:] for folder in before]
                self._set_static(loader, [*after, *older], before, journal)
            else:
                _set_searchpath(loader, after, journal)
        self._clear_caches()
        if self._held is not None:
            self._held.follow(tree, changed, journal)

    def forget(self) -> None:
        """Let go of what `look()` found."""
        self._loaders, self._environments, self._held = [], [], None

    def _clear_caches(self) -> None:
        """Compiled templates: with an equal mtime the old ones would stay."""
        for environment in self._environments:
            if environment.cache is not None:
                environment.cache.clear()
        for loader in self._loaders:
            if "directories" in _attributes(loader):
                _forget_loaded(loader)

    def _folders(self, loader: Any) -> list[str]:
        """A loader's folders as the app gave them."""
        kept = self._original.get(id(loader))
        if kept is not None and kept[0]() is loader:
            return kept[1]
        if _is_static(loader):
            found = [os.fspath(folder) for folder in loader.all_directories]
        elif (name := _searched(loader)) is not None:
            found = [os.fspath(folder) for folder in getattr(loader, name)]
        else:
            found = [os.fspath(loader._template_root)]
        self._original = {key: value for key, value in self._original.items() if value[0]() is not None}
        self._original[id(loader)] = (weakref.ref(loader), found)
        return found

    def _relative(self, folder: str) -> str | None:
        path = Path(os.path.realpath(folder))
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else None

    def _moved(self, folder: str, tree: Path) -> str:
        relative = self._relative(folder)
        if relative is None or not (tree / relative).is_dir():
            return folder
        return str(tree / relative)

    def _remember(self, tree: Path, journal: Journal) -> None:
        before = self._trees
        journal.note("releases whose files are served", lambda: setattr(self, "_trees", before))
        self._trees = [tree, *(each for each in before if each != tree)][:TREES_KEPT]

    def _set_static(self, loader: Any, moved: list[str], before: list[str], journal: Journal) -> None:
        folders = list(dict.fromkeys([*(each for each in moved if each not in before), *before]))
        present = list(loader.all_directories)
        journal.note("static folders", lambda: _refill(loader.all_directories, present))
        _refill(loader.all_directories, folders)


def _refill(target: list[Any], items: list[Any]) -> None:
    target[:] = items


def _set_searchpath(loader: Any, folders: list[str], journal: Journal) -> None:
    if (name := _searched(loader)) is not None:
        present = list(getattr(loader, name))
        journal.note("template folders", lambda: setattr(loader, name, present))
        setattr(loader, name, folders)
        if name == "directories":
            _compile_in_memory(loader, journal)
    else:
        journal.set_attribute(loader, "_template_root", folders[0])


def _searched(loader: Any) -> str | None:
    return next((name for name in _SEARCHED if name in _attributes(loader)), None)


def _compile_in_memory(lookup: Any, journal: Journal) -> None:
    """Mako tells by times whether the module that it wrote for a template is of its file: a release's file may be older
    than what was written for another release's."""
    arguments = lookup.template_args
    journal.touch_container(arguments, "what templates are made with")
    arguments["module_directory"] = None
    if lookup.modulename_callable is not None:
        journal.set_attribute(lookup, "modulename_callable", None)


def _forget_loaded(lookup: Any) -> None:
    """Templates that come from files, and where these were; what the app put in as a text stays."""
    collection = lookup._collection
    for uri in [uri for uri in list(collection) if collection[uri].filename is not None]:
        collection.pop(uri, None)
    lookup._uri_cache.clear()


def _kinds(*places: tuple[str, str]) -> set[type]:
    """These classes, as far as they are imported, and all that are derived from them."""
    found: set[type] = set()
    queue = [kind for module, name in places if (kind := getattr(sys.modules.get(module), name, None)) is not None]
    while queue:
        kind = queue.pop()
        if kind not in found:
            found.add(kind)
            queue.extend(type.__subclasses__(kind))
    return found


def _has_folders(loader: Any) -> bool:
    """Not so: a package loader that reads from a zip archive, a subclass that keeps its folders elsewhere."""
    attributes = _attributes(loader)
    if attributes.get("_archive") is not None:
        return False
    return any(name in attributes for name in ("all_directories", *_SEARCHED, "_template_root"))


def _is_static(loader: Any) -> bool:
    return "all_directories" in _attributes(loader)


def _attributes(obj: Any) -> dict[str, Any]:
    return getattr(obj, "__dict__", {})


def _any(path: str) -> bool:
    """What a loader reads that does not say it."""
    return True
