"""`verified` is said of a process that was compared with a cold import of its release: all of it, whenever."""

from __future__ import annotations

import importlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.engine.verification.fingerprint import describe
from flyhot_asgi.engine.verification.recorded import Recorded
from flyhot_asgi.errors import SourceError
from flyhot_asgi.runtime.check import check
from flyhot_asgi.runtime.code_upgrade import CodeUpgrade
from tests.faults.intact import (
    assert_all_answer,
    assert_nothing_held,
    assert_single_generation,
    assert_untouched,
    picture,
)
from tests.faults.lab import FIRST, MAIN, SECOND, Lab, Scripted, edited

NEW_BODY = edited(MAIN, ('    return f"{RELEASE}{name}{mark}"', '    return f"{RELEASE} {name}"'))
BODY = {**FIRST, "main.py": NEW_BODY}


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file without which a module of the small app can't be imported."""
    (tmp_path / "mark").write_text("")
    return tmp_path / "mark"


@pytest.fixture
async def small(tmp_path: Path, mark: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    monkeypatch.setenv("FLYHOT_RUNTIME_DIR", str(tmp_path / "rt"))
    (tmp_path / "app").mkdir()
    rules = "def shout(text):\n    return text\n"
    odd = f"import os\nos.stat({str(mark)!r})\n"
    lab = await Lab(tmp_path / "app", {"main.py": MAIN, "rules.py": rules, "odd.py": odd}).start()
    yield lab
    await lab.close()


def breaking(lab: Lab, module: str = "rules", name: str = "shout") -> Scripted:
    """A vote in which a function of a module, that the upgrade has nothing to do with or that it changes, becomes
    another one: after the comparison that is made while sessions are held."""

    def vote() -> bool:
        setattr(lab.live[f"{lab.top}.{module}"], name, lambda text: text)
        return True

    return Scripted(vote=vote)


async def test_a_process_that_runs_the_release_already_is_compared_with_it(lab: Lab) -> None:
    result = await lab.process.verify()
    assert (result["outcome"], result["verified"], result["error"], result["notes"]) == ("already", True, None, [])
    assert result["from"] == result["to"] == lab.first.digest


async def test_code_that_is_not_the_releases_is_found_in_any_function(lab: Lab) -> None:
    lab.main.Echo.on_receive.__code__ = lab.main.Echo.on_connect.__code__.replace(co_consts=(None, 7, "x"))
    result = await lab.process.verify()
    assert result["verified"] is False and "Echo" in result["error"]["message"]
    assert "restart this process" in result["error"]["do"] and lab.main.RELEASE == 1


async def test_what_the_program_does_to_itself_is_told_and_left_alone(lab: Lab) -> None:
    real = lab.main.banner
    lab.main.banner = lambda *a, **k: real(*a, **k)
    lab.main.LIMITS["a"] = 5
    result = await lab.process.verify()
    assert result["verified"] is True
    assert len(result["notes"]) == 1 and "main:banner" in result["notes"][0]


async def test_after_an_upgrade_it_is_known_without_an_import_what_the_process_must_be(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = await lab.release(SECOND)
    assert (await lab.upgrade(release, cold=await check(lab.installed, release)))["verified"] is True
    monkeypatch.setattr(sys, "executable", "/nowhere")
    lab.main.LIMITS["b"].append(7)
    assert (await lab.process.verify())["verified"] is True
    del lab.main.Echo.code_change
    result = await lab.process.verify()
    assert result["verified"] is False and "code_change" in result["error"]["message"]


async def test_only_what_could_have_changed_is_compared_while_sessions_are_held(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    real = CodeUpgrade.verify

    def verify(self: CodeUpgrade, *migrated: Any) -> Any:
        seen["held"], seen["rest"] = set(self._near), set(self.rest())
        return real(self, *migrated)

    monkeypatch.setattr(CodeUpgrade, "verify", verify)
    release = await lab.release(BODY)
    result = await lab.upgrade(release, cold=await check(lab.installed, release))
    assert result["verified"] is True and "compare" in result["phases_ms"]
    everything = {lab.top, f"{lab.top}.main", f"{lab.top}.rules"}
    assert seen == {"held": {f"{lab.top}.main"}, "rest": everything}, "of main only the functions were compared"


async def test_a_function_with_the_code_of_another_is_found_while_sessions_are_held(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = CodeUpgrade.load

    def load(self: CodeUpgrade, *run: Any) -> None:
        real(self, *run)
        lab.main.Echo.on_connect.__code__ = lab.main.Echo.on_receive.__code__  # which the release has, too

    await lab.connect()
    monkeypatch.setattr(CodeUpgrade, "load", load)
    release = await lab.release(BODY)
    cold = await check(lab.installed, release)
    before = picture(lab)
    result = await lab.upgrade(release, cold=cold)
    assert result["outcome"] == "rolled_back" and "Echo.on_connect" in result["error"]["message"], result["error"]
    assert "compare" not in result["phases_ms"], "nobody was resumed before it was known"
    await assert_untouched(lab, before, result)


async def test_who_connects_between_the_plan_and_the_hold_is_no_difference(lab: Lab) -> None:
    """The app keeps its endpoints in a list of its own: a release has none of them."""
    release = await lab.release(BODY)
    cold = await check(lab.installed, release)
    result = await lab.upgrade(release, Scripted(prepared=lambda: _connected(lab)), cold=cold)
    assert result["verified"] is True and len(lab.main.seen) == 2, result["error"]


async def _connected(lab: Lab) -> bool:
    await lab.connect(2)
    return True


@pytest.mark.parametrize(("module", "name"), [("rules", "shout"), ("main", "banner")])
async def test_a_difference_that_is_found_after_the_resume_is_undone_just_the_same(
    small: Lab, module: str, name: str
) -> None:
    lab = small
    await lab.connect(2)
    release = await lab.release({**lab.files, "main.py": NEW_BODY})
    cold = await check(lab.installed, release)
    result = await lab.upgrade(release, breaking(lab, module, name), cold=cold)
    assert (result["outcome"], result["verified"]) == ("rolled_back", False), result["error"]
    assert "after the resume" in result["error"]["message"] and f"{module}:" in result["error"]["message"]
    assert lab.installed.digest == lab.first.digest and lab.main.banner() == "1x!"
    assert lab.live[f"{lab.top}.rules"].shout.__name__ == "shout"  # type: ignore[attr-defined]
    assert_nothing_held(lab)
    assert_single_generation(lab)
    await assert_all_answer(lab)
    assert (await lab.process.verify())["verified"] is True


async def test_one_that_can_not_be_undone_is_said_and_the_process_is_not_called_upgraded(lab: Lab) -> None:
    release = await lab.release(BODY)
    cold = await check(lab.installed, release)
    cold["before"] = None  # the release that runs could not be imported any more
    result = await lab.upgrade(release, breaking(lab), cold=cold)
    assert (result["outcome"], result["verified"]) == ("complete", False)
    assert "could not be taken back" in result["error"]["message"] and "restart" in result["error"]["do"]
    assert lab.installed.digest == release.digest
    assert_nothing_held(lab)


async def test_without_a_check_nothing_is_called_verified(lab: Lab) -> None:
    result = await lab.upgrade(BODY)
    assert result["outcome"] == "complete" and result["verified"] is False
    assert any("not imported in a fresh process" in note for note in result["notes"])
    assert (await lab.process.verify())["verified"] is True


async def test_a_module_that_no_fresh_process_can_import_is_left_out_and_told(small: Lab, mark: Path) -> None:
    """A script swallowed what it raised, or what it needs has gone meanwhile."""
    importlib.import_module(f"{small.top}.odd")
    mark.unlink()  # noqa: ASYNC240
    release = await small.release({**small.files, "rules.py": "def shout(text):\n    return text + ''\n"})
    result = await small.upgrade(release, cold=await check(small.installed, release))
    assert result["outcome"] == "complete" and result["verified"] is True, result["error"]
    assert any(note.startswith(f"{small.top}.odd is not compared") for note in result["notes"])
    assert (await small.process.verify())["verified"] is True


async def test_one_that_the_release_changes_is_refused_with_its_line(small: Lab, mark: Path) -> None:
    importlib.import_module(f"{small.top}.odd")
    mark.unlink()  # noqa: ASYNC240
    release = await small.release({**small.files, "odd.py": small.files["odd.py"] + "Y = 1\n"})
    with pytest.raises(SourceError, match="mark") as refused:
        await check(small.installed, release)
    assert (refused.value.file, refused.value.line) == (f"{small.top}/odd.py", 2)


async def test_one_that_only_the_release_breaks_is_refused(small: Lab) -> None:
    importlib.import_module(f"{small.top}.odd")
    release = await small.release({**small.files, "odd.py": "import no_such_thing\n"})
    with pytest.raises(SourceError, match="no_such_thing"):
        await check(small.installed, release)


async def test_a_module_that_nobody_imported_does_not_matter(small: Lab, mark: Path) -> None:
    mark.unlink()  # noqa: ASYNC240
    release = await small.release({**small.files, "rules.py": "def shout(text):\n    return text + ''\n"})
    result = await small.upgrade(release, cold=await check(small.installed, release))
    assert result["verified"] is True and result["notes"] == []


async def test_sessions_in_a_list_of_the_modules_make_no_comparison_longer(lab: Lab) -> None:
    """The app's `seen` holds its sessions, which lead to everything that is connected."""

    def described() -> int:
        return len(describe(lab.live, str(lab.root), list(lab.live)))

    sizes = []
    for _ in range(3):
        await lab.connect(8)
        sizes.append(described())
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0], "each session adds as much as any other"
    cold = await check(lab.installed, await lab.release(SECOND))
    recorded = Recorded.of(cold)
    assert recorded is not None
    recorded.look(lab.live, lab.root)
    compared = recorded._describe(lab.live, lab.root, known=recorded._paths)
    assert not [path for path in compared if "seen[" in path]
    result = await lab.upgrade(SECOND, cold=cold)
    assert (result["outcome"], result["verified"]) == ("complete", True), result["error"]
    assert not [note for note in result["notes"] if "seen" in note], "nothing that a release has is other than there"
    await assert_all_answer(lab)


async def test_a_comparison_that_takes_too_long_is_undone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is held for longer than the budget, whatever takes the time."""
    await lab.connect()

    def forever(self: CodeUpgrade, migrated: object) -> list[object]:
        while True:
            pass

    monkeypatch.setattr(CodeUpgrade, "verify", forever)
    before = picture(lab)
    result = await lab.upgrade(SECOND, hold_budget=0.3)
    assert result["outcome"] == "rolled_back"
    assert "being compared with the release when the hold had lasted 0.3 s" in result["error"]["message"]
    await assert_untouched(lab, before, result)
