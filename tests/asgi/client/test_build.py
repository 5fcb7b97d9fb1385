"""The scripts that are served are what their sources give, and small."""

from __future__ import annotations

import gzip

import pytest

from flyhot_asgi.client import build
from flyhot_asgi.client.script import NAMES, bundle


def test_every_script_is_built_and_every_source_is_in_one() -> None:
    assert tuple(build.SCRIPTS) == NAMES
    parts = [part for each in build.SCRIPTS.values() for part in each]
    assert sorted(parts) == sorted(path.stem for path in build.SOURCES.glob("*.js"))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_served_is_built_from_the_sources(name: str) -> None:
    brotli = pytest.importorskip("brotli")
    pytest.importorskip("minify")
    script = bundle().scripts[name]
    assert script.body == build.minified(name), "the sources have changed: make client"
    assert gzip.decompress(script.gz) == script.body
    assert brotli.decompress(script.br) == script.body


def test_the_client_is_small() -> None:
    sizes = {name: len(script.gz) for name, script in bundle().scripts.items()}
    assert sizes["flyhot.js"] <= 8 * 1024
    assert sizes["flyhot.live.js"] <= 2 * 1024, sizes
