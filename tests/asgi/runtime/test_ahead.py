"""Code that is only swapped is laid at once and compared afterwards; what is found then takes it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.errors import SourceError
from flyhot_asgi.runtime import Order
from flyhot_asgi.runtime.ahead import Ahead
from flyhot_asgi.watch.watcher import Watcher
from tests.faults.intact import assert_all_answer, assert_nothing_held, assert_single_generation
from tests.faults.lab import FIRST, RULES, Lab, edited

HIDDEN = "from TOP import rules\nvalue = getattr(rules, 'wo' + 'rd')()\n"
WORD = RULES + "def word():\n    return 'one'\ndef other():\n    return 1\n"
APP = edited(FIRST["main.py"], ("RELEASE = 1\n", "RELEASE = 1\nfrom TOP import hidden\n"))
BEFORE = {"main.py": APP, "hidden.py": HIDDEN, "rules.py": WORD}
BODY = {**BEFORE, "rules.py": edited(WORD, ("return 1", "return 2"))}
BODIES = {**BEFORE, "rules.py": edited(WORD, ("return 1", "return 3"))}
MOVES = {**BEFORE, "rules.py": edited(WORD, ("'one'", "'two'"))}
MORE = {**BEFORE, "rules.py": WORD + "X = 1\n"}


@pytest.fixture
async def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    monkeypatch.setenv("FLYHOT_RUNTIME_DIR", str(tmp_path / "rt"))
    (tmp_path / "app").mkdir()
    lab = await Lab(tmp_path / "app", BEFORE).start()
    await lab.connect()
    yield lab
    await lab.close()


def rules(lab: Lab) -> Any:
    return lab.live[f"{lab.top}.rules"]


async def order(lab: Lab, files: dict[str, str]) -> Order:
    return Order(release=await lab.release(files), id="x")


async def test_a_process_that_nobody_has_compared_is_not_upgraded_ahead(app: Lab) -> None:
    assert await Ahead(app.process).lay(await order(app, BODY)) is None
    assert rules(app).other() == 1


async def test_swapped_code_is_laid_at_once_and_confirmed(app: Lab) -> None:
    await app.process.verify()
    ahead = Ahead(app.process)
    result = await ahead.lay(await order(app, BODY))
    assert result is not None and (result["outcome"], result["verified"]) == ("complete", False)
    assert rules(app).other() == 2
    confirmed = await ahead.confirm()
    assert (confirmed["outcome"], confirmed["verified"], confirmed["error"]) == ("complete", True, None)
    assert app.installed.record is not None
    assert (await app.process.verify())["verified"] is True
    await assert_all_answer(app)


async def test_one_after_the_other_they_are_confirmed_by_the_last(app: Lab) -> None:
    await app.process.verify()
    ahead = Ahead(app.process)
    assert await ahead.lay(await order(app, BODY)) and await ahead.lay(await order(app, BODIES))
    assert (await ahead.confirm())["verified"] is True
    assert rules(app).other() == 3
    assert_single_generation(app)


async def test_what_takes_more_than_to_swap_code_is_not(app: Lab) -> None:
    await app.process.verify()
    assert await Ahead(app.process).lay(await order(app, MORE)) is None
    assert app.installed.digest == app.first.digest and not hasattr(rules(app), "X")
    assert_nothing_held(app)


async def test_what_swapping_was_not_enough_for_is_taken_back_to_what_was_compared_last(app: Lab) -> None:
    await app.process.verify()
    ahead = Ahead(app.process)
    both = {**MOVES, "rules.py": edited(MOVES["rules.py"], ("return 1", "return 2"))}
    assert await ahead.lay(await order(app, BODY)) and await ahead.lay(await order(app, both))
    result = await ahead.confirm()
    assert (result["outcome"], result["verified"]) == ("rolled_back", False), result["error"]
    assert "hidden:value" in result["error"]["message"]
    assert app.installed.digest == app.first.digest and (rules(app).word(), rules(app).other()) == ("one", 1)
    assert_nothing_held(app)
    assert_single_generation(app)
    await assert_all_answer(app)
    assert (await app.process.verify())["verified"] is True


async def test_a_release_that_can_not_be_imported_is_said_and_taken_back(app: Lab) -> None:
    await app.process.verify()
    ahead = Ahead(app.process)
    broken = {**BEFORE, "rules.py": edited(WORD, ("return 'one'", "raise ValueError('not cold')"))}
    assert await ahead.lay(await order(app, broken))
    with pytest.raises(SourceError, match="not cold"):
        await ahead.confirm()
    assert app.installed.digest == app.first.digest and rules(app).word() == "one"
    assert (await app.process.verify())["verified"] is True


class Hub:
    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    def watch(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)


async def test_a_save_is_live_at_once_and_right_in_the_end(app: Lab) -> None:
    await app.process.verify()
    hub = Hub()
    watcher = Watcher(app.process, hub, lambda text: None)  # type: ignore[arg-type]
    file = app.root / app.top / "rules.py"
    file.write_text(app._named(MOVES["rules.py"]))
    said = await watcher.take({str(file)})
    assert said is not None and said.kind == "ok" and rules(app).word() == "two"
    assert watcher._comparing is not None
    await watcher._comparing
    assert (rules(app).word(), app.main.hidden.value) == ("two", "two"), "done anew the long way"
    assert [frame["ok"] for frame in hub.frames] == [True]
    assert (await app.process.verify())["verified"] is True
    await watcher.stop()
