"""What Fly's exec runs: it finds this machine's agent, and answers with one line whatever happens."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flyhot_deploy.agent import place
from flyhot_deploy.agent.apply import apply, main, read
from flyhot_deploy.agent.listening import port_for, ports_of
from flyhot_deploy.agent.server import AgentServer


def note(folder: Path, **more: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = {"pid": os.getpid(), "machine": "m1", "identity": "i", "root": "/app"} | more
    (folder / place.NOTE).write_text(json.dumps(document))


def test_no_app_at_all_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"FLYHOT_RUNTIME_DIR": str(tmp_path), "FLY_MACHINE_ID": "m1"}
    assert main([], environment) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["state"] == "absent" and "HotUpgrade" in answer["do"]


@pytest.mark.parametrize("arguments", [["--what"], ["--wait"], ["--wait", "soon"], ["extra"]])
def test_bad_arguments_are_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments, {}) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert main(["--help"], {}) == 0


def test_arguments() -> None:
    assert read([]) == {"verb": "wake", "wait": 2.0}
    assert read(["--deploy", "d", "--wait=0", "--status"]) == {"verb": "status", "wait": 0.0, "deploy": "d"}


def test_a_dead_agent_and_one_of_another_machine_are_not_found(tmp_path: Path) -> None:
    environment = {"FLYHOT_RUNTIME_DIR": str(tmp_path), "FLY_MACHINE_ID": "m1"}
    note(tmp_path / "app")
    assert place.find_agent(environment) is None, "nobody holds its lock"
    import fcntl

    with open(tmp_path / "app" / place.LOCK, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = place.find_agent(environment)
        assert found is not None and found.root == Path("/app")
        assert place.find_agent(environment | {"FLY_MACHINE_ID": "m2"}) is None
        answer = apply({"verb": "status"}, environment)
        assert answer["state"] == "silent", "it holds the lock, and does not listen"


async def test_the_socket_answers_its_own_user_and_survives_nonsense(tmp_path: Path) -> None:
    woken: list[int] = []
    server = AgentServer(tmp_path, wake=lambda: woken.append(1), document=lambda: {"deploy": "d"}, quit=lambda: None)
    await server.start()
    try:
        assert (tmp_path / place.SOCKET).stat().st_mode & 0o777 == 0o600

        async def say(line: bytes) -> bytes:
            reader, writer = await asyncio.open_unix_connection(str(server.path))
            writer.write(line)
            writer.write_eof()
            answer = await reader.read()
            writer.close()
            return answer

        assert await say(b"\xff\n") == b"" and await say(b"") == b""
        assert json.loads(await say(b"[]\n"))["ok"] is False
        assert json.loads(await say(b'{"verb": "wake", "deploy": "d", "wait": 1e99}\n'))["ok"] is True
        assert woken == [1]
    finally:
        await server.close()


def test_it_starts_without_what_the_rest_needs() -> None:
    heavy = "('click', 'boto3', 'httpx')"
    code = f"import sys\nfrom flyhot_deploy.agent import apply\nprint([m for m in sys.modules if m in {heavy}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_ports_of_a_process() -> None:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert port in ports_of([os.getpid()])
        assert port_for(port, [os.getpid()]) == port
    assert port_for(8080, [1 << 22]) == 8080


def test_another_life_of_a_machine_has_another_identity() -> None:
    before = {"FLY_MACHINE_ID": "m", "FLY_IMAGE_REF": "i:1", "FLY_MACHINE_VERSION": "1"}
    assert place.identity(before) == place.identity(dict(before))
    assert place.identity(before) != place.identity(before | {"FLY_IMAGE_REF": "i:2"})
