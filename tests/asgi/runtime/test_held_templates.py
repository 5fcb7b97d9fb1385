"""Templates that somebody keeps by name follow their files, under the journal."""

from __future__ import annotations

import os
from pathlib import Path

import jinja2
import pytest
from mako.lookup import TemplateLookup  # type: ignore[import-untyped]

from flyhot_asgi.engine import Journal
from flyhot_asgi.runtime.assets import AssetFolders


@pytest.fixture
def tree(tmp_path: Path) -> tuple[Path, Path]:
    """An app's root and a release's tree, with a template that differs, and one that does not."""
    root, release = tmp_path / "root", tmp_path / "tree"
    for folder, word in ((root, "old"), (release, "new")):
        (folder / "pages").mkdir(parents=True)
        (folder / "pages" / "a.html").write_text(word)
        (folder / "pages" / "same.html").write_text("same")
        (folder / "pages" / "base.html").write_text(word + "-base {% block b %}{% endblock %}")
        (folder / "pages" / "page.html").write_text('{% extends "base.html" %}{% block b %}page{% endblock %}')
    return root, release


def follow(root: Path, release: Path, changed: list[str] | None = None) -> Journal:
    journal, assets = Journal(), AssetFolders(root)
    assets.look()
    assets.follow(release, journal, changed)
    return journal


@pytest.mark.parametrize("cache", [400, 0, -1])
@pytest.mark.parametrize("reload", [True, False])
def test_a_template_that_is_held_follows_and_comes_back(tree: tuple[Path, Path], cache: int, reload: bool) -> None:
    root, release = tree
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(root / "pages"), auto_reload=reload, cache_size=cache, autoescape=True
    )
    held = {name: env.get_template(f"{name}.html") for name in ("a", "same", "page")}
    journal = follow(root, release, ["pages/a.html", "pages/base.html"])
    assert [one.render() for one in held.values()] == ["new", "same", "new-base page"]
    assert env.get_template("a.html").render() == "new"
    journal.rollback()
    assert [one.render() for one in held.values()] == ["old", "same", "old-base page"]


def test_only_what_differs_is_compiled_anew(tree: tuple[Path, Path]) -> None:
    root, release = tree
    env = jinja2.Environment(loader=jinja2.FileSystemLoader(root / "pages"), autoescape=True)
    held = env.get_template("same.html")
    before = held.root_render_func
    follow(root, release, ["pages/a.html"])
    assert held.root_render_func is before
    follow(root, release)
    assert held.root_render_func is not before


def test_a_template_whose_file_is_gone_stays(tree: tuple[Path, Path]) -> None:
    root, release = tree
    env = jinja2.Environment(loader=jinja2.FileSystemLoader(root / "pages"), autoescape=True)
    held = env.get_template("a.html")
    (release / "pages" / "a.html").unlink()
    follow(root, release)
    assert held.render() == "old"


@pytest.mark.parametrize("checks", [True, False])
@pytest.mark.parametrize("size", [-1, 5])
def test_mako_follows_and_comes_back(tree: tuple[Path, Path], tmp_path: Path, checks: bool, size: int) -> None:
    root, release = tree
    lookup = TemplateLookup(
        [str(root / "pages")],
        filesystem_checks=checks,
        collection_size=size,
        module_directory=str(tmp_path / "compiled"),
    )
    held = lookup.get_template("a.html")
    lookup.put_string("text.html", "of the app")
    os.utime(release / "pages" / "a.html", (1, 1))  # a release's file may be older than what was compiled
    assert held.render() == "old"
    journal = follow(root, release, ["pages/a.html"])
    assert (held.render(), lookup.get_template("a.html").render()) == ("new", "new")
    assert lookup.get_template("text.html").render() == "of the app"
    journal.rollback()
    assert (held.render(), lookup.get_template("a.html").render()) == ("old", "old")


def test_makos_folders_are_known_to_serve_its_files(tree: tuple[Path, Path]) -> None:
    root, _ = tree
    lookup = TemplateLookup([str(root / "pages")])
    assert AssetFolders(root).relevant(["pages/a.html", "other/a.html"]) == {"pages/a.html"}
    assert lookup.directories
