"""One process of the replay: imports a release, and describes it, cold or after a tool upgraded it.

    python child.py SPEC.json     SPEC: root, path, packages, tool, tried, imported (None: all), shift, out

Says `ready` on stdout when the old release is imported and held; waits for a line; then lets the tool work.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import inspect
import json
import os
import sys
import threading
import time
import types
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from contestants import Refusal, contestant
from describe import MEMO, aliases, describe, is_a, lines

_HEAP: list[Any] = []


def main(spec: dict[str, Any]) -> None:
    warnings.simplefilter("ignore")
    sys.path[:0] = spec["path"]
    sys.path.append(str(Path(__file__).resolve().parents[3]))
    _shift_heap(spec.get("shift", 0))
    said = sys.stdout
    sys.stdout = sys.stderr
    tried, names = import_all(spec)
    answer: dict[str, Any] = {"tried": tried, "imported": names}
    if spec["tool"] == "cold":
        answer |= _settled(spec)
    else:
        tool = contestant(spec["tool"], spec["root"], spec["packages"], spec["path"])
        before = _settled(spec) if spec["tool"] == "flyhot" else {}
        held = Held(spec)
        said.write("ready\n")
        said.flush()
        sys.stdin.readline()
        answer |= _upgrade(tool, spec, held, before)
    Path(spec["out"]).write_text(json.dumps(answer))
    sys.stderr.flush()
    os._exit(0)


def _shift_heap(by: int) -> None:
    """Objects that stay, so that what comes after them lies elsewhere: what is hashed by its address (functions in a
    set, as Celery registers its tasks from) comes in another order, as it does in any two processes."""
    for _ in range(by):
        _HEAP.extend([lambda: None, type("Shift", (), {}), object(), [], {}])


def _upgrade(tool: Any, spec: dict[str, Any], held: Held, before: dict[str, Any]) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        answer: dict[str, Any] = {"outcome": "done", "said": tool.upgrade()}
    except Refusal as exc:
        answer = {"outcome": "refused", "said": exc.reasons}
    except BaseException as exc:
        answer = {"outcome": "raised", "said": [f"{type(exc).__name__}: {exc}"]}
    answer["seconds"] = time.perf_counter() - began
    now = _picture(spec)
    if answer["outcome"] == "done":
        answer |= now
        answer["stale"] = held.stale()
        answer["kept"] = held.kept()
        answer["lacking"] = held.lacking()
        if before:
            tool.undo()
            answer["undo"] = changed(before, _picture(spec))
    elif before:
        answer["undo"] = changed(before, now)
    return answer


def _settled(spec: dict[str, Any]) -> dict[str, Any]:
    """Looked at until looking changes nothing: a lazy object (Celery's tasks) is made when it is described."""
    before = _picture(spec)
    for _ in range(3):
        now = _picture(spec)
        if not changed(before, now):
            break
        before = now
    return now


def changed(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Paths whose texts differ. A memo that was worked out meanwhile is no difference; one that is another is."""
    old, new = before["described"], now["described"]
    every = [path for path in sorted({**old, **new}) if path in old or not path.endswith(MEMO)]
    return [path for path in every if old.get(path) != new.get(path)][:20]


def import_all(spec: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Try every module of the packages, or those of `spec["tried"]`, in their order: what was tried, what succeeded.

    A cold import tries the same ones in the same order, as one that fails may make a later one succeed (circular
    imports); what succeeded in the old release and is still there must succeed.
    """
    found = []
    tried = spec["tried"] if spec["tried"] is not None else sorted(_names(spec))
    for name in tried:
        with contextlib.suppress(Exception, SystemExit):
            importlib.import_module(name)
            found.append(name)
    failed = [name for name in spec["imported"] or () if name not in found and _exists(name, spec["path"])]
    if failed:
        raise SystemExit(f"a cold import of the new release fails: {failed[:3]}")
    return tried, found


def _names(spec: dict[str, Any]) -> list[str]:
    """By looking at files: what walks packages by importing them would import what is left out here."""
    skipped = {"tests", "test", "alembic", "migrations", "conftest", "__main__", "node_modules"}
    found = []
    for package in spec["packages"]:
        found.append(package)
        for base in map(Path, spec["path"]):
            for file in sorted(base.joinpath(package).rglob("*.py")):
                parts = file.relative_to(base).with_suffix("").parts
                folders = [base.joinpath(*parts[:n]) for n in range(1, len(parts))]
                whole = not (base / package / "__init__.py").is_file()  # a namespace package: nothing tells its parts
                inside = whole or all((folder / "__init__.py").is_file() for folder in folders)
                if inside and not skipped & set(parts) and not parts[-1].startswith("test_"):
                    found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return list(dict.fromkeys(found))


def _exists(name: str, path: list[str]) -> bool:
    relative = name.replace(".", "/")
    return any(Path(b, f"{relative}.py").is_file() or Path(b, relative, "__init__.py").is_file() for b in path)


def modules_of(spec: dict[str, Any]) -> dict[str, types.ModuleType]:
    tops = set(spec["packages"])
    return {n: m for n, m in list(sys.modules.items()) if n.partition(".")[0] in tops and type(m) is types.ModuleType}


def _picture(spec: dict[str, Any]) -> dict[str, Any]:
    gc.collect()  # a class that another took the place of (attrs, slots) is known to its bases until then
    modules = modules_of(spec)
    apis = {}
    for name, module in modules.items():
        for key, value in list(vars(module).items()):
            if type(value).__name__ == "FastAPI" and type(value).__module__ == "fastapi.applications":
                cached, value.openapi_schema = value.openapi_schema, None
                with contextlib.suppress(Exception):
                    apis[f"{name}:{key}"] = json.dumps(value.openapi(), sort_keys=True)
                value.openapi_schema = cached
    return {
        "modules": sorted(modules),
        "described": describe(modules, spec["root"]),
        "aliases": aliases(modules),
        "lines": lines(modules),
        "apis": apis,
    }


class Held:
    """What somebody may hold of the old release: every function and class, an instance of each plain class, and the
    objects that module-level statements made."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._definitions: list[tuple[str, str, Any]] = []
        self._made: list[tuple[str, str, Any]] = []
        self._instances: list[tuple[str, str, Any]] = []
        self._state: list[tuple[str, str, Any, str]] = []
        for name, module in modules_of(spec).items():
            self._hold(name, vars(module), "")
            texts = _assignments(module)
            for key, value in list(vars(module).items()):
                if key in texts and not is_a(value, (type, types.FunctionType)) and _is_state(value):
                    self._state.append((name, key, value, texts[key]))

    def _hold(self, module: str, namespace: Any, prefix: str) -> None:
        for key, value in list(namespace.items()):
            value = value.__func__ if is_a(value, (staticmethod, classmethod)) else value
            if not is_a(value, (type, types.FunctionType)) or value.__module__ != module:
                continue
            if value.__qualname__ != prefix + key:
                continue
            self._definitions.append((module, prefix + key, value))
            if is_a(value, type):
                if type(value) is type and value.__init__ is not object.__init__:
                    with contextlib.suppress(Exception):
                        self._instances.append((module, prefix + key, object.__new__(value)))
                    if self._spec["initialised"]:
                        self._initialise(module, prefix + key, value)
                self._hold(module, vars(value), f"{prefix}{key}.")

    def _initialise(self, module: str, name: str, cls: type) -> None:
        """An instance as the program would make it, of classes that ask for no arguments."""
        if issubclass(cls, (threading.Thread, BaseException)):
            return
        with contextlib.suppress(Exception):
            parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
            kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
            if all(p.default is not p.empty or p.kind in kinds for p in parameters):
                self._made.append((module, name, cls()))

    def lacking(self) -> list[str]:
        """Attributes that an instance made now has, that one made by the old release lacks, and that no class gives."""
        found = []
        for module, name, value in self._made:
            now = _find(module, name)
            if now is not type(value) or "__dict__" not in dir(value):
                continue
            with contextlib.suppress(Exception):
                fresh = vars(now())
                lost = [key for key in fresh if key not in vars(value) and not hasattr(value, key)]
                found += [f"{module}:{name}.{key}" for key in lost]
        return found

    def stale(self) -> list[str]:
        """Held definitions that are not what their name means now, and do something else."""
        found = []
        for module, name, value in self._definitions:
            now = _find(module, name)
            if now is None or now is value or type(now) is not type(value):
                continue
            if isinstance(value, type) or not _same_function(value, now):
                found.append(f"{module}:{name}")
        for module, name, value in self._instances:
            now = _find(module, name)
            if isinstance(now, type) and type(now) is type and type(value) is not now:
                found.append(f"{module}:{name} (an instance)")
        return found

    def kept(self) -> list[str]:
        """Objects of statements that say the same in both releases, and that are others now."""
        found = []
        for module, name, value, text in self._state:
            now = sys.modules.get(module)
            if now is None or _assignments(now).get(name) != text or name not in vars(now):
                continue
            if vars(now)[name] is not value:
                found.append(f"{module}:{name}")
        return found


def _same_function(old: types.FunctionType, new: types.FunctionType) -> bool:
    fields = ("__code__", "__defaults__", "__kwdefaults__", "__globals__")
    return all(getattr(old, f) == getattr(new, f) for f in fields[:3]) and old.__globals__ is new.__globals__


def _find(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = (vars(found) if is_a(found, (type, types.ModuleType)) else {}).get(part)
        found = found.__func__ if is_a(found, (staticmethod, classmethod)) else found
    return found


def _is_state(value: Any) -> bool:
    if is_a(value, (dict, list, set)):
        return True
    return (
        type(value).__module__ not in ("typing", "re", "builtins", "functools")
        and hasattr(type(value), "__dict__")
        and type(inspect.getattr_static(value, "__dict__", None)) in (dict, types.GetSetDescriptorType)
    )


def _assignments(module: types.ModuleType) -> dict[str, str]:
    """Names that exactly one plain assignment binds, and what it says."""
    try:
        tree = ast.parse(Path(str(module.__file__)).read_text())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[str, list[str]] = {}
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(ast.dump(node))
    return {name: texts[0] for name, texts in found.items() if len(texts) == 1}


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
