from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from flyhot_asgi.errors import ReleaseError
from flyhot_asgi.release import scan as scanning
from flyhot_asgi.release.config import Settings
from flyhot_asgi.release.scan import has_python, matches, scan, survey, survey_at_rest

PLAIN = Settings(app="a")


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)


def test_python_and_assets_are_taken_with_posix_paths_in_order(tmp_path: Path) -> None:
    write(tmp_path, "b.py", "a/x.py", "a/templates/page.html", "static/site.css", "logo.PNG", "data.json")
    found = scan(tmp_path, PLAIN)
    assert list(found) == [
        "a/templates/page.html",
        "a/x.py",
        "b.py",
        "data.json",
        "logo.PNG",
        "static/site.css",
    ]
    assert found["a/x.py"] == b"a/x.py"


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/hook.py",
        "__pycache__/a.py",
        "lib/site-packages/x.py",
        "web/node_modules/x.js",
        ".flyhot/trees/x.py",
        "a.egg-info/top.txt",
        "build/lib/x.py",
        "dist/x.py",
        "key.pem",
        "app.sqlite3",
        "a.pyc",
    ],
)
def test_what_is_not_the_apps_own_is_left_out(tmp_path: Path, path: str) -> None:
    write(tmp_path, "app.py", path)
    assert list(scan(tmp_path, PLAIN)) == ["app.py"]


def test_documents_at_the_top_are_about_the_app_and_further_down_part_of_it(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "README.md", "requirements.txt", "out.txt", "pages/about.md", "prompts/system.txt")
    assert list(scan(tmp_path, PLAIN)) == ["app.py", "pages/about.md", "prompts/system.txt"]
    assert "out.txt" in scan(tmp_path, Settings(app="a", include=("/out.txt",)))


def test_a_virtual_environment_is_left_out_whatever_its_name(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "env311/pyvenv.cfg", "env311/lib/x.py")
    assert list(scan(tmp_path, PLAIN)) == ["app.py"]


def test_a_package_called_build_is_code_and_so_is_any_dist_below(tmp_path: Path) -> None:
    write(tmp_path, "build/__init__.py", "web/dist/site.js")
    assert list(scan(tmp_path, PLAIN)) == ["build/__init__.py", "web/dist/site.js"]


def test_include_adds_and_exclude_takes_away(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "model.bin", "tests/test_x.py", "a/tests/y.py", "notes.md")
    settings = Settings(app="a", include=("*.bin",), exclude=("tests", "*.md"))
    assert list(scan(tmp_path, settings)) == ["app.py", "model.bin"]


def test_a_store_below_the_root_is_no_part_of_the_release(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "releases/trees/app.py")
    assert list(scan(tmp_path, Settings(app="a", store="releases"))) == ["app.py"]


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.py", "a/b/c.py", True),
        ("/a.py", "a.py", True),
        ("/a.py", "b/a.py", False),
        ("docs", "x/docs/y.md", True),
        ("docs/*.md", "docs/x.md", True),
        ("docs/*.md", "a/docs/x.md", False),
        ("docs/*.md", "docs/a/x.md", False),
        ("docs/**/x.md", "docs/a/b/x.md", True),
        ("docs/**/x.md", "docs/x.md", True),
        ("docs/**", "docs/a/b", True),
        ("./docs/", "docs/a", True),
        ("a?.py", "ab.py", True),
        ("a?.py", "a/.py", False),
        ("a[1].py", "a1.py", False),
    ],
)
def test_globs_match_as_in_a_gitignore(pattern: str, path: str, fits: bool) -> None:
    assert matches(pattern, path) is fits


def test_a_link_that_stays_inside_is_followed_and_one_that_leaves_is_listed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(tmp_path, "secret.py", "outside/x.py", "root/real.py", "root/pkg/m.py")
    (root / "alias.py").symlink_to(root / "real.py")
    (root / "pkg2").symlink_to(root / "pkg")
    (root / "leak.py").symlink_to(tmp_path / "secret.py")
    (root / "leaks").symlink_to(tmp_path / "outside")
    found = survey(root, PLAIN)
    assert list(found.files) == ["alias.py", "pkg/m.py", "pkg2/m.py", "real.py"]
    assert [item.path for item in found.skipped] == ["leak.py", "leaks"]


def test_a_folder_that_only_looks_like_a_prefix_of_the_root_is_outside(tmp_path: Path) -> None:
    write(tmp_path, "root/app.py", "root2/x.py")
    (tmp_path / "root" / "leak.py").symlink_to(tmp_path / "root2" / "x.py")
    assert list(scan(tmp_path / "root", PLAIN)) == ["app.py"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path, "pkg/m.py")
    (tmp_path / "pkg" / "again").symlink_to(tmp_path / "pkg")
    (tmp_path / "pkg" / "top").symlink_to(tmp_path)
    assert list(scan(tmp_path, PLAIN)) == ["pkg/m.py"]


def test_a_dangling_link_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    write(tmp_path, "app.py")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nothing.py")
    assert list(scan(tmp_path, PLAIN)) == ["app.py"]


def test_a_named_pipe_is_listed_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    found = survey(tmp_path, PLAIN)
    assert not found.files
    assert [item.path for item in found.skipped] == ["pipe.py"]


def test_names_that_no_manifest_can_hold_are_listed(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "a\\b.py", "new\nline.py")
    (tmp_path / os.fsdecode(b"\xff.py")).touch()
    found = survey(tmp_path, PLAIN)
    assert list(found.files) == ["app.py"]
    assert len(found.skipped) == 3


def test_a_file_above_the_cap_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MAX_FILE_BYTES", 10)
    (tmp_path / "fits.py").write_text("#" * 10)
    (tmp_path / "large.py").write_text("#" * 11)
    found = survey(tmp_path, PLAIN)
    assert list(found.files) == ["fits.py"]
    assert [item.path for item in found.skipped] == ["large.py"]


@pytest.mark.parametrize("cap", ["MAX_FILES", "MAX_TOTAL_BYTES", "MAX_ENTRIES"])
def test_a_folder_that_is_too_large_for_an_app_is_an_error_not_half_a_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cap: str
) -> None:
    monkeypatch.setattr(scanning, cap, 2)
    write(tmp_path, "a.py", "b.py", "c.py")
    with pytest.raises(ReleaseError, match="hardly one app") as caught:
        scan(tmp_path, PLAIN)
    assert "exclude" in str(caught.value.do)


def test_a_file_that_vanishes_while_we_look_is_not_in_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.py", "b.py")
    real = os.open

    def vanish(path: str, flags: int, *rest: int) -> int:
        if str(path).endswith("a.py"):
            os.unlink(path)
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", vanish)
    assert list(scan(tmp_path, PLAIN)) == ["b.py"]


def test_a_file_that_can_not_be_read_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.py")

    def refuse(path: str, *_: int) -> int:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ReleaseError, match="Permission denied") as caught:
        scan(tmp_path, PLAIN)
    assert str(caught.value.file).endswith("a.py")


def test_a_folder_that_can_not_be_listed_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ReleaseError, match="Permission denied"):
        scan(tmp_path, PLAIN)


def test_a_folder_is_an_apps_if_there_is_python_below(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", ".venv/x.py")
    assert not has_python(tmp_path, PLAIN)
    write(tmp_path, "pkg/app.py")
    assert has_python(tmp_path, PLAIN)


def test_a_folder_is_packed_when_nobody_writes_in_it_any_more(tmp_path: Path) -> None:
    """An editor empties a file before it writes it, and a checkout writes one after the other."""
    write(tmp_path, "a.py", "b.py")
    (tmp_path / "a.py").write_text("")
    looks: list[float] = []

    def editor(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 1:
            (tmp_path / "a.py").write_text("whole")
        elif len(looks) == 2:
            (tmp_path / "b.py").write_text("whole, too")
        else:
            time.sleep(scanning.REST_SECONDS + 0.02)  # the files get older

    assert survey_at_rest(tmp_path, PLAIN, wait=editor).files == {"a.py": b"whole", "b.py": b"whole, too"}
    assert len(looks) >= 3


def test_what_is_written_all_the_time_is_packed_all_the_same(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "data.json")
    looks: list[float] = []

    def app(seconds: float) -> None:
        looks.append(seconds)
        write(tmp_path, "data.json")

    assert set(survey_at_rest(tmp_path, PLAIN, wait=app).files) == {"a.py", "data.json"}
    assert sum(looks) <= 1.01


def test_a_folder_at_rest_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.py")
    monkeypatch.setattr(scanning, "REST_SECONDS", -3600.0)
    assert set(survey_at_rest(tmp_path, PLAIN, wait=lambda seconds: pytest.fail("it waits")).files) == {"a.py"}
