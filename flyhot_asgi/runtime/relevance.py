"""Does a release change anything for this process? A deploy that succeeds without effect is the commonest lie.

Relevant is a Python file of a living module, one that a living module imports anywhere (a function may import it
later), and any other file of the release: a loader may serve it, the app may read it. The plan names those that no
loader serves.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from ..engine import Plan, SourceModule
from ..engine.source.defuse import imported_from
from ..release.folder import Release
from .installed import Installed, Sources


def why_nothing_changes(
    installed: Installed, release: Release, sources: Sources, plan: Plan, assets: dict[str, list[str]]
) -> str | None:
    """What changed without any effect here, in words; None if something has an effect."""
    if plan.changed or plan.added or plan.deleted:
        return None
    changed_assets = [path for paths in assets.values() for path in paths]
    if changed_assets:
        return None
    python = installed.python_changes(release)
    reachable = reachable_files(sources.new, sources.live) | reachable_files(sources.old, sources.live)
    if any(path in reachable for path in python):
        return None
    return f"{', '.join(python[:3])}{f' and {len(python) - 3} more' if len(python) > 3 else ''}: not loaded"


def notes_on_other_assets(installed: Installed, assets: Mapping[str, list[str]]) -> list[str]:
    """What to say of files that changed and that no living loader serves."""
    changed = [path for paths in assets.values() for path in paths]
    other = sorted(set(changed) - installed.assets.relevant(changed)) if changed else []
    if not other:
        return []
    shown = ", ".join(other[:3]) + (f" and {len(other) - 3} more" if len(other) > 3 else "")
    return [f"{shown}: no template or static file; what the app read from it lives on"]


def reachable_files(sources: Mapping[str, SourceModule], live: Mapping[str, object]) -> set[str]:
    """Files of the living modules and of those that they import, in function bodies too."""
    seen: set[str] = set()
    queue = [name for name in live if name in sources]
    while queue:
        name = queue.pop()
        if name in seen or name not in sources:
            continue
        seen.add(name)
        queue.extend(_imported(sources[name]))
    return {sources[name].relpath for name in seen}


def _imported(source: SourceModule) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = imported_from(source, node)
            found.add(origin)
            found.update(f"{origin}.{alias.name}" for alias in node.names)
    return found
