"""The commands as a user runs them, against processes that follow the protocol, or don't."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from flyhot_asgi.errors import StoreError
from flyhot_asgi.release.folder import FolderStore
from flyhot_deploy.cli import commands, running
from flyhot_deploy.cli.commands import cli
from tests.deploy.fakes import FakeMachine, FakeProcess, Faults, error

CHECKOUT = Path(__file__).resolve().parents[3]


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def run_json(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    document = json.loads(result.stdout)
    assert document["exit_code"] == result.exit_code
    assert isinstance(document, dict)
    return document


def start_process(*arguments: str, **more: Any) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-m", "flyhot_deploy", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **more)


# -- hot ------------------------------------------------------------------------------------------


def test_hot_upgrades_and_shows_a_table(machine: FakeMachine, edited: str) -> None:
    processes = [machine.start(edited) for _ in range(2)]
    result = run("hot")
    assert result.exit_code == 0
    assert f"upgraded and verified: {edited[:12]} → {processes[0].release[:12]}" in result.stdout
    for process in processes:
        assert any(str(process.pid) in line and "complete" in line for line in result.stdout.splitlines())
    assert run("hot").stdout.startswith(f"nothing to do: every process runs {processes[0].release[:12]} already")


def test_hot_as_a_document(machine: FakeMachine, edited: str) -> None:
    process = machine.start(edited)
    document = run_json("hot", "--local")
    assert document["outcome"] == "complete"
    assert document["from"] == edited
    assert document["error"] is None
    [result] = document["processes"]
    assert result["pid"] == process.pid
    assert result["verified"] is True
    assert result["hold_ms"] == 12.5


@pytest.mark.parametrize(
    ("at", "code", "outcome", "said"),
    [
        ({"prepare": "refuse"}, 3, "refused", "refused: app.py:9 Player: its __slots__ changed"),
        ({"hold": "fail"}, 1, "failed", "session ws-1 is busy"),
        ({"apply": "undo"}, 4, "rolled_back", "code_change raised"),
        ({"prepare": "die"}, 1, "failed", "hung up before the decision"),
        ({"commit": "die"}, 5, "mixed", "what it runs now is unknown"),
        ({"commit": "broken"}, 5, "mixed", "the undo failed"),
        ({"prepare": "crash"}, 1, "failed", "failed to answer: TypeError"),
        ({"apply": "crash"}, 5, "mixed", "failed to answer: TypeError"),
        ({"hold": "nonsense"}, 5, "mixed", "mixed: not every process is known to run"),
    ],
)
def test_hot_says_what_went_wrong_and_exits_with_its_code(
    machine: FakeMachine, edited: str, at: dict[str, str], code: int, outcome: str, said: str
) -> None:
    machine.start(edited), machine.start(edited, Faults(at=at))
    result = run("hot")
    assert result.exit_code == code
    assert said in result.output


def test_hot_names_the_file_and_line_that_fail(machine: FakeMachine, edited: str) -> None:
    problem = error(
        "source", "invalid syntax", file="pkg/page.py", line=7, do="mend it", detail="  return (\n         ^"
    )
    machine.start(edited, Faults(check=problem))
    result = run("hot")
    assert result.exit_code == 1
    assert "error: invalid syntax\n  at pkg/page.py:7\n  what to do: mend it\n" in result.stderr
    assert run_json("hot")["error"] == problem


def test_hot_with_nobody_running(app: Path) -> None:
    result = run("hot")
    assert result.exit_code == 1
    assert f"no running process of the app in {app.resolve()}" in result.stderr
    assert "app.add_middleware(HotUpgrade)" in result.stderr
    assert run_json("hot")["error"]["kind"] == "no_process"


@pytest.mark.parametrize("command", ["hot", "plan", "rollback", "status", "history"])
def test_a_folder_that_is_no_app_is_a_usage_error(app: Path, command: str) -> None:
    (app / "app.py").unlink()
    result = run(command)
    assert result.exit_code == 2
    assert "is no app" in result.stderr


@pytest.mark.parametrize("command", ["hot", "plan", "rollback", "status", "history"])
def test_settings_that_can_not_be_read_are_a_usage_error(app: Path, command: str) -> None:
    (app / "pyproject.toml").write_text("[tool.flyhot]\nnonsense = 1\n")
    result = run(command)
    assert result.exit_code == 2
    assert "unknown setting 'nonsense'" in result.stderr


def test_with_a_fly_toml_a_plan_for_here_must_be_said(machine: FakeMachine, base: str, app: Path) -> None:
    (app / "fly.toml").touch()
    machine.start(base)
    result = run("plan")
    assert result.exit_code == 2
    assert "say --local" in result.stderr
    assert "fly.toml here" not in run("plan", "--local").output


@pytest.mark.parametrize("command", ["hot", "rollback", "status", "confirm"])
def test_a_fly_toml_means_machines_unless_local_is_said(
    machine: FakeMachine, edited: str, app: Path, command: str
) -> None:
    (app / "fly.toml").touch()
    machine.start(edited)
    result = run(command)
    assert result.exit_code == 2 and "names no app" in result.stderr
    if command in ("hot", "status"):
        assert run(command, "--local").exit_code == 0


def test_hot_passes_options_on(machine: FakeMachine, edited: str) -> None:
    process = machine.start(edited)
    assert run("hot", "--extra", "a=1", "--extra", "b=x=y", "--suspend-timeout", "0.5").exit_code == 0
    request = process.requests[-1]
    assert request["extra"] == {"a": "1", "b": "x=y"}
    assert request["options"]["suspend_timeout"] == 0.5


@pytest.mark.parametrize(
    "arguments",
    [
        ("hot", "--extra", "nonsense"),
        ("hot", "--extra", "direction=down"),
        ("hot", "--suspend-timeout", "0"),
        ("hot", "--suspend-timeout", "soon"),
        ("hot", "--what"),
        ("melt",),
        ("rollback", "a", "b"),
    ],
)
def test_arguments_that_make_no_sense_are_usage_errors(app: Path, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_two_at_once_the_second_is_told_who_runs(machine: FakeMachine, edited: str, store: FolderStore) -> None:
    process = machine.start(edited)
    with store.locked():
        result = run("hot")
        assert result.exit_code == 75
        assert f"another deploy is running: pid {os.getpid()}, since 20" in result.stderr
        assert run_json("rollback")["outcome"] == "locked"
    assert process.release == edited


def test_a_store_that_can_not_be_written(app: Path, edited: str) -> None:
    (app / "file").touch()
    with FakeMachine(app, store=app / "file" / "store") as machine:
        machine.start(edited)
        result = run("hot")
    assert result.exit_code == 1
    assert "can't be written" in result.stderr
    assert "what to do: make the folder writable" in result.stderr


def test_a_failure_of_the_system_is_a_message(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(running, "find_project", refuse)
    result = run("hot")
    assert result.exit_code == 1
    assert "Too many open files" in result.stderr


def test_a_folder_that_is_gone(app: Path) -> None:
    (app / "app.py").unlink()
    (app / "pyproject.toml").unlink()
    app.rmdir()
    result = run("hot")
    assert result.exit_code == 2


def test_a_dry_run_only_plans(machine: FakeMachine, edited: str) -> None:
    process = machine.start(edited)
    result = run("hot", "--dry-run")
    assert result.exit_code == 0
    assert "this can be done hot" in result.stdout
    assert process.release == edited


# -- the others -----------------------------------------------------------------------------------


def test_plan_shows_steps_refusals_and_stale_frames(machine: FakeMachine, edited: str) -> None:
    more = {
        "refusals": [{"file": "app.py", "line": 4, "name": "P", "reason": "slots changed", "do": "deploy cold"}],
        "stale_frames": [{"name": "app.loop", "file": "app.py", "line": 20, "count": 3}],
        "notes": ["app.py:1 reads a file when it is executed"],
    }
    machine.start(edited, Faults(plan_more=more))
    result = run("plan")
    assert result.exit_code == 3
    assert "this can't be done hot" in result.stdout
    assert any("swap" in line and "app.py:3" in line for line in result.stdout.splitlines())
    lines = result.stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if "refused  P  app.py:4  slots changed" in line)
    assert lines[at + 1].endswith("what to do: deploy cold")
    assert "3 x app.loop at app.py:20 runs on with its old code" in result.stdout
    assert "note: app.py:1 reads a file" in result.stdout
    document = run_json("plan")
    assert (document["outcome"], document["plan"]["refusals"]) == ("refused", more["refusals"])


def test_plan_of_nothing(machine: FakeMachine, base: str) -> None:
    machine.start(base)
    assert run("plan").stdout.startswith("nothing to do")


def test_status_shows_each_process(machine: FakeMachine, base: str, app: Path) -> None:
    processes = [machine.start(base) for _ in range(2)]
    result = run("status")
    assert result.exit_code == 0
    for process in processes:
        line = next(line for line in result.stdout.splitlines() if str(process.pid) in line)
        assert base[:12] in line and "3 app.Chat@1" in line and "serving" in line
    assert run_json("status")["processes"][0]["release"] == base


def test_status_says_when_releases_are_mixed(machine: FakeMachine, base: str) -> None:
    machine.start(base), machine.start("f" * 64)
    result = run("status")
    assert result.exit_code == 5
    assert "mixed: the processes run different releases" in result.stdout


def test_rollback_and_history(machine: FakeMachine, edited: str) -> None:
    process = machine.start(edited)
    assert run("hot").exit_code == 0
    new = process.release
    result = run("rollback")
    assert result.exit_code == 0
    assert f"back on {edited[:12]}, verified (it was {new[:12]})" in result.stdout
    lines = [line.split() for line in run("history").stdout.splitlines() if edited[:12] in line or new[:12] in line]
    assert [line[:2] for line in lines] == [["→", "3"], ["2", lines[1][1]], ["1", lines[2][1]]]
    entries = run_json("history")["entries"]
    assert [entry["action"] for entry in entries] == ["base", "hot", "rollback"]


def test_rollback_to_what_is_unknown(machine: FakeMachine, base: str) -> None:
    machine.start(base)
    result = run("rollback", "feed")
    assert result.exit_code == 1
    assert "has no release 'feed'" in result.stderr


def test_history_of_nothing(app: Path) -> None:
    result = run("history")
    assert result.exit_code == 0
    assert "nothing was released" in result.stdout


def test_a_corrupt_history_is_one_clear_error(store: FolderStore) -> None:
    store.record("base", "A", previous=None, outcome="complete")
    (store.path / "history.jsonl").write_text("rubbish\n")
    result = run("history")
    assert result.exit_code == 1
    assert "line 1 of the history" in result.stderr
    assert isinstance(StoreError("x"), Exception)


# -- the program ----------------------------------------------------------------------------------


def test_help_lists_every_command_and_the_exit_codes() -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name in ("hot", "plan", "status", "rollback", "history", "demo"):
        assert name in result.output
    assert "75 locked" in " ".join(result.output.split())


def test_demo_is_imported_when_it_is_used(monkeypatch: pytest.MonkeyPatch, app: Path) -> None:
    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    def demo_command(as_json: bool) -> None:
        click.echo(f"demo {as_json}")

    module = type(sys)("fake_demo")
    module.demo_command = demo_command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, commands.DEMO, module)
    assert run("demo", "--json").output == "demo True\n"


@pytest.mark.parametrize(
    ("missing", "code", "said"),
    [("uvicorn", 2, 'pip install "flyhot[all]"'), ("flyhot_deploy.demo", 1, "has no demo")],
)
def test_a_demo_that_lacks_something_says_what(
    monkeypatch: pytest.MonkeyPatch, missing: str, code: int, said: str
) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr(commands.importlib, "import_module", fail)
    result = run("demo")
    assert result.exit_code == code
    assert said in result.output


def wait_for(process: FakeProcess, station: str) -> None:
    assert process.reached[station].wait(30)


def test_ctrl_c_while_held_tells_everybody_to_abort(machine: FakeMachine, edited: str) -> None:
    good, slow = machine.start(edited), machine.start(edited, Faults(at={"apply": "hang"}))
    with start_process("hot", "--json") as command:
        wait_for(good, "apply")
        wait_for(slow, "apply")
        command.send_signal(signal.SIGINT)
        wait_for(good, "end")
        assert good.told == ["suspend", "apply", "abort"]
        command.send_signal(signal.SIGINT)  # the other one never answers; a second Ctrl-C doesn't wait for it
        out, err = command.communicate(timeout=30)
    assert command.returncode == 130, (out, err)
    assert "Traceback" not in err
    assert json.loads(out)["outcome"] == "interrupted"
    assert good.release == edited


def test_sigterm_is_heard_like_ctrl_c(machine: FakeMachine, edited: str) -> None:
    """A pipeline that is cancelled sends it: everybody is told, and it does not end without a word."""
    good, dying = machine.start(edited), machine.start(edited, Faults(at={"hold": "hang"}))
    with start_process("hot") as command:
        wait_for(good, "hold")
        wait_for(dying, "hold")
        command.send_signal(signal.SIGTERM)
        wait_for(good, "end")
        machine.call(dying.stop())
        out, _ = command.communicate(timeout=30)
    assert command.returncode == 130 and "interrupted: every process was told to stop" in out
    assert good.told[-1] == "abort" and good.release == edited


def test_sigterm_before_anybody_is_asked_to_upgrade(machine: FakeMachine, edited: str) -> None:
    process = machine.start(edited, Faults(check_hangs=True))
    with start_process("hot", "--json") as command:
        wait_for(process, "check")
        command.send_signal(signal.SIGTERM)
        out, err = command.communicate(timeout=30)
    assert command.returncode == 130 and json.loads(out)["error"]["message"] == "interrupted" and not err


def test_an_error_that_nobody_foresaw_says_so_and_what_to_look_at(
    machine: FakeMachine, edited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(commands.deploy, "hot", fail)
    result = run("hot", "--json")
    error = json.loads(result.stdout)["error"]
    assert result.exit_code == 5 and error["message"] == "flyhot itself failed: ZeroDivisionError: of ours"
    assert "status" in error["do"] and "in fail" in error["detail"]


def test_ctrl_c_ends_with_a_report_when_all_answer(machine: FakeMachine, edited: str) -> None:
    good, dying = machine.start(edited), machine.start(edited, Faults(at={"hold": "hang"}))
    with start_process("hot", "--json") as command:
        wait_for(good, "hold")
        wait_for(dying, "hold")
        command.send_signal(signal.SIGINT)
        wait_for(good, "end")
        machine.call(dying.stop())
        out, err = command.communicate(timeout=30)
    assert command.returncode == 130
    document = json.loads(out)
    assert [result["outcome"] for result in document["processes"]] == ["aborted", "lost"]
    assert "Traceback" not in err


def test_a_deploy_that_is_killed_leaves_no_lock_and_all_go_back(machine: FakeMachine, edited: str) -> None:
    good, slow = machine.start(edited), machine.start(edited, Faults(at={"apply": "hang"}))
    with start_process("hot") as command:
        wait_for(good, "apply")
        wait_for(slow, "apply")
        command.kill()
        command.communicate(timeout=30)
    wait_for(good, "end")
    assert good.told[-1] == "abort"
    slow.faults = Faults()
    assert run("hot").exit_code == 0


def test_a_reader_that_goes_away_does_not_change_the_exit_code(machine: FakeMachine, edited: str) -> None:
    machine.start(edited, Faults(at={"prepare": "refuse"}))
    with start_process("hot") as command:
        assert command.stdout is not None
        command.stdout.close()
        assert command.stderr is not None
        err = command.stderr.read()
        command.wait(30)
    assert command.returncode == 3
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
