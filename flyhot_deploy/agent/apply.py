"""`python -m flyhot_deploy apply`: what Fly's exec runs on a machine. Wakes its agent, and answers with one line of
JSON.

It returns within seconds whatever goes on: the work is the agent's, and this can be asked again. Standard library only
until an agent has to be started, so that it costs a machine a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from . import place

START_SECONDS = 6.0
ANSWER_SECONDS = 9.0
USAGE = "usage: python -m flyhot_deploy apply [--deploy ID] [--wait SECONDS] [--status]\n"


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Exit codes: 0 an agent answered; 1 no app of ours runs here, or its agent gives no answer; 2 usage."""
    try:
        request = read(arguments)
    except ValueError as exc:
        if str(exc) != "help":
            sys.stderr.write(f"error: {exc}\n")
        sys.stderr.write(USAGE)
        return 0 if str(exc) == "help" else 2
    answer = apply(request, environment)
    sys.stdout.write(json.dumps(answer, separators=(",", ":"), default=str) + "\n")
    return 0 if answer.get("ok") is True else 1


def read(arguments: Sequence[str]) -> dict[str, Any]:
    """The request in a command line. Raises ValueError: what is wrong with it."""
    request: dict[str, Any] = {"verb": "wake", "wait": 2.0}
    words = list(arguments)
    while words:
        word, equals, value = words.pop(0).partition("=")
        if word in ("-h", "--help"):
            raise ValueError("help")
        if word == "--status":
            request["verb"] = "status"
            continue
        if word not in ("--deploy", "--wait"):
            raise ValueError(f"unknown argument {word!r}")
        if not equals:
            if not words:
                raise ValueError(f"{word} wants a value")
            value = words.pop(0)
        request[word[2:]] = value if word == "--deploy" else _number(value)
    return request


def apply(request: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The agent's answer; one is started if there is none. Never raises."""
    try:
        agent = place.find_agent(environment) or _start(environment)
        if agent is None:
            return _no(
                "absent",
                "no process with HotUpgrade runs on this machine",
                "add app.add_middleware(HotUpgrade), and start the app with `python -m flyhot_deploy run -- …`",
            )
        return ask(agent, request)
    except (OSError, ValueError) as exc:
        return _no("silent", f"the agent gives no answer: {exc or type(exc).__name__}", "ask again")


def ask(agent: place.Agent, request: Mapping[str, Any]) -> dict[str, Any]:
    """One request to an agent. Raises OSError, ValueError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(ANSWER_SECONDS)
        line.connect(str(agent.folder / place.SOCKET))
        line.sendall(json.dumps(dict(request)).encode("utf-8") + b"\n")
        data = b""
        while not data.endswith(b"\n") and (more := line.recv(1 << 16)):
            data += more
    answer = json.loads(data)
    if not isinstance(answer, dict):
        raise ValueError("that is no answer")
    return answer


def _start(environment: Mapping[str, str]) -> place.Agent | None:
    """Start an agent for the app that runs here, with that app's environment, and wait until it listens."""
    app = place.find_app(environment)
    if app is None:
        return None
    from .hook import spawn

    theirs: dict[str, str] = dict(environment)
    with contextlib.suppress(OSError):
        theirs = place.environment_of(app.pid) | {"PATH": environment.get("PATH", "")}
    spawn(app.root, theirs, detached=True)
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        agent = place.find_agent(environment)
        if agent is not None and (agent.folder / place.SOCKET).exists():
            return agent
        time.sleep(0.05)
    raise OSError("an agent was started, and does not listen yet")


def _no(state: str, message: str, do: str) -> dict[str, Any]:
    return {"ok": False, "state": state, "error": message, "do": do}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number of seconds") from None
