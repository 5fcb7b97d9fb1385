"""A release imported cold, in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from flyhot_asgi.engine import SourceModule
from flyhot_asgi.engine.oracle import child
from flyhot_asgi.engine.oracle.cold import Cancelled, import_cold
from flyhot_asgi.engine.oracle.request import request_for_tree
from flyhot_asgi.errors import SourceError


def write(tree: Path, **files: str) -> dict[str, SourceModule]:
    sources = {}
    for name, text in files.items():
        path = name.replace("__", "/") + ".py"
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
        dotted = name.replace("__", ".")
        sources[dotted] = SourceModule(dotted, str(tree / path), text, False, path)
    return sources


def cold(
    tree: Path, *, timeout: float = 60.0, cancel: threading.Event | None = None, **files: str
) -> dict[str, list[str]]:
    request = request_for_tree(tree, tree.parent / "root", write(tree, **files))
    return import_cold(request, timeout=timeout, cancel=cancel)["modules"]


def test_the_names_of_each_module(tmp_path: Path) -> None:
    found = cold(tmp_path / "t", m="import os\nx = 1\nif x:\n    y = 2\n", pkg__a="from m import x as z\n")
    assert found == {"m": ["os", "x", "y"], "pkg.a": ["z"]}


def test_what_goes_by_addresses_differs_from_seed_to_seed(tmp_path: Path) -> None:
    text = """
class Rule:
    def __init__(self, number): self.number = number
RULES = {Rule(number) for number in range(40)}
ORDER = [rule.number for rule in RULES]
TOTAL = len(RULES)
"""
    request = request_for_tree(tmp_path / "t", tmp_path / "root", write(tmp_path / "t", m=text))
    first, again = (import_cold(request, hash_seed=seed)["structure"] for seed in (1, 2))
    differ = {path.partition("[")[0] for path in first if first[path] != again.get(path)}
    assert "m:ORDER" in differ and "m:TOTAL" not in differ


def test_of_the_environment_only_what_the_app_sets_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET", "KEPT", "CHANGED"):
        monkeypatch.setenv(name, "old")
    files = write(tmp_path / "t", m="import os\nos.environ.update(KEPT='old', CHANGED='new', MINE='1')\n")
    request = replace(request_for_tree(tmp_path / "t", tmp_path / "root", files), environment=dict(os.environ))
    structure = import_cold(request)["structure"]
    noted = [path.partition("the environment, ")[2] for path in structure if "the environment, " in path]
    assert sorted(noted) == ["b'CHANGED'", "b'MINE'"]


def test_what_the_app_has_set_of_the_environment_itself_is_not_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SHOP_MODE", "SHOP_OTHER"):  # as the import of the release that runs has left it
        monkeypatch.setenv(name, "old")
    files = write(tmp_path / "t", m="import os\nos.environ.setdefault('SHOP_MODE', 'new')\n")
    asked = request_for_tree(tmp_path / "t", tmp_path / "root", files).environment
    assert asked is not None
    assert "SHOP_MODE" not in asked
    assert asked["SHOP_OTHER"] == "old"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\nraise ValueError('no')\n", ["m.py:2", "ValueError: no"]),
        ("x = (\n", ["m.py:1", "SyntaxError"]),
        ("import no_such_library.sub\n", ["m.py:1", "no_such_library"]),
        ("import sys\nsys.exit(3)\n", ["m.py:2", "SystemExit"]),
        ("import os\nos._exit(3)\n", ["died"]),
        ("import os\nos.write(2, b'x' * 300_000 + b'\\nlast words')\nos.abort()\n", ["died", "last words"]),
    ],
)
def test_what_fails_is_said_with_its_line(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(SourceError) as failed:
        cold(tmp_path / "t", m=text)
    assert all(word in failed.value.message for word in words), failed.value.message
    assert "the old code still serves" in (failed.value.do or "")


def test_what_never_ends_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    text = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(mark)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    with pytest.raises(SourceError, match="took longer than 2 s") as slow:
        cold(tmp_path / "t", m=text, timeout=2.0)
    assert "when this machine is less busy" in (slow.value.do or "")
    assert _ends(int(mark.read_text()))


def test_a_daemon_that_keeps_our_pipe_open_holds_nobody_up(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    text = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(mark)!r}, 'w').write(str(child.pid))\n"
    )
    began = time.monotonic()
    try:
        assert "child" in (cold(tmp_path / "t", m=text, timeout=30.0))["m"]
        assert time.monotonic() - began < 20
    finally:
        os.kill(int(mark.read_text()), 9)


def test_cancelled_it_leaves_no_process(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    text = f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    cancel = threading.Event()

    def watch() -> None:
        while not (mark.exists() and mark.read_text()):
            time.sleep(0.01)
        cancel.set()

    threading.Thread(target=watch, daemon=True).start()
    with pytest.raises(Cancelled):
        cold(tmp_path / "t", m=text, cancel=cancel)
    assert _ends(int(mark.read_text()))


def test_an_app_of_very_many_modules(tmp_path: Path) -> None:
    """More than fits on a command line."""
    sources = write(tmp_path / "t", m="x = 1\n")
    text = "y = 1\n"
    for number in range(3000):
        name = f"a_module_with_a_rather_long_name_{number:05d}"
        sources[name] = SourceModule(name, "", text, False, f"{name}.py")
    found = import_cold(request_for_tree(tmp_path / "t", tmp_path / "root", sources))
    assert found["modules"] == {"m": ["x"]}
    assert len(found["failed"]) == 3000, "they are not there; they were asked for"
    assert "name_00000" in found["failed"]["a_module_with_a_rather_long_name_00000"]["message"]


def test_the_roots_own_entries_of_the_path_become_the_trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, tree = tmp_path / "root", tmp_path / "t"
    for folder, word in ((root, "old"), (tree, "new")):
        (folder / "lib").mkdir(parents=True)
        (folder / "lib" / f"only_{word}.py").write_text("")
    monkeypatch.syspath_prepend(str(root / "lib"))
    sources = write(tree, m="import only_new\n")
    assert "only_new" in (import_cold(request_for_tree(tree, root, sources)))["modules"]
    assert str(root / "lib") in sys.path


def _ends(pid: int) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)  # nothing tells when a process that is not our child ends
    return False


_TWICE = """
import gc, importlib.util, sys
gc.disable()
spec = importlib.util.spec_from_file_location("child", sys.argv[1])
child = importlib.util.module_from_spec(spec)
spec.loader.exec_module(child)
asked = {"path": [sys.argv[2], *sys.path], "overlay": None, "tree": sys.argv[2], "own": None}
modules, failed = child.import_release({**asked, "modules": ["circle.more", "circle.tools"]})
print(sorted(modules), failed, [getattr(o, "__name__", "") for o in gc.get_objects()].count("stamp"))
"""


def test_of_modules_that_import_one_another_what_the_wrong_order_made_is_gone(tmp_path: Path) -> None:
    """A rehearsal would meet a second copy of each function and class."""
    (tmp_path / "circle").mkdir()
    (tmp_path / "circle" / "__init__.py").touch()
    (tmp_path / "circle" / "more.py").write_text("from circle import tools\ndef whisper(): pass\n")
    (tmp_path / "circle" / "tools.py").write_text("def stamp(): pass\nfrom circle.more import whisper\n")
    command = [sys.executable, "-c", _TWICE, str(child.__file__), os.path.realpath(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert said.stdout == "['circle', 'circle.more', 'circle.tools'] {} 1\n"
