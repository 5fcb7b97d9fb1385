from __future__ import annotations

import io
import json
import sys

import pytest

from flyhot_deploy.cli.output import HEADLINES, Output
from flyhot_deploy.errors import Exit, UsageError
from flyhot_deploy.local.outcome import WORDS, already_result
from flyhot_deploy.local.progress import Fact, Step
from flyhot_deploy.local.report import UpgradeReport, failure


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def report(outcome: str = "complete", exit: Exit = Exit.VERIFIED, action: str = "hot") -> UpgradeReport:
    return UpgradeReport(action, exit, outcome, "a" * 64, "b" * 64, (already_result(7, "b" * 64),))


def test_a_log_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False)
    output.notify(Step("packing [red]the tree[/red]"))
    output.notify(Fact("3 files"))
    output.report(report())
    out, err = capsys.readouterr()
    assert err == "packing [red]the tree[/red] …\n  3 files\n"
    assert "upgraded and verified: aaaaaaaaaaaa → bbbbbbbbbbbb" in out
    assert "\x1b" not in out + err


def test_a_terminal_gets_a_turning_step_and_it_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    err, out = Terminal(), Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(sys, "stdout", out)
    output = Output(as_json=False)
    output.notify(Step("packing"))
    output.notify(Step("checking"))
    output.report(report())
    assert "✓ \x1b[0m\x1b[2mpacking" in err.getvalue()
    assert err.getvalue().rstrip().endswith("\x1b[2K")  # the line is cleared
    assert "\x1b[" in out.getvalue()
    assert "upgraded and verified" in out.getvalue()


def test_json_is_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.notify(Step("packing"))
    output.report(report())
    out, err = capsys.readouterr()
    assert err == ""
    document = json.loads(out)
    assert set(document) == {"outcome", "exit_code", "from", "to", "processes", "error", "notes"}
    assert document["processes"][0]["pid"] == 7


def test_a_failure_goes_to_stderr_or_into_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    failed = failure(UsageError("no app", file="/x", do="go there", detail="line one\nline two"))
    Output(as_json=False).report(failed)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: no app\n  at /x\n  what to do: go there\n  | line one\n  | line two\n"
    Output(as_json=True).report(failed)
    assert json.loads(capsys.readouterr().out)["exit_code"] == 2


@pytest.mark.parametrize("code", [Exit.FAILED, Exit.REFUSED, Exit.ROLLED_BACK, Exit.INTERRUPTED])
def test_every_end_that_changed_nothing_says_that_the_old_code_serves(
    code: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    Output(as_json=False).report(report(WORDS[code], code))
    assert "the old code (aaaaaaaaaaaa) still serves" in capsys.readouterr().out


def test_a_rollback_that_was_asked_for_does_not_read_as_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).report(report(action="rollback"))
    assert "back on bbbbbbbbbbbb, verified (it was aaaaaaaaaaaa)" in capsys.readouterr().out


def test_every_outcome_of_an_upgrade_has_a_headline() -> None:
    ends = {WORDS[code] for code in Exit if code not in (Exit.USAGE, Exit.LOCKED)}
    assert ends | {"already"} == set(HEADLINES)
