"""Something fails at each step of the transaction, in turn. Afterwards the app is what it was, and can be upgraded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from flyhot_asgi.engine import Difference, Journal
from flyhot_asgi.errors import ControlError, SuspendTimeout
from flyhot_asgi.runtime import code_upgrade, transaction, units

from .intact import (
    Picture,
    assert_intact,
    assert_nothing_held,
    assert_same,
    assert_untouched,
    assert_upgraded,
    picture,
)
from .lab import SECOND, Lab, Scripted, edited

SAD = [SystemExit, KeyboardInterrupt, RecursionError, asyncio.CancelledError, GeneratorExit]


def raising(exc: BaseException | type[BaseException]) -> Callable[..., Any]:
    def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise exc

    return fail


async def failed(lab: Lab, coordinator: Any = None, files: Any = SECOND, **options: Any) -> tuple[Picture, Any]:
    """Try an upgrade, with messages on their way: the picture before, and the result."""
    for client in lab.clients:
        client.says(2)
        await client.until_answered()
    before = picture(lab)
    return before, await lab.upgrade(files, coordinator or Scripted(), **options)


async def test_the_plan_crashes(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(code_upgrade, "make_plan", raising(KeyError("oh")))
        before, result = await failed(lab)
    assert result["outcome"] == "failed" and "planning: KeyError" in result["error"]["message"]
    await assert_intact(lab, before, result)


async def test_the_plan_refuses(lab: Lab) -> None:
    slots = edited(SECOND["main.py"], ("class Clock:\n", "class Clock:\n    __slots__ = ('beats', 'ticks')\n\n"))
    before, result = await failed(lab, files={**SECOND, "main.py": slots})
    assert result["outcome"] == "refused" and result["error"]["line"]
    await assert_intact(lab, before, result)


async def test_staging_crashes(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(code_upgrade.Patch, "stage", raising(OSError("no more files")))
        before, result = await failed(lab)
    assert result["outcome"] == "failed" and "staging: OSError" in result["error"]["message"]
    await assert_intact(lab, before, result)


@pytest.mark.parametrize("phase", ["prepared", "held", "vote"])
async def test_the_coordinator_says_no(lab: Lab, phase: str) -> None:
    before, result = await failed(lab, Scripted(**{phase: lambda: False}))
    assert result["outcome"] == "aborted"
    await assert_intact(lab, before, result)


@pytest.mark.parametrize("phase", ["prepared", "held", "vote"])
async def test_the_coordinator_crashes(lab: Lab, phase: str) -> None:
    before, result = await failed(lab, Scripted(**{phase: raising(RuntimeError("line noise"))}))
    assert result["outcome"] == "aborted"
    await assert_intact(lab, before, result)


@pytest.mark.parametrize("last_word", [lambda: True, raising(RuntimeError("line noise"))], ids=["stop", "crash"])
async def test_the_coordinator_is_gone_while_sessions_are_gathered(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, last_word: Any
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lab.process.registry, "all_quiescent", lambda: False)
        before, result = await failed(lab, Scripted(gone=last_word))
    assert result["outcome"] == "aborted" and "deployer is gone" in result["error"]["message"]
    await assert_intact(lab, before, result)


async def test_a_session_is_busy(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lab.process.registry, "all_quiescent", lambda: False)
        before, result = await failed(lab, suspend_timeout=0.2)
    assert result["outcome"] == "failed" and result["error"]["kind"] == "suspend_timeout"
    await assert_intact(lab, before, result)


async def test_the_others_are_not_ready_within_the_budget(lab: Lab) -> None:
    before, result = await failed(lab, Scripted(held=lambda: asyncio.sleep(60)), hold_budget=0.05)
    assert result["outcome"] == "failed" and result["error"]["kind"] == "suspend_timeout"
    assert result["hold_ms"] < 1000
    await assert_intact(lab, before, result)


async def test_a_session_leaves_its_boundary_while_the_others_are_waited_for(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lab.runtime.process.registry.__class__, "all_quiescent", lambda self: True)
        hold = transaction.Hold
        patch.setattr(hold, "settle", raising(SuspendTimeout("ws-2 woke up")))
        before, result = await failed(lab)
    assert result["outcome"] == "failed" and "woke up" in result["error"]["message"]
    await assert_intact(lab, before, result)


async def test_a_statement_of_the_release_raises(lab: Lab) -> None:
    for kind in SAD:
        raises = f"raise {_spelled(kind)}('late')"
        extra = f"import asyncio\n\nseen = []\n\n\ndef fresh(n):\n    seen.append(n)\n    {raises}\n"
        before, result = await failed(lab, files={**SECOND, "extra.py": extra})
        assert result["outcome"] == "rolled_back"
        assert kind.__name__ in result["error"]["message"] and result["error"]["file"].endswith(".py")
        await assert_untouched(lab, before, result)
    await assert_intact(lab, picture(lab), result)


def _spelled(kind: type[BaseException]) -> str:
    return "__import__('asyncio').CancelledError" if kind is asyncio.CancelledError else kind.__name__


async def test_a_statement_of_the_release_never_ends(lab: Lab) -> None:
    endless = {**SECOND, "extra.py": "def fresh(n):\n    while True:\n        n += 1\n"}
    before, result = await failed(lab, files=endless, hold_budget=0.2)
    assert result["outcome"] == "rolled_back" and "longer than the hold may last" in result["error"]["message"]
    assert result["hold_ms"] < 2000
    await assert_intact(lab, before, result)


async def test_the_code_change_of_one_session_raises(lab: Lab) -> None:
    """Of each in turn, and with each kind of exception; what it had changed by then is taken back."""
    for victim, kind in [(0, ValueError), (2, ValueError), *((1, kind) for kind in SAD)]:
        mischief = (
            "state['history'].append('x'); seen.append(1); self.y = 1\n"
            f"        if self is seen[{victim}]: raise {_spelled(kind)}()"
        )
        bad = edited(SECOND["main.py"], ("state['history'].append('migrated')", mischief))
        before, result = await failed(lab, files={**SECOND, "main.py": bad})
        assert result["outcome"] == "rolled_back" and result["error"]["kind"] == "migration"
        assert f"ws-{victim + 1}/1" in result["error"]["message"]
        await assert_untouched(lab, before, result)
    await assert_intact(lab, picture(lab), result)


async def test_a_code_change_returns_nonsense(lab: Lab) -> None:
    good = "return {'n': state['count'], 'history': state['history']}"
    for answer in ("None", "[]", "{1: 2}", "state['history']"):
        bad = edited(SECOND["main.py"], (good, f"return {answer}"))
        before, result = await failed(lab, files={**SECOND, "main.py": bad})
        assert result["outcome"] == "rolled_back" and result["error"]["kind"] == "migration"
        await assert_untouched(lab, before, result)
    await assert_intact(lab, picture(lab), result)


async def test_in_debug_mode_a_code_change_that_changes_the_session_itself(lab: Lab) -> None:
    """What it assigns would be lost, as the state that it returns takes its place."""
    bad = edited(SECOND["main.py"], ("state['history'].append('migrated')", "self.count = 7"))
    before, result = await failed(lab, files={**SECOND, "main.py": bad}, debug=True)
    assert result["outcome"] == "rolled_back" and result["error"]["kind"] == "migration"
    assert "count" in result["error"]["message"]
    await assert_intact(lab, before, result)


async def test_a_code_change_never_ends(lab: Lab) -> None:
    bad = edited(SECOND["main.py"], ("state['history'].append('migrated')", "while True: pass"))
    before, result = await failed(lab, files={**SECOND, "main.py": bad}, hold_budget=0.2)
    assert result["outcome"] == "rolled_back" and result["error"]["kind"] == "migration"
    await assert_intact(lab, before, result)


async def test_the_process_differs_from_the_release(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(code_upgrade, "verify", lambda *_: [Difference("main.f", "is another one", "main.py", 3)])
        before, result = await failed(lab)
    assert result["outcome"] == "rolled_back" and result["error"]["kind"] == "verify"
    await assert_intact(lab, before, result)


async def test_the_verification_crashes(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(code_upgrade, "verify", raising(KeyError("oh")))
        before, result = await failed(lab)
    assert result["outcome"] == "rolled_back" and "KeyError" in result["error"]["message"]
    await assert_intact(lab, before, result)


async def test_the_budget_is_used_up_before_the_vote(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    coordinator = Scripted()
    with monkeypatch.context() as patch:
        real = code_upgrade.verify

        def slow(*arguments: Any) -> Any:
            here = transaction.time.monotonic() + 0.3
            while transaction.time.monotonic() < here:
                pass
            return real(*arguments)

        patch.setattr(code_upgrade, "verify", slow)
        before, result = await failed(lab, coordinator, hold_budget=0.25)
    assert result["outcome"] == "rolled_back" and "vote" not in coordinator.asked
    await assert_intact(lab, before, result)


class Exploding:
    """Lets the first `after` notes into the journals through; raises at the next one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self.noted: list[str] = []
        original = Journal.note

        def note(journal: Journal, what: str, undo: Callable[[], None]) -> None:
            if len(self.noted) >= after:
                raise MemoryError(f"at {what}")
            self.noted.append(what)
            original(journal, what, undo)

        monkeypatch.setattr(Journal, "note", note)


async def test_every_step_of_the_patch_and_of_the_migration_in_turn(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is the list of all that is done: fail before each of its entries."""
    release = await lab.release(SECOND)
    before, depth = picture(lab), 0
    while True:
        with monkeypatch.context() as patch:
            journal = Exploding(patch, depth)
            result = await lab.upgrade(release)
        if result["outcome"] == "complete":
            break
        assert result["outcome"] == "rolled_back", (depth, result["error"])
        assert re.search("MemoryError: at ", result["error"]["message"])
        assert_same(before, picture(lab))
        assert_nothing_held(lab)
        depth += 1
    assert depth == len(journal.noted) > 10
    await assert_upgraded(lab, result)


async def test_a_step_of_the_way_down_fails(lab: Lab) -> None:
    assert (await lab.upgrade(SECOND))["outcome"] == "complete"
    before = picture(lab)
    result = await lab.upgrade(lab.first, Scripted(vote=lambda: False), direction="down")
    assert result["outcome"] == "aborted"
    assert_same(before, picture(lab))
    assert_nothing_held(lab)
    result = await lab.upgrade(lab.first, direction="down")
    assert result["outcome"] == "complete"
    for client in lab.clients:
        client.says()
        await client.until_answered()
        client.assert_in_order()


async def test_an_undo_that_fails_is_said_and_nothing_is_tried_on_top_of_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def undo() -> None:
        raise OSError("no way back")

    def break_it(self: Any, tree: Any, journal: Journal, held: Any) -> None:
        journal.note("the unforeseen", undo)

    with monkeypatch.context() as patch:
        patch.setattr(type(lab.installed.assets), "follow", break_it)
        _, result = await failed(lab, Scripted(vote=lambda: False))
    assert result["outcome"] == "broken" and result["verified"] is False
    assert lab.process.registry.valve.is_open
    assert lab.process.state == "broken"
    with pytest.raises(ControlError, match="is broken: "):
        await lab.upgrade(SECOND)
    for client in lab.clients:
        client.says()
        await client.until_answered()


async def test_a_unit_that_can_not_be_told_does_not_stop_the_others(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    deaf = lab.process.registry.units()[0]

    def resumed(self: Any, vsn: str, changed: bool) -> None:
        if self is deaf:
            raise RuntimeError("deaf")
        told.append((vsn, changed))

    with monkeypatch.context() as patch:
        patch.setattr(type(deaf), "resumed", resumed)
        patch.setattr(units, "has_upgraded", lambda cls: True)
        result = await lab.upgrade(SECOND)
    assert told == [(result["to"][:12], True)] * 2
    await assert_upgraded(lab, result)


@pytest.mark.parametrize("word", ["hold", "resume"])
async def test_pages_that_can_not_be_told_stop_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lab.process.pages, word, raising(RuntimeError("no hub")))
        before, result = await failed(lab, Scripted(vote=lambda: False))
        assert_same(before, picture(lab))
        assert_nothing_held(lab)
        result = await lab.upgrade(SECOND)
    await assert_upgraded(lab, result)
