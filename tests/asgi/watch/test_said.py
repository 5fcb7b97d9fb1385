"""What a save's outcome is to people."""

from __future__ import annotations

from flyhot_asgi.watch.said import Place, Said, said_of_error, said_of_result

REFUSAL = {"module": "app", "name": "Box", "file": "app.py", "line": 3, "reason": "its slots changed", "do": "cold"}


def test_an_upgrade_is_one_line() -> None:
    result = {"outcome": "complete", "definitions": {"swap": 2, "move": 0}}
    said = said_of_result(result, {"b.py", "a.py"}, 81.6)
    assert said.block() == "flyhot  a.py and 1 more: live in 82 ms (2 swap)"
    assert said.frame()["ok"] is True


def test_a_refusal_names_each_place_and_wants_a_restart() -> None:
    result = {"outcome": "refused", "error": {"kind": "refused", "message": "no"}, "plan": {"refusals": [REFUSAL] * 8}}
    said = said_of_result(result, {"app.py"}, 1)
    assert said.restart and said.kind == "refused"
    block = said.block()
    assert "app.py:3: Box: its slots changed" in block and "→ cold" in block and "… and 2 more" in block
    assert len(said.frame()["places"]) == 6


def test_an_error_has_its_line_and_no_restart() -> None:
    error = {
        "kind": "source",
        "message": "invalid syntax",
        "file": "a.py",
        "line": 7,
        "do": "mend it",
        "detail": "trace",
    }
    said = said_of_error(error, None, "a.py")
    assert said.places == (Place("a.py", 7, "invalid syntax", "mend it"),)
    assert not said.restart and "a.py:7: invalid syntax" in said.block() and "  trace" in said.block()


def test_a_broken_process_wants_a_restart() -> None:
    assert said_of_error({"kind": "broken", "message": "undo failed"}, None, "a.py").restart


def test_a_place_without_a_line_or_a_file() -> None:
    assert [str(Place("a.py", None, "w")), str(Place(None, None, "w"))] == ["a.py: w", "w"]
    assert Said("ok", "fine").frame()["places"] == []
