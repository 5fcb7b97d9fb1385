"""What runs in the fresh process: imports a release cold and describes it. Run as a file, never imported by the app.

`python child.py ASKED` reads a document (see `request.py`), writes its answer to the file that it names and leaves
without a word to anyone's exit handlers. Nothing of flyhot is imported before the release is: it must find the process
as the app would.
"""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys
import traceback
import types
from typing import Any


class _Overlay(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules of the release whose text is not, or no longer, what lies on disk (PEP 451)."""

    def __init__(self, modules: dict[str, dict[str, Any]]) -> None:
        self._modules = modules

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        asked = self._modules.get(fullname)
        if asked is None:
            return None
        if "absent" in asked:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        file = asked["file"]
        if file is None:  # a folder without __init__.py
            spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [asked["folder"]]
            return spec
        loader = _Text(fullname, file, asked["text"])
        folders = [os.path.dirname(file)] if asked["package"] else None
        return importlib.util.spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=folders)


def list_as_released(modules: dict[str, dict[str, Any]]) -> None:
    """What loops over the files of a package find (`pkgutil.iter_modules`): those of the release, whatever lies on
    disk."""
    import pkgutil

    files = {one["file"]: "absent" not in one for one in modules.values() if one["file"] is not None}
    on_disk = pkgutil._iter_file_finder_modules  # type: ignore[attr-defined]

    def listed(finder: Any, prefix: str = "") -> Any:
        found: dict[str, bool] = dict(on_disk(finder))
        for file, there in files.items():
            folder, name = os.path.split(file)
            is_package = name == "__init__.py"
            if is_package:
                folder, name = os.path.split(folder)
            if os.path.realpath(folder) == os.path.realpath(finder.path or os.curdir):
                name = name.removesuffix(".py")
                found.pop(name, None)
                if there and not (is_package and not name.isidentifier()):
                    found[name] = is_package
        yield from ((prefix + name, found[name]) for name in sorted(found))

    pkgutil.iter_importer_modules.register(importlib.machinery.FileFinder, listed)  # type: ignore[attr-defined]


def list_as_on_disk() -> None:
    """The end of that: what lies on disk is the release that comes."""
    import pkgutil

    pkgutil.iter_importer_modules.register(  # type: ignore[attr-defined]
        importlib.machinery.FileFinder,
        pkgutil._iter_file_finder_modules,  # type: ignore[attr-defined]
    )


class _Text(importlib.machinery.SourceFileLoader):
    """Resources are read from disk, the code is that of the text."""

    def __init__(self, fullname: str, path: str, text: str) -> None:
        super().__init__(fullname, path)
        self._text = text

    def get_source(self, fullname: str) -> str:
        return self._text

    def get_code(self, fullname: str) -> types.CodeType:
        code: types.CodeType = compile(self._text, self.path, "exec", dont_inherit=True)
        return code


def first_party(tree: str, names: list[str] | None) -> dict[str, types.ModuleType]:
    """The imported modules that are the release's: those of `names`, or (None) all whose file lies in `tree`."""
    found = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if type(module) is not types.ModuleType or not file or not os.path.realpath(file).startswith(tree):
            continue
        if names is None or name in names:
            found[name] = module
    return found


def import_release(spec: dict[str, Any]) -> tuple[dict[str, types.ModuleType], dict[str, BaseException]]:
    """Import what is asked for; return the release's modules that are there then, and what those raised that can't be
    imported. Raises what ends an import that is no Exception."""
    sys.path[:] = spec["path"]
    sys.argv[:] = ["app"]  # of all our processes the same: what parses arguments notes the name of its program
    if spec["overlay"]:
        sys.meta_path.insert(0, _Overlay(spec["overlay"]))
        list_as_released(spec["overlay"])
    failed: dict[str, BaseException] = {}
    for again in (False, True):  # in a circle of imports it matters who comes first
        for name in list(failed) if again else spec["modules"]:
            try:
                importlib.import_module(name)
                if failed.pop(name, None) is not None:
                    gc.collect()  # what the first attempt made is no part of the release
            except Exception as exc:
                failed.setdefault(name, exc)
    return first_party(spec["tree"], spec["own"]), failed


def bring_in_flyhot(folder: str) -> None:
    """Make the engine importable, after the release. Without the package's own `__init__`, which imports a web
    framework, unless the app has imported it."""
    sys.path.append(folder)
    for name in ("flyhot_asgi", "flyhot_asgi.engine"):
        if name not in sys.modules:
            package = types.ModuleType(name)
            package.__path__ = [os.path.join(folder, *name.split("."))]
            sys.modules[name] = package


class Opened:
    """Files below the tree that are opened from now on, relative to it, but for what the import system reads (PEP 578:
    that opens code, without flags)."""

    def __init__(self, tree: str) -> None:
        self._tree = tree
        self._read: dict[str, set[tuple[str, int]]] = {}
        self._written: set[str] = set()
        sys.addaudithook(self._hook)

    @property
    def read(self) -> dict[str, list[tuple[str, int]]]:
        """Those that were only read: each with the modules, and their lines, whose execution did it."""
        return {path: sorted(self._read[path]) for path in sorted(self._read.keys() - self._written)}

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(args[0], str) or not args[2]:
            return
        path = os.path.realpath(args[0])
        if path.startswith(self._tree) and not path.endswith(".pyc"):
            if args[2] & (os.O_WRONLY | os.O_RDWR):
                self._written.add(path[len(self._tree) :])
            else:
                self._read.setdefault(path[len(self._tree) :], set()).add(self._executing())

    def _executing(self) -> tuple[str, int]:
        """The module of the release that is being executed, and where; `("", 0)` if there is none."""
        frame: types.FrameType | None = sys._getframe()
        while frame is not None:
            code = frame.f_code
            if code.co_name == "<module>" and os.path.realpath(code.co_filename).startswith(self._tree):
                return str(frame.f_globals.get("__name__")), frame.f_lineno
            frame = frame.f_back
        return "", 0


def describe_failure(exc: BaseException, tree: str) -> dict[str, Any]:
    """Where in the release it happened, as far as it happened there."""
    frames = [f for f in traceback.extract_tb(exc.__traceback__) if os.path.realpath(f.filename).startswith(tree)]
    file, line = (frames[-1].filename, frames[-1].lineno) if frames else (None, None)
    if isinstance(exc, SyntaxError):
        file, line = exc.filename, exc.lineno
    return {
        "ok": False,
        "type": type(exc).__name__,
        "message": str(exc),
        "file": file,
        "line": line,
        "module": getattr(exc, "name", None),
        "trace": "".join(traceback.format_exception(exc))[-4000:],
    }


def describe_release(spec: dict[str, Any]) -> dict[str, Any]:
    """The names and the structure of the release's modules, after a cold import, and what could not be imported."""
    inherited = dict(os.environb)
    opened = Opened(spec["tree"])
    found, failed = import_release(spec)
    read = opened.read
    if failed and len(failed) == len(spec["modules"]):
        raise next(iter(failed.values()))
    names = {name: sorted(n for n in vars(module) if not n.startswith("__")) for name, module in found.items()}
    bring_in_flyhot(spec["ours"])
    from flyhot_asgi.engine.verification.fingerprint import describe
    from flyhot_asgi.engine.verification.settings import settings

    structure = {**describe(found, spec["tree"], list(found), insides=True), **settings(found, inherited)}
    failures = {name: describe_failure(exc, spec["tree"]) for name, exc in failed.items()}
    return {"ok": True, "modules": names, "structure": structure, "failed": failures, "read": read}


_STAYS: list[Any] = []


def lie_elsewhere(by: int) -> None:
    """Make a few objects of each size that stay, so that those of the release lie at other addresses than in another
    process: what goes by these (the order of a set of instances) shows in a comparison of both."""
    for number in range(by):
        _STAYS.extend(bytes(size) for size in range(0, 480, 16))
        _STAYS.extend(([], {}, (number, _STAYS), object(), lambda: None, type("Other", (), {})()))


def main() -> None:
    with open(sys.argv[1]) as asked:
        spec = json.load(asked)
    lie_elsewhere(spec["elsewhere"])
    try:
        answer = describe_release(spec)
    except BaseException as exc:
        answer = describe_failure(exc, spec["tree"])
    with open(spec["out"], "w") as out:
        json.dump(answer, out)
        out.flush()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
