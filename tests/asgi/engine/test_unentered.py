"""Blocks at module level whose condition does not hold: whatever stands in them, they do nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flyhot_asgi.engine import Refused

from .lab import Lab

SETTINGS = """class Settings:
    def __init__(self):
        self.dsn = None
        self.mode = 'local'
settings = Settings()
"""
USES = "import atexit\nfrom .conf import settings\n{}\ndef f(): return 1\n"
BLOCK = "if settings.dsn and settings.mode != 'local':\n    atexit.register(print, {})\n"
OTHER = "if settings.mode == 'live':\n    atexit.register(print)\n"


@pytest.mark.parametrize(
    ("old", "new"), [("", BLOCK.format(1)), (BLOCK.format(1), ""), (BLOCK.format(1), BLOCK.format(2)), (OTHER, BLOCK)]
)
def test_a_block_that_neither_release_enters_comes_changes_and_goes(
    lab: Callable[..., Lab], old: str, new: str
) -> None:
    app = lab(conf=SETTINGS, main=USES.format(old))
    app.arrive(conf=SETTINGS, main=USES.format(new.format(3)))
    assert app.differs(conf=SETTINGS, main=USES.format(new.format(3))) == []


def test_it_may_ask_for_what_the_release_brings(lab: Callable[..., Lab]) -> None:
    app = lab(conf="on = False\n", main=USES.format("").replace("settings", "on"))
    app.arrive(
        conf="on = False\ndsn = None\n", main=USES.format("if dsn:\n    atexit.register(f)").replace("settings", "dsn")
    )


@pytest.mark.parametrize("new", ["if settings.mode == 'local':\n    atexit.register(print)", OTHER.replace("==", "!=")])
def test_one_that_the_release_enters_is_refused(lab: Callable[..., Lab], new: str) -> None:
    app = lab(conf=SETTINGS, main=USES.format(BLOCK.format(1)))
    with pytest.raises(Refused) as refused:
        app.arrive(conf=SETTINGS, main=USES.format(new))
    assert any("block at module level" in str(reason) for reason in refused.value.reasons)


def test_one_that_the_old_release_entered_is_refused(lab: Callable[..., Lab]) -> None:
    app = lab(conf=SETTINGS, main=USES.format("if settings.mode == 'local':\n    str(atexit.register)"))
    app.conf.settings.mode = "other"
    with pytest.raises(Refused):
        app.arrive(conf=SETTINGS, main=USES.format(OTHER))


@pytest.mark.parametrize(
    "hidden",
    [
        "    def __getattr__(self, name): return 1\n",
        "    @property\n    def key(self): return 1\n",
        "    def __getattribute__(self, name): return 1 if name == 'dsn' else object.__getattribute__(self, name)\n",
    ],
)
def test_what_code_answers_is_not_taken_for_nothing(lab: Callable[..., Lab], hidden: str) -> None:
    conf = SETTINGS.replace("class Settings:\n", f"class Settings:\n{hidden}")
    app = lab(
        conf=conf,
        main=USES.format(
            "if settings.key:\n    str(atexit.register)"
            if "attribute" not in hidden
            else "if settings.dsn:\n    str(atexit.register)"
        ),
    )
    with pytest.raises(Refused):
        app.arrive(conf=conf, main=USES.format(""))


LATER = """class Settings:
    def __init__(self):
        self.mode = 'local'
settings = Settings()
settings.mode = 'live'
BLOCK
AFTER
import atexit
"""


@pytest.mark.parametrize(
    "after", ["settings.mode = 'local'", "settings = Settings()", "setattr(settings, 'mode', 'local')"]
)
def test_what_is_set_after_the_block_was_passed_tells_nothing_of_it(lab: Callable[..., Lab], after: str) -> None:
    conf = LATER.replace("AFTER", after)
    app = lab(conf=conf.replace("BLOCK", "if settings.mode == 'live':\n    str(print)"))
    with pytest.raises(Refused):
        app.arrive(conf=conf.replace("BLOCK", ""))


FILLED = "PLUGINS = ['a']\n{}\nPLUGINS.clear()\n{}"


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("test", ["PLUGINS", "'a' in PLUGINS"])
def test_a_list_that_is_emptied_later_tells_nothing_of_it(lab: Callable[..., Lab], turn: bool, test: str) -> None:
    texts = [FILLED.format(f"if {test}:\n    str(print)", ""), FILLED.format("", "")]
    old, new = reversed(texts) if turn else texts
    app = lab(main=old)
    with pytest.raises(Refused):
        app.arrive(main=new)


def test_a_property_of_the_release_is_not_asked_in_the_old_ones_place(lab: Callable[..., Lab]) -> None:
    conf = SETTINGS.replace(
        "settings =", "    @property\n    def live(self): return MODES[0]\nMODES = ['live']\nsettings ="
    )
    block = "if settings.live == 'live':\n    str(print)\nMODES[0] = 'local'\n"
    app = lab(conf=conf + "MODES[0] = 'local'\n")
    with pytest.raises(Refused):
        app.arrive(conf=conf + block)


def test_settings_in_slots_are_asked_or_refused_in_words(lab: Callable[..., Lab]) -> None:
    conf = SETTINGS.replace("class Settings:", "class Settings:\n    __slots__ = ('dsn', 'mode')")
    app = lab(conf=conf, main=USES.format(BLOCK.format(1)))
    with pytest.raises(Refused, match=r"it runs `atexit\.register\(\)`"):
        app.arrive(conf=conf, main=USES.format(BLOCK.format(2)))
