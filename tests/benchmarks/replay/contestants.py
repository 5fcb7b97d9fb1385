"""The tools that are tried, each behind the same three calls: made while the old release is imported; `upgrade()` after
the files changed, which raises Refusal or whatever the tool raises; `undo()` for those that can."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

_PATIENCE = 250.0
"""Seconds: a busy machine is no verdict."""


class Refusal(Exception):
    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def contestant(name: str, root: str, packages: list[str], path: list[str]) -> Any:
    return _TOOLS[name](root, packages, path)


class _Flyhot:
    def __init__(self, root: str, packages: list[str], path: list[str]) -> None:
        from flyhot_asgi.engine import Engine

        self._engine = Engine(Path(root), packages, timeout=_PATIENCE)

    def upgrade(self) -> Any:
        from flyhot_asgi.engine import Refused

        try:
            outcome = self._engine.upgrade()
        except Refused as exc:
            raise Refusal([str(reason) for reason in exc.reasons] or [str(exc)]) from None
        return {"verified": outcome.verified}

    def undo(self) -> None:
        self._engine.undo_last()


class _Nothing:
    """The control: whoever calls this right calls everything right."""

    def __init__(self, root: str, packages: list[str], path: list[str]) -> None:
        pass

    def upgrade(self) -> None:
        pass


class _Files:
    """Which files of the packages changed, for tools that are told."""

    def __init__(self, root: str, packages: list[str], path: list[str]) -> None:
        self._packages = set(packages)
        self._texts = {name: self._text(module) for name, module in self._modules()}

    def _modules(self) -> list[tuple[str, Any]]:
        found = [(n, m) for n, m in list(sys.modules.items()) if n.partition(".")[0] in self._packages]
        return [(n, m) for n, m in found if getattr(m, "__file__", None)]

    def _text(self, module: Any) -> str | None:
        file = Path(module.__file__)
        return file.read_text() if file.is_file() else None

    def changed(self) -> list[tuple[str, Any]]:
        return [(n, m) for n, m in self._modules() if (text := self._text(m)) and text != self._texts.get(n)]


class _Jurigged(_Files):
    def __init__(self, root: str, packages: list[str], path: list[str]) -> None:
        super().__init__(root, packages, path)
        from jurigged import registry

        self._registry = registry
        for name, module in self._modules():
            registry.prepare(name, module.__file__)
            registry.get(module.__file__)

    def upgrade(self) -> None:
        errors: list[str] = []
        for _, module in self.changed():
            file = self._registry.get(module.__file__)
            file.activity.register(lambda event: errors.append(str(event)) if isinstance(event, Exception) else None)
            file.refresh()
        if errors:
            raise RuntimeError(errors[0])


class _Autoreload(_Files):
    def __init__(self, root: str, packages: list[str], path: list[str]) -> None:
        super().__init__(root, packages, path)
        from IPython.extensions.autoreload import ModuleReloader

        self._reloader = ModuleReloader()
        self._reloader.enabled = True
        self._reloader.check_all = True
        self._reloader.check(check_all=True)

    def upgrade(self) -> None:
        import os

        for _, module in self.changed():
            stamp = os.stat(module.__file__).st_mtime + 5
            os.utime(module.__file__, (stamp, stamp))
        self._reloader.check(check_all=True)
        if self._reloader.failed:
            raise RuntimeError(f"failed: {sorted(self._reloader.failed)[:3]}")


class _Reload(_Files):
    def upgrade(self) -> None:
        importlib.invalidate_caches()
        for _, module in self.changed():
            importlib.reload(module)


_TOOLS: dict[str, Any] = {
    "flyhot": _Flyhot,
    "nothing": _Nothing,
    "jurigged": _Jurigged,
    "autoreload": _Autoreload,
    "reload": _Reload,
}
