"""Which releases change nothing but static files. Pure."""

from __future__ import annotations

import pytest

from flyhot_asgi.runtime.static_changes import StaticChanges


def served(path: str) -> str | None:
    return path.removeprefix("app/static/") if path.startswith("app/static/") else None


@pytest.mark.parametrize(
    ("assets", "names", "are_all"),
    [
        ({"changed": ["app/static/css/a.css"]}, ["css/a.css"], True),
        (
            {"changed": ["app/static/a.css", "app/static/b.js"], "added": ["app/static/x.woff2"]},
            ["a.css", "b.js"],
            True,
        ),
        ({"changed": ["app/static/a.css"], "added": ["app/static/imported.css"]}, ["a.css", "imported.css"], True),
        ({"changed": ["app/static/LOGO.PNG"]}, [], True),
        ({"changed": ["app/static/a.css", "app/templates/a.html"]}, ["a.css"], False),
        ({"changed": ["app/static/a.css", "app/static/manifest.json"]}, ["a.css"], False),
        ({"changed": ["app/static/page.html"]}, [], False),
        ({"deleted": ["app/static/a.111111.css"], "added": ["app/static/a.222222.css"]}, None, False),
        ({"changed": ["elsewhere/a.css"]}, [], False),
        ({}, [], False),
    ],
)
def test_only_what_no_server_code_makes_pages_of_counts(
    assets: dict[str, list[str]], names: list[str] | None, are_all: bool
) -> None:
    found = StaticChanges.between(assets, served)
    assert found.are_all is are_all
    assert names is None or found.names == names
