"""The demo as a person runs it: its numbers, its exit codes, and nothing left behind on any path."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from flyhot_deploy.demo import story
from flyhot_deploy.demo.ledger import Messages
from flyhot_deploy.demo.screen import closing_table, describe, verdict
from flyhot_deploy.demo.story import STEPS, Options, Report
from flyhot_deploy.demo.upgrades import Answer, Expectation, UpgradeTold, run_command, tell


def demo_environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder), "COLUMNS": "120"}


async def start_demo(folder: Path, *options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "flyhot_deploy", "demo", *options),
        cwd=folder,
        env=demo_environment(folder),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def processes_in(folder: Path) -> list[int]:
    """Processes whose working folder lies below this one. Linux only."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(entry / "cwd")).is_relative_to(folder) and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def nothing_left(folder: Path) -> None:
    assert processes_in(folder) == []
    assert [path.name for path in folder.iterdir() if path.name.startswith("flyhot-demo-")] == []
    assert list(folder.glob("flyhot-*/*")) == []


async def read_until(stream: asyncio.StreamReader | None, words: bytes) -> bytes:
    assert stream is not None
    said = b""
    async with asyncio.timeout(60):
        while words not in said:
            line = await stream.readline()
            assert line, said.decode("utf-8", "replace")
            said += line
    return said


@pytest.mark.e2e
async def test_the_whole_story_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    process = await start_demo(tmp_path, "--json", "--clients", "30", "--seconds", "1")
    printed, said = await asyncio.wait_for(process.communicate(), 110)
    assert process.returncode == 0, said.decode("utf-8", "replace")
    document = json.loads(printed)
    messages = document["messages"]
    assert messages["sent"] == messages["answered"] > 1000
    assert {messages[key] for key in ("lost", "doubled", "reordered", "miscounted")} == {0}
    assert document["sockets_closed"] == 0 and document["ok"] and not document["problems"]
    told = [(each["from"], each["to"], each["verified"], each["units_migrated"]) for each in document["upgrades"]]
    assert told == [("1", "2", True, 30), ("2", "bad", False, 0), ("2", "3", True, 30), ("3", "2", True, 30)]
    assert all({"outcome", "hold_ms"} <= set(each) for each in document["upgrades"])
    assert document["seconds"] < 60
    nothing_left(tmp_path)


async def test_nobody_writes_into_the_folder_once_it_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that went on in its thread would bring files back into a folder that is being removed."""
    begun, go_on, over = threading.Event(), threading.Event(), threading.Event()

    def compose(release: str, folder: Path) -> None:
        begun.set()
        go_on.wait(10)
        over.set()

    monkeypatch.setattr(story, "compose", compose)
    upgrade = asyncio.create_task(story.Stage(tmp_path, ()).upgrade(STEPS[0]))
    await asyncio.to_thread(begun.wait, 10)
    upgrade.cancel()
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await upgrade
    assert over.is_set()


@pytest.mark.e2e
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_in_the_middle_ends_every_process(number: signal.Signals, tmp_path: Path) -> None:
    process = await start_demo(tmp_path, "--clients", "15", "--seconds", "1")
    await read_until(process.stdout, b"Upgrading from release 1")
    assert len(processes_in(tmp_path)) >= 2
    process.send_signal(number)
    await asyncio.wait_for(process.communicate(), 40)
    assert process.returncode == 130
    nothing_left(tmp_path)


@pytest.mark.e2e
async def test_serve_prints_urls_and_ends_well_with_an_interrupt(tmp_path: Path) -> None:
    process = await start_demo(tmp_path, "--serve", "--clients", "15", "--seconds", "0.5")
    await read_until(process.stdout, b"Ctrl-C ends it")
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), 40)
    assert process.returncode == 0
    nothing_left(tmp_path)


def told(expected: Expectation, **changes: Any) -> UpgradeTold:
    good: dict[str, Any] = {
        "exit_code": 0 if expected.succeeds else 4,
        "outcome": "complete" if expected.succeeds else "rolled_back",
        "hold_ms": 12.0,
        "units_migrated": 5,
        "verified": expected.succeeds,
        "seconds": 1.0,
        "serving": (expected.serves, expected.serves),
    }
    return UpgradeTold(expected=expected, **{**good, **changes})


def report(messages: Messages | None = None, closed: tuple[str, ...] = (), **changes: Any) -> Report:
    upgrades = (told(STEPS[0], **changes), *(told(step) for step in STEPS[1:]))
    return Report(Options(), messages or Messages(sent=9, answered=9), closed, upgrades, 10.0)


def test_a_story_in_which_all_went_as_it_must_has_no_problem() -> None:
    assert report().problems == []
    assert report().document()["ok"] is True


@pytest.mark.parametrize("fault", ["lost", "doubled", "reordered", "miscounted"])
def test_each_kind_of_fault_is_a_problem(fault: str) -> None:
    found = report(Messages(sent=9, answered=8, **{fault: 1}))
    assert found.problems == [f"1 messages {fault}"]
    assert fault in verdict(found).plain


def test_a_closed_socket_is_a_problem() -> None:
    assert report(closed=("guest-3: 1012",)).problems == ["1 sockets closed, the first one guest-3: 1012"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"outcome": "failed", "exit_code": 1, "error": "no reason"}, "no reason"),
        ({"verified": False}, "not verified"),
        ({"serving": ("2", "1")}, "serve 2, 1, not 2"),
    ],
)
def test_an_upgrade_that_ended_otherwise_is_a_problem(changes: dict[str, Any], word: str) -> None:
    (problem,) = report(**changes).problems
    assert word in problem


def test_a_bad_release_that_came_through_is_a_problem() -> None:
    bad = STEPS[1]
    assert told(bad).problem is None
    assert told(bad, exit_code=0, outcome="complete", serving=("bad", "bad")).problem is not None
    assert told(bad, exit_code=5).problem is not None


def test_a_story_that_was_cut_short_is_a_problem() -> None:
    short = Report(Options(), Messages(), (), (told(STEPS[0]),), 1.0)
    assert short.problems == ["1 of 4 upgrades were tried"]


def test_hold_is_the_longest_units_are_all_verified_is_everybody() -> None:
    processes = [
        {"hold_ms": 10.5, "units_migrated": 3, "verified": True},
        {"hold_ms": 20.25, "units_migrated": 4, "verified": False},
    ]
    line = tell(STEPS[0], Answer(0, {"outcome": "complete", "processes": processes}, 1.5), ("2", "2"))
    assert (line.hold_ms, line.units_migrated, line.verified) == (20.25, 7, False)


def test_what_is_shown_has_every_number() -> None:
    from rich.console import Console

    console = Console(width=120, record=True, file=open(os.devnull, "w", encoding="utf-8"))
    console.print(closing_table(report(Messages(sent=1234567, answered=1234560, lost=7))))
    text = console.export_text()
    console.file.close()
    for words in ("1,234,567", "lost", "12.0 ms", "rolled back", "3 → 2", "✗ 7 messages lost"):
        assert words in text, words
    assert "5 sessions migrated in a hold of 12 ms" in describe(told(STEPS[0]))


async def test_a_command_that_prints_no_document_is_told_with_its_words(tmp_path: Path) -> None:
    answer = await run_command(tmp_path, "hot", "--no-such-option")
    assert answer.exit_code == 2
    assert "--no-such-option" in answer.document["error"]["message"]
