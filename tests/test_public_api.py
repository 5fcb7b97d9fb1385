"""What is public is what the roots list, and importing it costs what it must and no more."""

from __future__ import annotations

import functools
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

import flyhot_asgi

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = {
    "CodeChanged",
    "FlyhotError",
    "HotUpgrade",
    "LiveView",
    "PubSub",
    "ServerRef",
    "StatefulHandler",
    "Subscription",
    "UpgradeEvent",
    "Version",
    "__version__",
    "csrf_token",
    "csrf_valid",
    "current_version",
    "checkpoint",
    "flyhot_script",
    "live_routes",
    "register",
    "subscribe",
    "upgradable",
    "whereis",
}


def test_the_public_names_are_these() -> None:
    """A name more or less is a decision: change this list, the reference and the changelog with it."""
    assert set(flyhot_asgi.__all__) == PUBLIC
    assert len(flyhot_asgi.__all__) == len(set(flyhot_asgi.__all__))


def test_every_public_name_is_there_and_no_other_one_pretends() -> None:
    for name in flyhot_asgi.__all__:
        assert hasattr(flyhot_asgi, name), name
    visible = {
        name
        for name, value in vars(flyhot_asgi).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    }
    assert visible <= set(flyhot_asgi.__all__)


def test_every_public_thing_says_what_it_is() -> None:
    for name in set(flyhot_asgi.__all__) - {"__version__"}:
        assert (getattr(flyhot_asgi, name).__doc__ or "").strip(), f"{name} has no docstring"


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert flyhot_asgi.__version__ == project["version"]


@functools.cache
def imported_by(statement: str) -> frozenset[str]:
    """The top-level packages that a statement brings into a fresh process."""
    code = f"{statement}\nimport sys\nsys.stdout.write(' '.join({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


@pytest.fixture(scope="module")
def bare() -> frozenset[str]:
    """What a fresh process of this environment has anyway."""
    return imported_by("pass")


def test_the_library_needs_starlette_and_nothing_else(bare: frozenset[str]) -> None:
    brought = imported_by("from flyhot_asgi import *") - bare - set(sys.stdlib_module_names)
    brought = {name for name in brought if not name.startswith("_")}
    starlettes = {"anyio", "typing_extensions", "idna", "sniffio", "python_multipart", "multipart"}
    assert brought <= {"flyhot_asgi", "starlette"} | starlettes


def test_an_app_that_is_only_imported_brings_no_engine() -> None:
    """As a release is, three times, before each upgrade: what upgrades comes with the first connection or lifespan."""
    code = (
        "import sys\nfrom starlette.applications import Starlette\nimport flyhot_asgi\n"
        "from flyhot_asgi import HotUpgrade, LiveView, StatefulHandler, checkpoint, register, upgradable\n"
        "app = Starlette()\napp.add_middleware(HotUpgrade)\napp.build_middleware_stack()\n"
        "heavy = ('flyhot_asgi.engine', 'flyhot_asgi.runtime')\n"
        "sys.stdout.write(' '.join(name for name in sys.modules if name.startswith(heavy)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == ""


def test_an_app_that_is_imported_and_forked_later_knows_since_when_it_is_there() -> None:
    """`gunicorn --preload`: files that were edited before the fork are not what was imported."""
    code = (
        "import os, sys\nfrom flyhot_asgi import HotUpgrade\n"
        "if os.fork(): sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
        "from flyhot_asgi.release import began\nsys.exit(0 if began.is_fork() else 3)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_what_the_tooling_takes_from_it_needs_the_standard_library_only(bare: frozenset[str]) -> None:
    rooms = ("release.folder", "release.scan", "control.wire", "control.paths", "control.decision")
    every = imported_by("import " + ", ".join(f"flyhot_asgi.{room}" for room in rooms))
    assert every - bare - set(sys.stdlib_module_names) == {"flyhot_asgi"}


def test_the_command_line_starts_without_the_demos_packages() -> None:
    brought = imported_by("import flyhot_deploy.cli.commands")
    assert not brought & {"fastapi", "starlette", "uvicorn", "websockets", "jinja2", "boto3", "httpx"}


@pytest.mark.parametrize("package", ["flyhot_asgi", "flyhot_deploy"])
def test_both_packages_are_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
