"""The vsn of a class: its attribute `vsn` if the source gives it a literal one, else a digest of its source.

Read from a release's sources, not from the living class, as both sides of an upgrade must be known at once. A class's
digest covers the first-party classes that it derives from: a changed base is a changed class. Functions have digests,
too: an `@upgradable` one is a unit, for which a class of its name stands.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..engine.source.module import SourceModule
from ..session import Unit


@dataclass(frozen=True)
class ClassVsn:
    explicit: str | None
    digest: str


class ClassVsns:
    """The vsns of all classes of one release. Modules are read when one of their classes is asked for."""

    def __init__(self, sources: Mapping[str, SourceModule]) -> None:
        self._sources = sources
        self._modules: dict[str, dict[str, ClassVsn]] = {}

    def of(self, cls: type) -> str:
        """The vsn of a living class in this release; "" if the release does not define it."""
        found = [own for base in cls.__mro__ if (own := self._own(base)) is not None]
        for own in found:
            if own.explicit is not None:
                return own.explicit
        if not found:
            return ""
        return hashlib.sha256("".join(own.digest for own in found).encode()).hexdigest()[:12]

    def _own(self, cls: type) -> ClassVsn | None:
        source = self._sources.get(cls.__module__)
        if source is None:
            return None
        if cls.__module__ not in self._modules:
            self._modules[cls.__module__] = dict(_classes(source.tree.body, ""))
        return self._modules[cls.__module__].get(cls.__qualname__)


def _classes(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ClassVsn]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            name = prefix + node.name
            yield name, ClassVsn(_explicit(node), hashlib.sha256(ast.dump(node).encode()).hexdigest())
            yield from _classes(node.body, f"{name}.")
        elif isinstance(node, ast.If | ast.Try):
            yield from _classes([*node.body, *node.orelse], prefix)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = prefix + node.name  # a class may stand for it: see `@upgradable`
            yield name, ClassVsn(None, hashlib.sha256(ast.dump(node).encode()).hexdigest())
            yield from _classes(node.body, f"{prefix}{node.name}.<locals>.")


def _explicit(node: ast.ClassDef) -> str | None:
    for child in node.body:
        targets = child.targets if isinstance(child, ast.Assign) else []
        if isinstance(child, ast.AnnAssign) and child.value is not None:
            targets = [child.target]
        if any(isinstance(target, ast.Name) and target.id == "vsn" for target in targets):
            value = getattr(child, "value", None)
            if isinstance(value, ast.Constant):
                return str(value.value)
    return None


def with_classes_read(vsns: tuple[ClassVsns, ClassVsns], units: Iterable[Unit]) -> tuple[ClassVsns, ClassVsns]:
    """The vsns of what lives are worked out now, not while sessions are held."""
    for cls in {unit.cls for unit in units}:
        for each in vsns:
            each.of(cls)
    return vsns
