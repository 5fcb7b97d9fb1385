"""The browser client as it is served, made of its parts: joined, minified, and compressed beforehand.

    python -m flyhot_asgi.client.build     writes static/flyhot*.js, each with its .gz and .br   (make client)

What it writes is committed: who installs flyhot, or works on its Python, needs none of the tools for it. A test
(tests/asgi/client/test_build.py) holds it against the sources.
"""

from __future__ import annotations

import sys
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
SOURCES = STATIC / "client"
CORE = ("core", "base", "match", "fields", "merge", "assets", "page", "control", "start")
SCRIPTS = {"flyhot.js": CORE, "flyhot.live.js": ("live",), "flyhot.more.js": ("view", "more")}
"""What is served, and the parts that it is made of, in their order."""


def joined(name: str) -> str:
    """The parts of a script, in one function scope. A second copy of the core leaves it at once."""
    text = "".join((SOURCES / f"{part}.js").read_text("utf-8") for part in SCRIPTS[name])
    if name != "flyhot.js":
        return text
    return f'(function () {{\n"use strict";\nif (window.flyhot) return;\n{text}}})();\n'


def minified(name: str) -> bytes:
    """With short names, without comments and space; nothing that can be seen from outside is renamed."""
    import minify

    text = minify.string("text/javascript", joined(name))
    head = "// flyhot client (MIT)\n" if name == "flyhot.js" else ""
    return f"{head}{text}\n".encode()


def build() -> dict[str, bytes]:
    """All files, by name."""
    import brotli
    import zopfli.gzip

    files: dict[str, bytes] = {}
    for name in SCRIPTS:
        body = files[name] = minified(name)
        files[f"{name}.gz"] = zopfli.gzip.compress(body, numiterations=100)
        files[f"{name}.br"] = brotli.compress(body, quality=11)
    return files


def main() -> int:
    for name, body in build().items():
        (STATIC / name).write_bytes(body)
        sys.stdout.write(f"{len(body):6} {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
