"""The Fly token, as `doctor` looks at it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from flyhot_deploy.doctor import fly
from flyhot_deploy.doctor.finding import Finding
from flyhot_deploy.fly.environment import FlyEnvironment, read_token
from flyhot_deploy.fly.machines import MachinesApi

MACHINE = {"id": "148ed", "state": "started", "config": {"image": "i:1", "services": [{}]}}
OURS = "flyhot_deploy"


async def findings(monkeypatch: pytest.MonkeyPatch, answer: Any, *, here: str | None = "148ed") -> dict[str, Finding]:
    def api(environment: FlyEnvironment) -> MachinesApi:
        assert environment.token is not None
        return MachinesApi("shop", environment.token, "https://fly", transport=httpx.MockTransport(answer), tries=1)

    monkeypatch.setattr(fly.MachinesApi, "of", staticmethod(api))
    environment = FlyEnvironment("shop", here, "ams", None, "https://fly", read_token("FlyV1 fm2_x"))
    return {one.what: one async for one in fly.token(environment)}


def fly_api(*, ours: tuple[int, Any], other: tuple[int, Any], machines: Any = (MACHINE,)) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=list(machines))
        command = json.loads(request.content)["command"]
        status, body = ours if OURS in command else other
        return httpx.Response(status, json=body)

    return answer


YES = (200, {"stdout": '{"ok": true}\n'})
NO = (403, {"error": "permission_denied"})


async def test_the_least_that_is_needed_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await findings(monkeypatch, fly_api(ours=YES, other=NO))
    assert {name: one.grade for name, one in found.items()} == {"fly": "ok", "exec": "ok", "token": "ok"}


async def test_a_token_that_may_do_more_is_told_where_it_serves_only(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await findings(monkeypatch, fly_api(ours=YES, other=(200, {})))
    assert found["token"].grade == "warning" and "machine-exec" in str(found["token"].do)
    assert "token" not in await findings(monkeypatch, fly_api(ours=YES, other=(200, {})), here=None)


@pytest.mark.parametrize(
    ("ours", "grade"),
    [
        (NO, "warning"),
        ((408, {"error": "deadline_exceeded"}), "warning"),
        ((200, {"exit_code": 127, "stderr": "python: not found"}), "failure"),
        ((200, {"stdout": '{"ok": false, "state": "absent", "error": "no app", "do": "add it"}'}), "failure"),
        ((200, {"stdout": "<html>"}), "failure"),
    ],
)
async def test_a_machine_that_can_not_be_told(monkeypatch: pytest.MonkeyPatch, ours: Any, grade: str) -> None:
    found = await findings(monkeypatch, fly_api(ours=ours, other=NO))
    assert found["exec"].grade == grade and found["exec"].do


async def test_nobody_there_and_no_api(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await findings(monkeypatch, fly_api(ours=YES, other=NO, machines=()))
    assert found["exec"].grade == "note"
    found = await findings(monkeypatch, lambda request: httpx.Response(401, json={"error": "no"}))
    assert found["fly"].grade == "failure"
