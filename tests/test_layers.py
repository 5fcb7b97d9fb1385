"""The house's layers, as a table, held by reading every import with `ast`.

An arrow may only point to what a layer's line names. An import under `TYPE_CHECKING` counts: it's an arrow in
the reader's head too. A wrong one fails with its file, its line and what that layer may import. The same for
third-party packages (each is met in few places), for `print`, and for the length of a file.
"""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("flyhot_asgi", "flyhot_deploy")
MAX_LINES = 400

FLOOR = ("flyhot_asgi.errors", "flyhot_asgi.types", "flyhot_asgi.threads")
EVERYTHING_ASGI = ("flyhot_asgi",)
SHARED = ("flyhot_asgi.release", "flyhot_asgi.control", *FLOOR)

# layer -> the layers it may import (itself always). The longest matching prefix is a file's layer.
LAYERS: dict[str, tuple[str, ...]] = {
    "flyhot_asgi.errors": (),
    "flyhot_asgi.types": (),
    "flyhot_asgi.threads": (),
    "flyhot_asgi.release": FLOOR,
    # The engine's rooms: pure source, reading the process, planning, changing it, holding it against the release.
    "flyhot_asgi.engine.source": FLOOR,
    "flyhot_asgi.engine.living": ("flyhot_asgi.engine.source", *FLOOR),
    "flyhot_asgi.engine.patching": ("flyhot_asgi.engine.source", "flyhot_asgi.engine.living", *FLOOR),
    # Within planning: what all share is at the bottom, the judges stand on it, and who asks the judges on these.
    "flyhot_asgi.engine.planning.findings": ("flyhot_asgi.engine.source", *FLOOR),
    "flyhot_asgi.engine.planning.roles": ("flyhot_asgi.engine.source", *FLOOR),
    "flyhot_asgi.engine.planning.stuck": ("flyhot_asgi.engine.source", "flyhot_asgi.engine.living", *FLOOR),
    "flyhot_asgi.engine.planning.context": (
        "flyhot_asgi.engine.planning.findings",
        "flyhot_asgi.engine.planning.roles",
        "flyhot_asgi.engine.planning.stuck",
        "flyhot_asgi.engine.source",
        "flyhot_asgi.engine.living",
        *FLOOR,
    ),
    "flyhot_asgi.engine.planning": ("flyhot_asgi.engine.source", "flyhot_asgi.engine.living", *FLOOR),
    "flyhot_asgi.engine.verification": (
        "flyhot_asgi.engine.source",
        "flyhot_asgi.engine.living",
        "flyhot_asgi.engine.patching",
        *FLOOR,
    ),
    # Fresh processes that import a release cold, and what they say.
    "flyhot_asgi.engine.oracle": (
        "flyhot_asgi.engine.source",
        "flyhot_asgi.engine.living",
        "flyhot_asgi.engine.verification",
        *FLOOR,
    ),
    # The loop that tries a plan and enlarges it: drives all of the above.
    "flyhot_asgi.engine.rehearsal": ("flyhot_asgi.engine", *FLOOR),
    "flyhot_asgi.engine": FLOOR,
    "flyhot_asgi.upgrade": FLOOR,
    "flyhot_asgi.telemetry": FLOOR,
    "flyhot_asgi.session": FLOOR,
    "flyhot_asgi.client": FLOOR,
    "flyhot_asgi.live": ("flyhot_asgi.session", "flyhot_asgi.client", *FLOOR),
    "flyhot_asgi.stateful": ("flyhot_asgi.session", *FLOOR),
    "flyhot_asgi.functions": ("flyhot_asgi.session", *FLOOR),
    "flyhot_asgi.integrations": ("flyhot_asgi.session", *FLOOR),
    "flyhot_asgi.control": ("flyhot_asgi.release", *FLOOR),
    # The drivers join the rooms above; nothing above imports them.
    "flyhot_asgi.runtime": (
        "flyhot_asgi.release",
        "flyhot_asgi.engine",
        "flyhot_asgi.upgrade",
        "flyhot_asgi.session",
        "flyhot_asgi.client",
        "flyhot_asgi.live",
        "flyhot_asgi.stateful",
        "flyhot_asgi.functions",
        "flyhot_asgi.control",
        "flyhot_asgi.telemetry",
        *FLOOR,
    ),
    "flyhot_asgi.watch": ("flyhot_asgi.runtime", "flyhot_asgi.release", "flyhot_asgi.client", *FLOOR),
    "flyhot_asgi.lifespan": ("flyhot_asgi.runtime", "flyhot_asgi.client", *FLOOR),
    "flyhot_asgi.middleware": EVERYTHING_ASGI,
    "flyhot_asgi": EVERYTHING_ASGI,
    # The tooling sees only what a release is and how to speak with a process.
    "flyhot_deploy.errors": SHARED,
    "flyhot_deploy.config": ("flyhot_deploy.errors", *SHARED),
    # A release that travels, the place where it is kept, and the one room that joins the two.
    "flyhot_deploy.release": SHARED,
    "flyhot_deploy.store": SHARED,
    "flyhot_deploy.repository": ("flyhot_deploy.release", "flyhot_deploy.store", *SHARED),
    "flyhot_deploy.environment": (
        "flyhot_deploy.repository",
        "flyhot_deploy.release",
        "flyhot_deploy.store",
        "flyhot_deploy.errors",
        *SHARED,
    ),
    "flyhot_deploy.packing": ("flyhot_deploy.release", "flyhot_deploy.errors", *SHARED),
    "flyhot_deploy.circumstances": (),
    # Where a release is packed it is also looked at as an engine would: recorded and rehearsed, in fresh processes.
    "flyhot_deploy.recording": ("flyhot_deploy.circumstances", "flyhot_asgi.engine", *SHARED),
    "flyhot_deploy.fetch": ("flyhot_deploy.repository", "flyhot_deploy.release", "flyhot_deploy.store", *SHARED),
    "flyhot_deploy.boot": (
        "flyhot_deploy.environment",
        "flyhot_deploy.fetch",
        "flyhot_deploy.repository",
        "flyhot_deploy.release",
        "flyhot_deploy.errors",
        *SHARED,
    ),
    "flyhot_deploy.local": ("flyhot_deploy.config", "flyhot_deploy.errors", *SHARED),
    # Fly's API and CLI know no release; the fleet's protocol knows neither.
    "flyhot_deploy.fly": ("flyhot_deploy.errors", *SHARED),
    "flyhot_deploy.fleet": (
        "flyhot_deploy.circumstances",
        "flyhot_deploy.packing",
        "flyhot_deploy.recording",
        "flyhot_deploy.environment",
        "flyhot_deploy.fly",
        "flyhot_deploy.local",
        "flyhot_deploy.repository",
        "flyhot_deploy.release",
        "flyhot_deploy.store",
        "flyhot_deploy.config",
        "flyhot_deploy.errors",
        *SHARED,
    ),
    # Only the agent joins the fleet with the processes of one machine.
    "flyhot_deploy.agent": (
        "flyhot_deploy.circumstances",
        "flyhot_deploy.boot",
        "flyhot_deploy.fetch",
        "flyhot_deploy.fleet",
        "flyhot_deploy.local",
        "flyhot_deploy.environment",
        "flyhot_deploy.repository",
        "flyhot_deploy.release",
        "flyhot_deploy.store",
        "flyhot_deploy.config",
        "flyhot_deploy.errors",
        *SHARED,
    ),
    "flyhot_deploy.demo": ("flyhot_deploy.flysim", "flyhot_deploy.errors", *SHARED),
    # A Fly of our own, for tests and the demo.
    "flyhot_deploy.flysim": ("flyhot_deploy.fly", "flyhot_deploy.errors", *SHARED),
    "flyhot_deploy.launch": (
        "flyhot_deploy.packing",
        "flyhot_deploy.fleet",
        "flyhot_deploy.fly",
        "flyhot_deploy.local",
        "flyhot_deploy.repository",
        "flyhot_deploy.environment",
        "flyhot_deploy.config",
        "flyhot_deploy.errors",
        *SHARED,
    ),
    "flyhot_deploy.watch": ("flyhot_asgi.watch", "flyhot_deploy.errors", *SHARED),
    "flyhot_deploy.agent.apply": ("flyhot_deploy.agent",),
    "flyhot_deploy.doctor": (
        "flyhot_deploy.environment",
        "flyhot_deploy.fleet",
        "flyhot_deploy.fly",
        "flyhot_deploy.repository",
        "flyhot_deploy.release",
        "flyhot_deploy.store",
        "flyhot_deploy.errors",
        *SHARED,
    ),
    "flyhot_deploy.cli": (
        "flyhot_deploy.circumstances",
        "flyhot_deploy.recording",
        "flyhot_deploy.doctor",
        "flyhot_deploy.watch",
        "flyhot_deploy.boot",
        "flyhot_deploy.packing",
        "flyhot_deploy.repository",
        "flyhot_deploy.release",
        "flyhot_deploy.store",
        "flyhot_deploy.local",
        "flyhot_deploy.demo",
        "flyhot_deploy.launch",
        "flyhot_deploy.agent",
        "flyhot_deploy.fleet",
        "flyhot_deploy.fly",
        "flyhot_deploy.environment",
        "flyhot_deploy.config",
        "flyhot_deploy.errors",
        *SHARED,
    ),
    "flyhot_deploy.__main__": ("flyhot_deploy.cli", "flyhot_deploy.agent.apply", "flyhot_deploy.errors"),
    "flyhot_deploy": ("flyhot_deploy.boot", "flyhot_deploy.errors"),
}

# third-party package -> where it may be imported. What isn't here may be imported nowhere.
THIRD_PARTY: dict[str, tuple[str, ...]] = {
    "starlette": (
        "flyhot_asgi.session.endpoints",
        "flyhot_asgi.live",
        "flyhot_asgi.client",
        "flyhot_asgi.runtime",
        "flyhot_asgi.middleware",
        "flyhot_deploy.flysim.api",
    ),
    "uvicorn": ("flyhot_deploy.flysim.serve",),
    "watchfiles": ("flyhot_asgi.watch.watcher", "flyhot_deploy.watch"),
    "click": ("flyhot_deploy.cli", "flyhot_deploy.demo", "flyhot_deploy.__main__"),
    "rich": ("flyhot_deploy.cli", "flyhot_deploy.demo"),
    "boto3": ("flyhot_deploy.store.s3",),
    "botocore": ("flyhot_deploy.store.s3",),
    "urllib3": ("flyhot_deploy.store.s3",),
    "cryptography": ("flyhot_deploy.release.signing",),
    "websockets": ("flyhot_deploy.demo.clients",),
    "prometheus_client": ("flyhot_asgi.telemetry.prometheus",),
    "opentelemetry": ("flyhot_asgi.telemetry.tracing",),
    "httpx": ("flyhot_deploy.fly.http",),
    "minify": ("flyhot_asgi.client.build",),
    "brotli": ("flyhot_asgi.client.build",),
    "zopfli": ("flyhot_asgi.client.build",),
}

# Files that import one another in a circle, each with one that the circle goes through. None may be added.
CIRCLES: frozenset[str] = frozenset({"flyhot_asgi.stateful.server"})

# Who may write to the terminal with print(): nobody. The command line's output goes through rich.
PRINTERS: tuple[str, ...] = ()


@dataclass(frozen=True)
class Import:
    """One import statement's target, as absolute as the source allows."""

    importer: str
    target: str
    file: Path
    line: int

    @property
    def where(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


@functools.cache
def source_files() -> tuple[Path, ...]:
    # Vendored static files and composed demo releases are not source of ours.
    return tuple(
        path
        for name in PACKAGES
        for path in sorted((ROOT / name).rglob("*.py"))
        if "releases" not in path.relative_to(ROOT).parts
    )


def module_name(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def known_modules() -> frozenset[str]:
    return frozenset(module_name(path) for path in source_files())


def imports_of(path: Path, source: str) -> Iterator[Import]:
    """Every import of a file, anywhere in it: top level, functions, `TYPE_CHECKING`."""
    importer = module_name(path)
    package = importer if path.name == "__init__.py" else importer.rpartition(".")[0]
    modules = known_modules()
    for node in ast.walk(ast.parse(source, str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(importer, alias.name, path, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                ancestors = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*ancestors, *([base] if base else [])])
            for alias in node.names:
                # `from package import module` is an arrow to the module, not to the package's root.
                deeper = f"{base}.{alias.name}"
                yield Import(importer, deeper if deeper in modules else base, path, node.lineno)


def within(module: str, layer: str) -> bool:
    return module == layer or module.startswith(layer + ".")


def layer_of(module: str) -> str:
    found = [layer for layer in LAYERS if within(module, layer)]
    # A package's root is a layer for its __init__ alone: a new room needs its own line in the table.
    found = [layer for layer in found if layer not in PACKAGES or module == layer]
    if not found:
        pytest.fail(f"{module} has no line in LAYERS (tests/test_layers.py): say what it may import")
    return max(found, key=len)


def is_allowed(target: str, layer: str) -> bool:
    if within(target, layer) and layer not in PACKAGES:
        return True
    # A root allows whatever is in its package only where the table says the root (the drivers do).
    return any(within(target, allowed) for allowed in LAYERS[layer])


def wrong_arrows(found: list[Import]) -> list[str]:
    complaints = []
    for arrow in found:
        if arrow.target.partition(".")[0] not in PACKAGES:
            continue
        layer = layer_of(arrow.importer)
        if not is_allowed(arrow.target, layer):
            allowed = ", ".join(LAYERS[layer]) or "nothing of ours"
            complaints.append(f"{arrow.where}: {layer} imports {arrow.target}; it may import: {allowed}")
    return complaints


def wrong_third_party(found: list[Import]) -> list[str]:
    complaints = []
    for arrow in found:
        top = arrow.target.partition(".")[0]
        if top in PACKAGES or top in sys.stdlib_module_names:
            continue
        places = THIRD_PARTY.get(top, ())
        if not any(within(arrow.importer, place) for place in places):
            complaints.append(f"{arrow.where}: imports {top}; only these may: {', '.join(places) or 'nobody'}")
    return complaints


@functools.cache
def all_imports() -> list[Import]:
    return [found for path in source_files() for found in imports_of(path, path.read_text("utf-8"))]


def test_arrows_point_down_only() -> None:
    assert not (complaints := wrong_arrows(all_imports())), "\n" + "\n".join(complaints)


def test_third_party_packages_are_met_where_the_table_says() -> None:
    assert not (complaints := wrong_third_party(all_imports())), "\n" + "\n".join(complaints)


def test_the_table_itself_has_no_cycle() -> None:
    """If the table had one, no import order would be right whatever the code does."""
    drivers = {"flyhot_asgi", "flyhot_asgi.middleware"}

    def visit(layer: str, path: tuple[str, ...]) -> None:
        assert layer not in path, " -> ".join([*path, layer])
        for below in LAYERS[layer]:
            if layer not in drivers:
                visit(below, (*path, layer))

    for layer in LAYERS:
        visit(layer, ())


def arrows() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {module: set() for module in known_modules()}
    for arrow in all_imports():
        if arrow.target in found and arrow.target != arrow.importer:
            found[arrow.importer].add(arrow.target)
    return found


def circle_in(below: dict[str, set[str]]) -> list[str]:
    """The modules of one circle, or none: takes away whoever imports nobody that is left, until that ends."""
    left = {module: set(targets) for module, targets in below.items()}
    while ends := [module for module, targets in left.items() if not targets & left.keys()]:
        for module in ends:
            del left[module]
    path: list[str] = []
    module = min(left, default="")
    while module and module not in path:
        path.append(module)
        module = min(left[module] & left.keys())
    return path[path.index(module) :] if module else []


def test_no_files_import_one_another_in_a_circle() -> None:
    """Within a package, too: each file can be read after those that it imports."""
    below = {module: targets for module, targets in arrows().items() if module not in CIRCLES}
    assert not (circle := circle_in(below)), " -> ".join([*circle, circle[0]])


@pytest.mark.parametrize("module", sorted(CIRCLES))
def test_a_circle_that_is_gone_is_no_longer_listed(module: str) -> None:
    others = CIRCLES - {module}
    assert circle_in({m: targets for m, targets in arrows().items() if m not in others}), f"{module} is in none"


def test_a_circle_is_told() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]
    assert circle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_the_library_never_imports_its_tooling() -> None:
    upward = [a for a in all_imports() if within(a.importer, "flyhot_asgi") and within(a.target, "flyhot_deploy")]
    assert not upward, "\n".join(f"{arrow.where}: imports {arrow.target}" for arrow in upward)


def faults_of(path: Path) -> Iterator[str]:
    source = path.read_text("utf-8")
    where, lines = path.relative_to(ROOT), source.count("\n")
    if lines > MAX_LINES:
        yield f"{where}: {lines} lines, at most {MAX_LINES}: split it"
    tree = ast.parse(source, str(path))
    if source.strip() and not ast.get_docstring(tree):
        yield f"{where}:1: no module docstring"
    if module_name(path) in PRINTERS:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield f"{where}:{node.lineno}: print(); log, or return it to the command line"


def test_a_file_holds_one_concept() -> None:
    assert not (found := [fault for path in source_files() for fault in faults_of(path)]), "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("importer", "source", "wrong"),
    [
        ("flyhot_asgi/engine/x.py", "from flyhot_asgi.errors import FlyhotError", False),
        ("flyhot_asgi/engine/x.py", "from flyhot_asgi.session import gate", True),
        ("flyhot_asgi/engine/x.py", "from ..session.gate import Gate", True),
        ("flyhot_asgi/session/x.py", "from . import gate", False),
        (
            "flyhot_asgi/session/x.py",
            "if TYPE_CHECKING:\n    from flyhot_asgi.live.view import LiveView",
            True,
        ),
        ("flyhot_asgi/session/x.py", "def f():\n    import flyhot_asgi.runtime", True),
        ("flyhot_asgi/session/x.py", "from flyhot_asgi import HotUpgrade", True),
        ("flyhot_asgi/middleware.py", "from flyhot_asgi.runtime.runner import Runner", False),
        ("flyhot_deploy/local/x.py", "from flyhot_asgi.control.wire import encode", False),
        ("flyhot_deploy/local/x.py", "from flyhot_asgi.engine.source.module import Module", True),
        ("flyhot_deploy/local/x.py", "from flyhot_deploy.cli import main", True),
    ],
)
def test_the_table_tells_right_from_wrong(importer: str, source: str, wrong: bool) -> None:
    complaints = wrong_arrows(list(imports_of(ROOT / importer, source)))
    assert bool(complaints) is wrong, complaints
    assert all(f"{importer}:" in complaint and "may import" in complaint for complaint in complaints)


def test_a_stray_third_party_import_is_told() -> None:
    found = list(imports_of(ROOT / "flyhot_asgi/engine/x.py", "import json\nimport click\nimport numpy"))
    assert [complaint.partition(" ")[0] for complaint in wrong_third_party(found)] == [
        "flyhot_asgi/engine/x.py:2:",
        "flyhot_asgi/engine/x.py:3:",
    ]
