"""The commands of a container, in processes of their own: `run --`, and the line in the app."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.deploy.machines import V1, V2, Deployer, Machine, tree_of, write_tree

PROJECT = Path(__file__).resolve().parents[3]
RUN = [sys.executable, "-m", "flyhot_deploy", "run", "--"]


def environment(machine: Machine) -> dict[str, str]:
    return {**os.environ, **machine.environment, "PYTHONPATH": str(PROJECT), "FLYHOT_AGENT": "none"}


def run(machine: Machine, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=machine.root, env=environment(machine), capture_output=True, text=True, timeout=60, check=False
    )


def test_run_lays_the_release_and_becomes_the_command(machine: Machine, deployer: Deployer) -> None:
    deployer.release(V2)
    done = run(machine, *RUN, sys.executable, "-c", "import shop.main, sys; sys.exit(7)")
    assert (done.returncode, done.stdout) == (7, "two new\n"), done.stderr
    assert "is laid over" in done.stderr


def test_run_without_anything_released_runs_the_image(machine: Machine) -> None:
    done = run(machine, *RUN, sys.executable, "-c", "import shop.main")
    assert (done.returncode, done.stdout) == (0, "one old\n"), done.stderr


def test_run_of_nothing_that_exists_is_a_usage_error(machine: Machine) -> None:
    done = run(machine, *RUN, "no-such-program")
    assert done.returncode == 2 and "no-such-program" in done.stderr and "Traceback" not in done.stderr


def test_run_with_settings_that_cannot_be_used_still_serves(machine: Machine) -> None:
    (machine.root / "pyproject.toml").write_text("[tool.flyhot]\nnonsense = 1\n")
    done = run(machine, *RUN, sys.executable, "-c", "import shop.main")
    assert (done.returncode, done.stdout) == (0, "one old\n")
    assert "nonsense" in done.stderr and "Traceback" not in done.stderr


LINE = b"import flyhot_deploy; flyhot_deploy.startup_reapply_current()\n"


def test_the_line_in_the_app_starts_the_process_anew_with_the_release(machine: Machine, deployer: Deployer) -> None:
    machine.image = {**V1, "serve.py": LINE + b"import os\nprint(os.getpid())\nimport shop.main\n"}
    machine.reset()
    deployer.release({**V2, "serve.py": LINE + b"import os\nprint(os.getpid(), 'new')\nimport shop.main\n"})
    process = subprocess.Popen(
        [sys.executable, "serve.py"], cwd=machine.root, env=environment(machine), stdout=subprocess.PIPE, text=True
    )
    out, _ = process.communicate(timeout=60)
    assert out.splitlines() == [f"{process.pid} new", "two new"]


def test_a_worker_ends_so_that_it_is_started_anew(machine: Machine, deployer: Deployer) -> None:
    """A supervisor that never imports the app, as that of `uvicorn --workers` is."""
    machine.image = {**V1, "worker.py": LINE + b"import shop.main\ndef work(): pass\n"}
    machine.reset()
    deployer.release({**machine.image, **V2, "worker.py": LINE + b"import shop.main\ndef work(): pass\n"})
    write_tree(
        machine.root,
        {
            "supervisor.txt": b"import multiprocessing as m\n"
            b"def target():\n    import worker\n"
            b"if __name__ == '__main__':\n"
            b"    for turn in range(3):\n"
            b"        p = m.get_context('fork').Process(target=target); p.start(); p.join()\n"
            b"        print('ended', p.exitcode, flush=True)\n"
            b"        if p.exitcode == 0: break\n"
        },
    )
    done = run(machine, sys.executable, "supervisor.txt")
    assert done.stdout.splitlines() == ["ended 75", "two new", "ended 0"], done.stderr


SUPERVISOR = b"""
import builtins, multiprocessing as m

def target(gate):
    builtins.gate = gate.wait if gate else (lambda: None)
    import worker

if __name__ == "__main__":
    fork = m.get_context("fork")
    gate = fork.Barrier(5)
    workers = [fork.Process(target=target, args=(gate,)) for _ in range(5)]
    for one in workers: one.start()
    while workers:
        for one in workers: one.join()
        print(sorted(one.exitcode for one in workers), flush=True)
        workers = [fork.Process(target=target, args=(None,)) for one in workers if one.exitcode == 75]
        for one in workers: one.start()
"""


def ended(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The exit codes of each round; the workers' own lines may run into each other."""
    return re.findall(r"\[[0-9, ]+\]", done.stdout)


def test_workers_that_boot_at_once_come_up_with_one_release(machine: Machine, deployer: Deployer) -> None:
    """All have read the image's own module when the first of them lays the release."""
    worker = b"import builtins; builtins.gate()\n" + LINE + b"import shop.main\n"
    worker += b"from flyhot_asgi.release import boots; boots.came_up()\n"  # as the app's lifespan does
    machine.image = {**V1, "worker.py": worker}
    machine.reset()
    deployer.release({**V2, "worker.py": worker + b"#\n"})
    write_tree(machine.root, {"supervisor.txt": SUPERVISOR})
    done = run(machine, sys.executable, "supervisor.txt")
    assert ended(done) == ["[75, 75, 75, 75, 75]", "[0, 0, 0, 0, 0]"], done.stderr
    assert (done.stdout.count("two"), done.stdout.count("one")) == (5, 0)
    assert deployer.repository.boots("m1")["tries"] != {} and "did not come up" not in done.stderr
    again = run(machine, sys.executable, "supervisor.txt")
    assert ended(again) == ["[0, 0, 0, 0, 0]"] and again.stdout.count("two") == 5, again.stderr


def test_a_release_that_kills_every_worker_gives_way_to_the_image(machine: Machine, deployer: Deployer) -> None:
    worker = b"import builtins; builtins.gate()\n" + LINE + b"import shop.main\n"
    machine.image = {**V1, "worker.py": worker}
    machine.reset()
    deployer.release({**V2, "worker.py": worker, "shop/main.py": b"import os; os._exit(75)\n"})
    write_tree(machine.root, {"supervisor.txt": SUPERVISOR})
    done = run(machine, sys.executable, "supervisor.txt")
    assert ended(done)[-1] == "[0, 0, 0, 0, 0]" and done.stdout.count("one") == 5, done.stderr


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_instant_it_serves_when_started_again(machine: Machine, deployer: Deployer, seed: int) -> None:
    """kill -9 while a release is being laid, back and forth, then a start that is left alone."""
    many = {f"shop/part{number}.py": b"x = 1\n" for number in range(60)}
    machine.image = {**V1, **many}
    machine.reset()
    other = {**V2, **{path: b"x = 2\n" for path in many}}
    sleeping = [*RUN, sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
    for turn in range(4):
        if turn % 2 == 0:
            deployer.release(other)
        else:
            deployer.point(None)
        process = subprocess.Popen(
            sleeping, cwd=machine.root, env=environment(machine), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        time.sleep(0.25 + 0.05 * ((seed * 7 + turn * 3) % 11))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        deployer.repository.note_boots("m1", {})
    done = run(machine, *RUN, sys.executable, "-c", "import shop.main")
    assert (done.returncode, done.stdout) == (0, "one old\n"), done.stderr
    assert tree_of(machine.root) == dict(sorted({**V1, **many}.items()))


READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"'


def test_on_a_read_only_root_the_image_is_booted_and_that_is_said(machine: Machine, deployer: Deployer) -> None:
    """The release follows hot: see tests/asgi/control/test_paths.py for where it is kept then."""
    inside = ["unshare", "--mount", "--map-root-user", "sh", "-c", READ_ONLY, str(machine.root)]
    try:
        able = subprocess.run([*inside, "true"], capture_output=True, timeout=60, check=False).returncode == 0
    except OSError:
        able = False
    if not able:
        pytest.skip("this system gives no mount namespaces")
    deployer.release(V2)
    done = run(machine, *inside, *RUN, sys.executable, "-c", "import shop.main")
    assert (done.returncode, done.stdout) == (0, "one old\n"), done.stderr
    assert "Read-only file system" in done.stderr and "booted as it is" in done.stderr
    assert "Traceback" not in done.stderr and tree_of(machine.root) == V1
