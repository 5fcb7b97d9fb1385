"""Templates and static files follow the release, under the journal."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import jinja2
import pytest
from starlette.staticfiles import StaticFiles

from flyhot_asgi.engine import Journal
from flyhot_asgi.runtime.assets import AssetFolders


@pytest.fixture
def tree(tmp_path: Path) -> tuple[Path, Path]:
    """An app's root and a release's tree, with a template and a static file each."""
    root, release = tmp_path / "root", tmp_path / "tree"
    for folder, word in ((root, "old"), (release, "new")):
        for kind in ("templates", "static"):
            (folder / kind).mkdir(parents=True)
            (folder / kind / "a.txt").write_text(word)
    return root, release


def follow(assets: AssetFolders, release: Path) -> Journal:
    journal = Journal()
    assets.look()
    assets.follow(release, journal)
    return journal


def test_templates_follow_and_come_back(tree: tuple[Path, Path]) -> None:
    root, release = tree
    env = jinja2.Environment(loader=jinja2.FileSystemLoader(root / "templates"), autoescape=True)
    assert env.get_template("a.txt").render() == "old"
    journal = follow(AssetFolders(root), release)
    assert env.get_template("a.txt").render() == "new"
    journal.rollback()
    assert env.get_template("a.txt").render() == "old"


def test_static_files_follow_and_what_the_app_wrote_stays_served(tree: tuple[Path, Path]) -> None:
    root, release = tree
    static = StaticFiles(directory=root / "static")
    (root / "static" / "upload.txt").write_text("from a user")
    journal = follow(AssetFolders(root), release)
    assert Path(static.lookup_path("a.txt")[0]).read_text() == "new"
    assert Path(static.lookup_path("upload.txt")[0]).read_text() == "from a user"
    journal.rollback()
    assert Path(static.lookup_path("a.txt")[0]).read_text() == "old"


def test_a_second_release_follows_from_where_the_app_began(tree: tuple[Path, Path], tmp_path: Path) -> None:
    root, release = tree
    third = tmp_path / "third"
    (third / "static").mkdir(parents=True)
    (third / "static" / "a.txt").write_text("newest")
    static, assets = StaticFiles(directory=root / "static"), AssetFolders(root)
    for folder in (release, third):
        follow(assets, folder)
    assert Path(static.lookup_path("a.txt")[0]).read_text() == "newest"
    folders = [Path(str(each)) for each in static.all_directories]
    assert folders == [third / "static", release / "static", root / "static"]


def test_pages_of_older_releases_find_their_hashed_files_and_a_rollback_forgets(
    tree: tuple[Path, Path], tmp_path: Path
) -> None:
    root, _ = tree
    static, assets = StaticFiles(directory=root / "static"), AssetFolders(root)
    journals = []
    for number in range(7):
        folder = tmp_path / f"r{number}" / "static"
        folder.mkdir(parents=True)
        (folder / f"app.{number}.css").write_text(str(number))
        (folder / "app.css").write_text(str(number))
        journals.append(follow(assets, folder.parent))
    found = [number for number in range(7) if static.lookup_path(f"app.{number}.css")[1] is not None]
    assert found == [2, 3, 4, 5, 6], "the five last ones"
    assert Path(static.lookup_path("app.css")[0]).read_text() == "6"
    journals[-1].rollback()
    assert Path(static.lookup_path("app.css")[0]).read_text() == "5"
    assert static.lookup_path("app.6.css")[1] is None
    # Back to an older one: its own files first, and those of the newer one stay served.
    follow(assets, tmp_path / "r3")
    assert Path(static.lookup_path("app.css")[0]).read_text() == "3"
    assert static.lookup_path("app.5.css")[1] is not None


def test_it_is_known_which_static_folder_serves_a_file(tree: tuple[Path, Path]) -> None:
    root, _ = tree
    static = StaticFiles(directory=root / "static")
    loader = jinja2.FileSystemLoader(root / "templates")
    assets = AssetFolders(root)
    assets.look()
    assert assets.served("static/css/a.css") == "css/a.css"
    assert assets.served("templates/a.css") is None
    assert assets.served("else/a.css") is None
    assert static.all_directories and loader.searchpath


def test_folders_outside_of_the_root_are_left_alone(tree: tuple[Path, Path], tmp_path: Path) -> None:
    root, release = tree
    (tmp_path / "far").mkdir()
    loader = jinja2.FileSystemLoader([tmp_path / "far", root / "templates"])
    follow(AssetFolders(root), release)
    assert loader.searchpath == [str(tmp_path / "far"), str(release / "templates")]


def test_a_subclass_that_keeps_its_folders_elsewhere_is_left_alone(tree: tuple[Path, Path]) -> None:
    class Own(jinja2.FileSystemLoader):
        def __init__(self) -> None:
            pass

        @property
        def searchpath(self) -> Any:
            raise RuntimeError("introspection must not run the app's code")

        @searchpath.setter
        def searchpath(self, value: Any) -> None:
            raise RuntimeError("nor this")

    loader = Own()
    follow(AssetFolders(tree[0]), tree[1])
    assert vars(loader) == {}


def test_relevant_is_what_a_living_loader_serves(tree: tuple[Path, Path]) -> None:
    root, _ = tree
    loader = jinja2.FileSystemLoader(root / "templates")
    paths = ["templates/a.txt", "static/a.txt", "data.json", "templates2/b.txt"]
    assert AssetFolders(root).relevant(paths) == {"templates/a.txt"}
    del loader


def test_loaders_that_die_are_forgotten(tree: tuple[Path, Path]) -> None:
    root, release = tree
    assets = AssetFolders(root)
    loader = jinja2.FileSystemLoader(root / "templates")
    follow(assets, release).discard()
    assets.forget()
    alive = [obj for obj in gc.get_objects() if obj is loader]
    assert alive
    identity = id(loader)
    del loader, alive
    gc.collect()
    assert not any(id(o) == identity and isinstance(o, jinja2.FileSystemLoader) for o in gc.get_objects())
