"""Trees laid over trees, and crashes on the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release.folder import FolderStore
from flyhot_deploy.boot.lay import lay, note_image, read_laid
from tests.deploy.machines import V1, V2, tree_of, write_tree

NAMES = st.sampled_from(["a", "b", "c", "a.py", "b.py", "c.html"])
SUFFIXES = st.sampled_from([".py", ".py", ".html"])
PATHS = st.tuples(st.lists(NAMES, max_size=2), NAMES, SUFFIXES).map(
    lambda drawn: "/".join([*drawn[0], drawn[1].split(".")[0] + drawn[2]])
)
CONTENTS = st.sampled_from([b"", b"x = 1\n", b"x = 2\n"])


def sound(files: dict[str, bytes]) -> bool:
    """No file lies below another one."""
    return not any(other != path and other.startswith(path + "/") for path in files for other in files)


TREES = st.dictionaries(PATHS, CONTENTS, min_size=1, max_size=6).filter(sound)


class Crash(BaseException):
    """Power was cut."""


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, FolderStore]:
    root = (tmp_path / "app").resolve()
    write_tree(root, V1)
    return root, FolderStore(root / ".flyhot", app="app")


def test_there_and_back(place: tuple[Path, FolderStore]) -> None:
    root, store = place
    two = store.put_release(V2).digest
    change = lay(root, store, two)
    assert set(change.removed) == {"shop/old.py"} and "shop/new/words.py" in change.written
    assert tree_of(root) == V2
    lay(root, store, None)
    assert tree_of(root) == V1
    assert not (root / "shop/new").exists()


def test_modes_are_kept_and_what_is_not_the_apps_is_left_alone(place: tuple[Path, FolderStore]) -> None:
    root, store = place
    (root / "shop/main.py").chmod(0o755)
    (root / "shop/data.sqlite").write_bytes(b"mine")
    (root / ".env").write_text("SECRET=1")
    lay(root, store, store.put_release(V2).digest)
    assert (root / "shop/main.py").stat().st_mode & 0o777 == 0o755
    assert (root / "shop/data.sqlite").read_bytes() == b"mine" and (root / ".env").exists()


def test_what_the_app_wrote_is_the_apps(place: tuple[Path, FolderStore]) -> None:
    """Uploads, exports, settings changed in the running app: no laying, there or back, may take them away."""
    root, store = place
    note_image(root, store)
    two = store.put_release({**V2, "data/new.json": b"{}"}).digest
    write_tree(root, {"uploads/report.csv": b"mine", "templates/page.html": b"<p>edited while it ran</p>"})
    change = lay(root, store, two)
    assert change.left == ("templates/page.html",)
    write_tree(root, {"data/new.json": b'{"written": 1}'})
    lay(root, store, store.put_release(V1 | {"shop/extra.py": b""}).digest)
    lay(root, store, None)
    assert (root / "uploads/report.csv").read_bytes() == b"mine"
    assert (root / "templates/page.html").read_bytes() == b"<p>edited while it ran</p>"
    assert (root / "data/new.json").read_bytes() == b'{"written": 1}'
    assert {path: body for path, body in tree_of(root).items() if path.endswith(".py")} == {
        path: body for path, body in V1.items() if path.endswith(".py")
    }


def test_what_was_there_before_the_image_was_noted_is_not_removed(place: tuple[Path, FolderStore]) -> None:
    """An agent without `run`: whether the app wrote it, or the image had it, can't be told any more."""
    root, store = place
    write_tree(root, {"uploads/report.csv": b"mine"})
    lay(root, store, store.put_release(V2).digest)
    assert (root / "uploads/report.csv").read_bytes() == b"mine"
    assert (root / "templates/page.html").read_bytes() == b"<p>two</p>"


@pytest.mark.parametrize("stranger", ["shop/new", "shop/new/__init__.py/x.txt"])
def test_a_stranger_in_the_way_refuses_before_anything_is_touched(
    place: tuple[Path, FolderStore], stranger: str
) -> None:
    root, store = place
    write_tree(root, {stranger: b"mine"})
    with pytest.raises(FlyhotError, match="in the way"):
        lay(root, store, store.put_release(V2).digest)
    assert (root / stranger).read_bytes() == b"mine"
    assert (root / "shop/main.py").read_bytes() == V1["shop/main.py"]
    assert read_laid(root) is None


def test_code_that_was_damaged_on_disk_is_mended(place: tuple[Path, FolderStore]) -> None:
    root, store = place
    two = store.put_release(V2).digest
    lay(root, store, two)
    (root / "shop/main.py").write_bytes(b"rubbish")
    assert lay(root, store, two).written == ("shop/main.py",)
    assert tree_of(root) == V2


def test_stale_compiled_code_goes(place: tuple[Path, FolderStore]) -> None:
    root, store = place
    compiled = root / "shop/__pycache__/main.cpython-311.pyc"
    compiled.parent.mkdir()
    compiled.write_bytes(b"old")
    lay(root, store, store.put_release(V2).digest)
    assert not compiled.exists()


def test_a_link_out_of_the_app_is_not_followed(place: tuple[Path, FolderStore], tmp_path: Path) -> None:
    root, store = place
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "lib").symlink_to(outside)
    release = store.put_release({**V2, "lib/x.py": b"evil"}).digest
    with pytest.raises(FlyhotError, match="leads out"):
        lay(root, store, release)
    assert tree_of(root) == V1 and list(outside.iterdir()) == []


@pytest.mark.parametrize("call", ["os.replace", "os.fsync", "os.unlink"])
def test_an_error_at_any_step_leaves_a_tree_that_the_next_laying_makes_whole(
    place: tuple[Path, FolderStore], monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    root, store = place
    two = store.put_release(V2).digest
    name = call.removeprefix("os.")
    for step in range(40):
        done = crash_at(monkeypatch, name, step, lambda: lay(root, store, two), OSError(28, "No space left on device"))
        if done:
            break
        lay(root, store, None)
        assert tree_of(root) == V1
    else:
        pytest.fail("it never came to an end")
    assert tree_of(root) == V2


def crash_at(
    monkeypatch: pytest.MonkeyPatch, name: str, step: int, work: Callable[[], Any], error: BaseException
) -> bool:
    """Whether the work came to its end though the `step`th call of `os.name` fails."""
    original, count = getattr(os, name), 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        if count == step + 1:
            raise error
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(os, name, failing)
        try:
            work()
        except (FlyhotError, Crash):
            return False
    return True


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(image=TREES, releases=st.lists(TREES, min_size=1, max_size=3), crashes=st.lists(st.integers(0, 12), max_size=3))
@example(
    image={"a.py": b"x = 1\n"},
    releases=[
        {"b.html": b"x = 1\n", "b.py/a/a.py": b"x = 1\n", "a/a.py/a.py": b"", "c/c.py": b"x = 1\n"},
        {"b.html": b"", "b.py": b"x = 1\n"},
    ],
    crashes=[4, 3, 2],
)
def test_any_tree_over_any_tree_through_any_crash(
    tmp_path_factory: pytest.TempPathFactory,
    image: dict[str, bytes],
    releases: list[dict[str, bytes]],
    crashes: list[int],
) -> None:
    patch = pytest.MonkeyPatch()
    patch.setattr(os, "fsync", lambda _: None)  # power is not really cut here
    root = tmp_path_factory.mktemp("lay").resolve() / "app"
    root.mkdir()
    write_tree(root, image)
    store = FolderStore(root / ".flyhot", app="app")
    note_image(root, store)
    digests = [store.put_release(files).digest for files in releases]
    for number, step in enumerate(crashes):
        crash_at(patch, "replace", step, lambda n=number: lay(root, store, digests[n % len(digests)]), Crash())
    for digest, files in zip(digests, releases, strict=True):
        lay(root, store, digest)
        assert tree_of(root) == dict(sorted(files.items()))
    lay(root, store, None)
    assert tree_of(root) == dict(sorted(image.items()))
    laid = read_laid(root)
    assert laid is not None and laid.to == ()
    patch.undo()
