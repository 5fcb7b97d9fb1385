"""Templates that somebody keeps by name follow their files.

`PAGE = env.get_template("page.html")` is compiled once: no cache that is emptied changes it, and a loader is not asked
again. So where a release changes the file, such a template is compiled anew in place, by its own environment, under
the journal. Jinja2's and Mako's; of one that was made from a text there is no file.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..engine import Journal
from ..engine.adapters.templates import held, renew
from ..engine.living.inventory import subclasses


class HeldTemplates:
    """Those of one process. `look()` before anybody is held, `follow()` while all are."""

    def __init__(self) -> None:
        self._jinja: list[weakref.ref[Any]] = []
        self._mako: list[weakref.ref[Any]] = []

    def look(self) -> None:
        """A pass over the heap, where one of the libraries is loaded."""
        jinja, mako = _kinds("jinja2.environment", "Template"), _kinds("mako.template", "Template")
        found = [one for one in gc.get_objects() if type(one) in jinja or type(one) in mako] if jinja or mako else []
        named = [one for one in found if type(one) in jinja and one.name and one.environment.loader is not None]
        self._jinja = [weakref.ref(one) for one in held(named)]
        self._mako = [weakref.ref(one) for one in found if type(one) in mako and one.lookup and one.filename]

    def forget(self) -> None:
        """Let go of what `look()` found."""
        self._jinja, self._mako = [], []

    def follow(self, tree: Path, changed: Collection[str] | None, journal: Journal) -> None:
        """Compile anew what now comes from one of the paths `changed` (of the release; None: from any) in `tree`.
        Raises what the library raises of a template that does not compile; one whose file is gone stays."""
        for template in [one for ref in self._jinja if (one := ref()) is not None]:
            file = _file_of(template)
            if file is not None and _is_among(file, tree, changed):
                renew(template, journal)
        for template in [one for ref in self._mako if (one := ref()) is not None]:
            if template.lookup.has_template(template.uri):
                fresh = template.lookup.get_template(template.uri)
                if fresh is not template and _is_among(fresh.filename, tree, changed):
                    journal.touch_namespace(vars(template), "a compiled template")
                    vars(template).clear()
                    vars(template).update(vars(fresh))


def _file_of(template: Any) -> str | None:
    """The file that its loader would make it of now."""
    try:
        found: str | None = template.environment.loader.get_source(template.environment, template.name)[1]
    except Exception:  # a loader of the app's, or a file that is gone
        return None
    return found


def _is_among(file: str, tree: Path, changed: Collection[str] | None) -> bool:
    path = Path(file)
    if not path.is_relative_to(tree):
        return False
    return changed is None or path.relative_to(tree).as_posix() in changed


def _kinds(module: str, name: str) -> frozenset[type]:
    kind = getattr(sys.modules.get(module), name, None)
    return frozenset([kind, *subclasses(kind)]) if isinstance(kind, type) else frozenset()
