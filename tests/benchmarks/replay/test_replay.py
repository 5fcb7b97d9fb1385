"""The replay can tell: what it calls right is right, what it calls wrong is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .contest import Contest, Unusable, Verdict
from .pairs import Lacking, Pair, from_git

HOLDER = "from pkg.one import work\n\n\ndef call():\n    return work()\n"
STATE = "seen = {}\n\n\ndef work():\n    return len(seen)\n"


def replay(
    tmp_path: Path, old: dict[str, str], new: dict[str, str], tool: str, *, initialised: bool = False, entry: str = ""
) -> Verdict:
    sides = []
    for side, files in (("old", old), ("new", new)):
        for name, text in {"pkg/__init__.py": "", **files}.items():
            path = tmp_path / side / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        sides.append(tmp_path / side)
    pair = Pair("pkg", "1 -> 2", sides[0], sides[1], ("pkg",))
    return Contest(pair, tmp_path / "work", sys.executable, {}, initialised=initialised, entry=entry).run(tool)


def test_a_constant_that_only_its_module_knows_is_right_by_reload(tmp_path: Path) -> None:
    verdict = replay(tmp_path, {"pkg/one.py": "LIMIT = 1\n"}, {"pkg/one.py": "LIMIT = 2\n"}, "reload")
    assert (verdict.result, verdict.differences) == ("right", [])


def test_a_copy_in_another_module_is_wrong_by_reload(tmp_path: Path) -> None:
    old = {"pkg/one.py": "def work():\n    return 1\n", "pkg/two.py": HOLDER}
    new = {"pkg/one.py": "def work():\n    return 2\n", "pkg/two.py": HOLDER}
    verdict = replay(tmp_path, old, new, "reload")
    assert verdict.result == "wrong"
    assert any("pkg.two:work" in difference for difference in verdict.differences)
    assert "stale: pkg.one:work" in verdict.differences


def test_state_that_lost_its_identity_is_wrong(tmp_path: Path) -> None:
    new = {"pkg/one.py": STATE.replace("len(seen)", "len(seen) + 1")}
    verdict = replay(tmp_path, {"pkg/one.py": STATE}, new, "reload")
    assert "another object: pkg.one:seen" in verdict.differences


def test_instances_that_were_made_count_where_bare_ones_do_not(tmp_path: Path) -> None:
    old = {"pkg/one.py": "class A:\n    def __init__(self):\n        self.x = 1\n"}
    new = {"pkg/one.py": old["pkg/one.py"] + "        self.y = 2\n"}
    assert replay(tmp_path / "bare", old, new, "flyhot").result == "right"
    verdict = replay(tmp_path / "made", old, new, "flyhot", initialised=True)
    assert verdict.result == "refused" and "lack the attribute `y`" in verdict.said[0]


def test_a_release_that_cannot_be_imported_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unusable):
        replay(tmp_path, {"pkg/one.py": "LIMIT = 1\n"}, {"pkg/one.py": "LIMIT = 1 / 0\n"}, "reload")


def test_an_old_release_whose_app_cannot_be_imported_says_nothing(tmp_path: Path) -> None:
    old = {"pkg/one.py": "LIMIT = 1\n", "pkg/main.py": "import pkg.one\n\nserve(pkg.one)\n"}
    new = {**old, "pkg/main.py": "import pkg.one\n"}
    assert replay(tmp_path / "any", old, old, "nothing").result == "right"
    with pytest.raises(Unusable, match=r"pkg\.main"):
        replay(tmp_path / "entry", old, new, "nothing", entry="pkg.main")


@pytest.mark.parametrize("new", ["def work():\n    return 2\n", "def work(times=3):\n    return times\n"])
def test_the_engine_is_right_where_reload_is_not(tmp_path: Path, new: str) -> None:
    old = {"pkg/one.py": "def work():\n    return 1\n", "pkg/two.py": HOLDER}
    verdict = replay(tmp_path, old, {**old, "pkg/one.py": new}, "flyhot")
    assert (verdict.result, verdict.differences, verdict.undo) == ("right", [], [])


def test_a_pair_that_mends_an_import_says_nothing(tmp_path: Path) -> None:
    old = {"pkg/one.py": "LIMIT = 1\n", "pkg/broken.py": "import no_such_library\n"}
    new = {"pkg/one.py": "LIMIT = 2\n", "pkg/broken.py": "import pkg.three\n", "pkg/three.py": "THREE = 3\n"}
    with pytest.raises(Unusable, match=r"pkg\.broken"):
        replay(tmp_path, old, new, "reload")


def test_what_a_module_brings_that_was_imported_is_missed(tmp_path: Path) -> None:
    old = {"pkg/one.py": "LIMIT = 1\n", "pkg/broken.py": "import no_such_library\n"}
    new = {**old, "pkg/one.py": "import pkg.three\n\nLIMIT = 2\n", "pkg/three.py": "THREE = 3\n"}
    verdict = replay(tmp_path, old, new, "nothing")
    assert "module pkg.three is missing" in verdict.differences


def history(repo: Path, releases: int) -> None:
    (repo / "pkg").mkdir(parents=True)
    git = ["git", "-C", str(repo), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for number in range(1, releases + 1):
        (repo / "pkg" / "__init__.py").write_text("import one\n")
        (repo / "one.py").write_text(f"LIMIT = {number}\n")
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-q", "-m", f"limit {number}"], check=True)


def test_a_package_that_is_one_file_comes_from_a_history_too(tmp_path: Path) -> None:
    history(tmp_path / "repo", 2)
    [pair] = from_git(tmp_path / "repo", ["pkg", "one"], 1, tmp_path / "cache")
    assert isinstance(pair, Pair)
    assert (pair.old / "one.py").read_text() == "LIMIT = 1\n" and (pair.new / "pkg" / "__init__.py").is_file()


def test_a_pair_whose_files_a_history_lacks_is_told_and_the_others_come(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    history(repo, 3)
    blob = subprocess.run(["git", "-C", str(repo), "rev-parse", "HEAD:one.py"], check=True, capture_output=True)
    name = blob.stdout.decode().strip()
    (repo / ".git" / "objects" / name[:2] / name[2:]).unlink()
    lacking, pair = from_git(repo, ["pkg", "one"], 2, tmp_path / "cache")
    assert isinstance(lacking, Lacking) and lacking.why.startswith("the history lacks files of it: ")
    assert name in lacking.why and "\n" not in lacking.why
    assert isinstance(pair, Pair)


def test_an_order_by_addresses_says_nothing(tmp_path: Path) -> None:
    """Functions in a set come in the order of where they lie, which no two processes need have in common."""
    made = "".join(f"def f{n}_{k}():\n    pass\n\n\n" for n in range(8) for k in range(9))
    sets = "".join(
        f"ORDER{n} = [f.__name__ for f in {{{', '.join(f'f{n}_{k}' for k in range(9))}}}]\n" for n in range(8)
    )
    for side in ("old", "new"):
        path = tmp_path / side / "pkg" / "__init__.py"
        path.parent.mkdir(parents=True)
        path.write_text(made + sets)
    pair = Pair("pkg", "1 -> 2", tmp_path / "old", tmp_path / "new", ("pkg",))
    contest = Contest(pair, tmp_path / "work", sys.executable, {})
    assert contest.run("nothing").result == "right"
    cold = contest._cold
    assert cold is not None and any(path.startswith("pkg:ORDER") for path in cold["unstable"])


def test_a_memo_that_was_worked_out_meanwhile_is_no_difference() -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        from child import changed
    finally:
        sys.path.pop(0)
    before = {"described": {"m:a": "x", "m:a.v (memo)": "1"}}
    assert changed({"described": {"m:a": "x"}}, before) == []
    assert changed(before, {"described": {"m:a": "x", "m:a.v (memo)": "2"}}) == ["m:a.v (memo)"]


INCLUDED = """
from fastapi import APIRouter, FastAPI
inner, middle, app = APIRouter(), APIRouter(), FastAPI()
@inner.get("/a")
def a(): return 1
middle.include_router(inner)
app.include_router(middle)
"""


def test_what_an_included_router_would_go_by_counts_not_what_it_noted_before(tmp_path: Path) -> None:
    """FastAPI from 0.137 on; an older one has no such notes, and the two are alike anyway."""
    text = INCLUDED + "for one in middle.routes:\n    getattr(one, 'effective_candidates', list)()\n"
    for side, more in (("old", ""), ("new", '@inner.get("/b")\ndef b(): return 2\n')):
        (tmp_path / side / "pkg").mkdir(parents=True)
        (tmp_path / side / "pkg" / "__init__.py").write_text(text.replace("middle.include", f"{more}middle.include"))
    pair = Pair("pkg", "1 -> 2", tmp_path / "old", tmp_path / "new", ("pkg",))
    contest = Contest(pair, tmp_path / "work", sys.executable, {})
    assert contest.run("flyhot").differences == []


def test_a_lazy_object_is_not_asked_for_its_class(tmp_path: Path) -> None:
    lazy = """
class Lazy:
    @property
    def __class__(self): raise RuntimeError("settings are not configured")
settings = Lazy()
"""
    old = {"pkg/one.py": lazy + "def work():\n    return 1\n"}
    new = {"pkg/one.py": lazy + "def work():\n    return 2\n"}
    assert replay(tmp_path / "ours", old, new, "flyhot").result == "right"
    assert replay(tmp_path / "nothing", old, new, "nothing").result == "wrong"


def test_the_modules_of_a_namespace_package_count(tmp_path: Path) -> None:
    for side, text in (("old", "LIMIT = 1\n"), ("new", "LIMIT = 2\n")):
        folder = tmp_path / side / "pkg" / "parts"
        folder.mkdir(parents=True)
        (folder / "one.py").write_text(text)
    pair = Pair("pkg", "1 -> 2", tmp_path / "old", tmp_path / "new", ("pkg",))
    contest = Contest(pair, tmp_path / "work", sys.executable, {}, initialised=False, entry="pkg.parts.one")
    assert contest.run("reload").result == "right"
