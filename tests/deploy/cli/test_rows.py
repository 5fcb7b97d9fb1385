from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.release.history import Entry
from flyhot_deploy.cli import rows
from flyhot_deploy.local.fleet import Silent, gather, read_status
from flyhot_deploy.local.outcome import already_result
from tests.deploy.fakes import plan_document


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86400 * 3, "3 d"),
        (-5, "0 s"),
    ],
)
def test_an_age_is_in_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    assert rows.age(1000.0, 1000.0 + seconds) == text


def test_a_process_in_an_upgrade() -> None:
    result = already_result(7, "A") | {
        "outcome": "rolled_back",
        "modules": {"changed": ["a", "b"], "added": ["c"], "deleted": []},
        "definitions": {"swap": 2, "graft": 0, "add": 1},
        "sessions": 200,
        "units_migrated": 3,
        "hold_ms": 41.62,
    }
    table = rows.process_table([result])
    assert table.rows == (("7", "rolled back", "no", "~2 +1", "2 swap, 1 add", "200", "3", "42 ms"),)


@pytest.mark.parametrize(("verified", "word"), [(True, "yes"), (False, "no")])
def test_a_process_that_had_it_was_compared_all_the_same(verified: bool, word: str) -> None:
    assert rows.process_table([already_result(7, "A") | {"verified": verified}]).rows[0][2] == word


@pytest.mark.parametrize("key", sorted(already_result(7, "A")))
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [3], {"a": 3}])
def test_a_result_that_makes_no_sense_is_shown_as_far_as_it_goes(key: str, value: Any) -> None:
    cells = rows.process_table([already_result(7, "A") | {key: value}]).rows[0]
    assert len(cells) == 8


def test_status_shows_sessions_by_class_and_vsn_and_who_is_silent() -> None:
    document = {
        "pid": 9,
        "app": "a",
        "root": "/app",
        "store": "/s",
        "release": "A" * 64,
        "state": "serving",
        "python": "3.11",
        "since": 100.0,
        "sessions": [
            {"cls": "app.Chat", "vsn": "2", "count": 12},
            {"label": "/raw", "cls": None, "count": 1},
            3,
        ],
        "websockets": 13,
    }
    fleet = gather([read_status(9, document, Path("/app")), Silent(4, "hung up")])
    assert rows.status_table(fleet, now=160.0).rows == (
        ("4", "?", "?", "?", "?", "?", "silent: hung up"),
        ("9", "A" * 12, "1 min", "12 app.Chat@2, 1 /raw", "13", "-", "serving"),
    )


def test_history_is_newest_first_and_marks_what_runs() -> None:
    entries = [
        Entry(1, "2026-01-01T10:00:00+00:00", "base", "A" * 64, None, "complete"),
        Entry(
            2,
            "2026-01-01T11:00:00+00:00",
            "hot",
            "B" * 64,
            "A" * 64,
            "rolled_back",
            ({"outcome": "aborted"},) * 2,
        ),
    ]
    assert rows.history_table(entries, "A" * 64).rows == (
        ("", "2", "2026-01-01 11:00:00", "hot", "B" * 12, "A" * 12, "rolled back", "2 aborted"),
        ("→", "1", "2026-01-01 10:00:00", "base", "A" * 12, "-", "complete", "-"),
    )


def test_only_the_latest_entry_of_what_runs_is_marked() -> None:
    entries = [Entry(seq, "x", "hot", "A", None, "complete") for seq in (1, 2)]
    assert [row[0] for row in rows.history_table(entries, "A").rows] == ["→", ""]


def test_files_that_are_no_modules_are_listed() -> None:
    plan = plan_document("A", "B", assets={"changed": ["a.css"], "added": [], "deleted": ["old.html"]})
    assert rows.asset_lines(plan) == ["assets changed: a.css", "assets deleted: old.html"]


def test_modules_that_come_and_go_are_listed_and_long_lists_cut() -> None:
    plan = {"modules": {"changed": ["a"], "added": [f"m{n}" for n in range(14)]}}
    assert rows.asset_lines(plan) == ["modules added: " + ", ".join(f"m{n}" for n in range(12)) + " and 2 more"]


def test_refusals_and_stale_frames_say_where() -> None:
    plan = {
        "refusals": [
            {"file": "a.py", "line": 3, "name": "P", "reason": "slots", "do": "cold"},
            {"module": "m"},
            3,
        ],
        "stale_frames": [{"name": "loop", "file": "a.py", "line": 9, "count": 2}],
    }
    assert rows.refusal_lines(plan) == [("a.py:3 P: slots", "cold"), ("m: ?", "")]
    assert rows.stale_lines([(7, plan)]) == ["process 7: 2 x loop at a.py:9 runs on with its old code until it returns"]


@pytest.mark.parametrize("plan", [{}, {"steps": 3, "refusals": "x", "modules": [], "assets": None}, {"steps": [3]}])
def test_a_plan_that_makes_no_sense_is_an_empty_one(plan: dict[str, Any]) -> None:
    assert rows.asset_lines(plan) == []
    assert rows.refusal_lines(plan) == []
