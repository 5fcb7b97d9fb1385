"""What a finished import shows not to have run is nothing that would have to be had again."""

from __future__ import annotations

import ast

import pytest

from flyhot_asgi.engine import Refused
from flyhot_asgi.engine.source.guards import is_guard

GUARDS = {
    "if x: sys.exit(1)": True,
    "if x:\n    print(1)\n    raise RuntimeError('x')": True,
    "if x:\n    print(1)\n    raise SystemExit": True,
    "if x: sys.exit(1)\nelse: y()": False,
    "if x: register()": False,
    "while x: raise ValueError": False,
}


@pytest.mark.parametrize("text", GUARDS)
def test_what_a_guard_is(text):
    assert is_guard(ast.parse(text).body[0]) is GUARDS[text]


CONFIG = "import sys\nREADY = True\ndef get_settings():\n    return {'ready': READY}\n"
GUARDED = (
    "import sys\nfrom .config import get_settings\nif not get_settings()['ready']:\n    print('no')\n    sys.exit(3)\n"
)


def test_a_guard_passes_whatever_it_asks(lab):
    app = lab(config=CONFIG, main=GUARDED)
    app.comes(config=CONFIG.replace("{'ready': READY}", "dict(ready=READY)"), main=GUARDED)
    app.comes(
        config=CONFIG, main=GUARDED.replace("'no'", "'not ready'").replace("sys.exit(3)", "raise RuntimeError('x')")
    )
    app.comes(config=CONFIG, main=GUARDED.partition("if")[0])
    app.comes(config=CONFIG, main=GUARDED)
    assert app.main.get_settings()["ready"]


def test_an_app_that_is_made_again_passes_it_too(lab):
    text = "from fastapi import FastAPI\ndef setup(app):\n    app.title = 'a'\napp = FastAPI()\nsetup(app)\n"
    guard = "import sys\ndef check():\n    if not 1:\n        sys.exit(1)\ncheck()\n"
    app = lab(main=guard + text)
    living = app.main.app
    app.comes(main=guard + text.replace("FastAPI()", "FastAPI(version='2')"))
    assert app.main.app is living and living.version == "2" and living.title == "a"


def test_a_release_that_ends_the_program_ends_no_upgrade_in_the_middle(lab):
    app = lab(main="LEVEL = 1\n")
    with pytest.raises(Refused, match="ends the program"):
        app.arrive(main="import sys\nLEVEL = 2 if 'lab' not in __name__ else sys.exit(3)\n")
    assert app.main.LEVEL == 1
