"""The Machines API client: what it sends, what it makes of each answer, and that it keeps the rate limits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flyhot_deploy.fly import machines as machines_module
from flyhot_deploy.fly.environment import FlyEnvironment, Token, read_token
from flyhot_deploy.fly.errors import Busy, FlyError, NotAllowed, NotFound, TimedOut, Unreachable
from flyhot_deploy.fly.machines import MachinesApi
from flyhot_deploy.fly.model import read_machine
from flyhot_deploy.fly.pace import Bucket, Pace

MACHINE = {
    "id": "3d8d9014b32d68",
    "state": "started",
    "region": "ams",
    "instance_id": "01H",
    "config": {
        "image": "registry.fly.io/app:deployment-1@sha256:abc",
        "metadata": {"fly_platform_version": "v2", "fly_process_group": "web"},
        "services": [{"internal_port": 8080}],
    },
    "checks": [{"name": "servicecheck-00", "status": "passing"}, {"name": "bg_deployments_compat_x", "status": "x"}],
}


class Clock(Pace):
    """No waiting in these tests."""

    def wait(self, action: str, target: str, now: float) -> float:
        return 0.0


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines_module, "FIRST_DELAY", 0.0)


def api(answer: Callable[[httpx.Request], httpx.Response], token: str = "FlyV1 fm2_secret") -> MachinesApi:
    read = read_token(token)
    assert read is not None
    return MachinesApi(
        "app", read, "https://api.machines.dev", transport=httpx.MockTransport(answer), pace=Clock(), tries=3
    )


def says(status: int, body: Any = None, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(status, json=body, headers=headers)


async def test_list_reads_what_matters_and_sends_the_token() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=[MACHINE, {"id": "b", "state": "stopped"}])

    async with api(answer) as fly:
        first, second = await fly.list(metadata={"flyhot_role": "x"})
    assert str(seen[0].url) == "https://api.machines.dev/v1/apps/app/machines?metadata.flyhot_role=x"
    assert seen[0].headers["authorization"] == "FlyV1 fm2_secret"
    assert (first.image, first.digest, first.group) == ("registry.fly.io/app:deployment-1", "sha256:abc", "web")
    assert first.serves_app and first.is_running and dict(first.checks) == {"servicecheck-00": "passing"}
    assert not second.serves_app and not second.is_running


async def test_exec_is_a_list_without_a_shell_and_its_failure_is_a_result() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == {"command": ["python", "-V"], "timeout": 10}
        assert request.url.path.endswith("/machines/m/exec") and request.method == "POST"
        return httpx.Response(200, json={"exit_code": 3, "stderr": "no"})

    async with api(answer) as fly:
        result = await fly.exec("m", ["python", "-V"], seconds=10)
    assert (result.exit_code, result.stdout, result.stderr) == (3, "", "no")


async def test_an_exec_that_takes_too_long_is_unknown_not_failed() -> None:
    async with api(says(408, {"error": "deadline_exceeded: Client.Timeout"}, **{"fly-request-id": "r1"})) as fly:
        with pytest.raises(TimedOut, match=r"408 deadline_exceeded.*request r1"):
            await fly.exec("m", ["true"], seconds=5)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, NotAllowed), (403, NotAllowed), (404, NotFound), (409, Busy), (412, Busy), (400, FlyError), (422, FlyError)],
)
async def test_each_refusal_is_one_error_and_is_not_repeated(status: int, kind: type[FlyError]) -> None:
    asked: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        return httpx.Response(status, json={"error": "e", "message": "the message"})

    async with api(answer) as fly:
        with pytest.raises(kind, match="the message") as caught:
            await fly.get("m")
    assert len(asked) == 1 and "secret" not in str(caught.value) and caught.value.do


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_read_is_tried_again_and_ends(status: int) -> None:
    answers = [httpx.Response(status, text="later"), httpx.Response(200, json=MACHINE)]
    async with api(lambda request: answers.pop(0)) as fly:
        assert (await fly.get("m")).id == MACHINE["id"]
        assert fly.statistics.retried == 1 and fly.statistics.limited == (status == 429)
    async with api(says(status, {})) as fly:
        with pytest.raises(Unreachable):
            await fly.get("m")


async def test_a_machine_is_created_once_whatever_the_answer() -> None:
    asked: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        raise httpx.ReadTimeout("slow")

    async with api(answer) as fly:
        with pytest.raises(TimedOut):
            await fly.create({"image": "i"})
    assert len(asked) == 1


async def test_a_lost_connection_is_tried_again() -> None:
    async with api(lambda request: (_ for _ in ()).throw(httpx.ConnectError("refused"))) as fly:
        with pytest.raises(Unreachable, match="no connection"):
            await fly.list()


async def test_lease_and_metadata() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        if request.url.path.endswith("/lease") and request.method == "POST":
            return httpx.Response(201, json={"status": "success", "data": {"nonce": "n1"}})
        if request.url.path.endswith("/metadata") and request.method == "GET":
            return httpx.Response(200, json={"a": "b"})
        return httpx.Response(204)

    async with api(answer) as fly:
        nonce = await fly.lease("m", ttl=13, description="flyhot")
        await fly.release("m", nonce)
        assert await fly.metadata("m") == {"a": "b"}
        await fly.set_metadata("m", "k", "v")
        await fly.destroy("m")
    assert nonce == "n1" and sent[1].headers["fly-machine-lease-nonce"] == "n1"
    assert sent[-1].method == "DELETE" and sent[-1].url.params["force"] == "true"


async def test_wait_never_asks_for_more_than_the_api_takes() -> None:
    asked: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(int(request.url.params["timeout"]))
        return httpx.Response(408, json={"error": "deadline_exceeded"}) if len(asked) < 3 else httpx.Response(200)

    async with api(answer) as fly:
        assert await fly.wait("m", "started", within=500)
    assert asked == [60, 60, 60]


def test_the_pace_is_fly_s() -> None:
    pace = Pace()
    assert [pace.wait("exec", "m", 0.0) for _ in range(5)] == [0.0, 0.0, 0.0, 1.0, 2.0]
    assert pace.wait("exec", "other", 0.0) == 0.0, "machines don't limit one another"
    assert [pace.wait("get", "m", 0.0) for _ in range(11)][-1] == pytest.approx(0.2)
    bucket = Bucket(1.0, 3.0)
    for _ in range(3):
        bucket.take(0.0)
    assert bucket.take(10.0) == 0.0, "it fills again"


def test_the_token_s_scheme_and_secrecy() -> None:
    assert read_token("Bearer FlyV1 fm2_a,fm2_b") == Token("fm2_a,fm2_b")
    assert Token("fm2_a").header == "FlyV1 fm2_a" and Token("oauth").header == "Bearer oauth"
    assert read_token("  ") is None and "fm2" not in repr(Token("fm2_a"))


def test_the_environment(tmp_path: Any) -> None:
    on_machine = FlyEnvironment.of(
        {"FLY_APP_NAME": "app", "FLY_MACHINE_ID": "m", "FLY_IMAGE_REF": "r/app:1@sha256:x", "FLY_API_TOKEN": "t"}
    )
    assert on_machine.base_url == "http://_api.internal:4280" and on_machine.image == "r/app:1"
    named = FlyEnvironment.of({"FLY_FLAPS_BASE_URL": "http://127.0.0.1:4280/v1/", "FLY_MACHINE_ID": "m"})
    assert named.base_url == "http://127.0.0.1:4280" and named.token is None
    (tmp_path / "config.yml").write_text("access_token: FlyV1 fm2_file\nwire: x\n")
    filed = FlyEnvironment.of({"FLY_CONFIG_DIR": str(tmp_path)})
    assert filed.token == Token("fm2_file") and filed.base_url == "https://api.machines.dev"
    with pytest.raises(NotAllowed, match="no Fly token"):
        MachinesApi.of(named, "app")
    with pytest.raises(FlyError, match="which app"):
        MachinesApi.of(filed)


@pytest.mark.parametrize(
    "body", ["<html>proxy</html>", "", "null", "[]", "{}", '[{"state": "started"}]', "[7]", "[" * 100_000, "NaN"]
)
async def test_answers_that_are_none_are_one_error_or_no_machines(body: str) -> None:
    async with api(lambda request: httpx.Response(200, text=body)) as fly:
        for ask in (fly.list, lambda: fly.get("m1"), lambda: fly.exec("m1", ["true"], seconds=5)):
            try:
                found = await ask()
            except FlyError as exc:
                assert str(exc)
            else:
                assert found == [] or getattr(found, "exit_code", None) == 0


@pytest.mark.parametrize("status", [400, 422])
async def test_an_api_that_knows_only_the_older_exec_is_asked_so(status: int) -> None:
    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        if "cmd" not in seen[-1]:
            return httpx.Response(status, json={"error": "invalid_argument: cmd is required"})
        return httpx.Response(200, json={"stdout": "hi"})

    async with api(answer) as fly:
        assert (await fly.exec("m1", ["python", "-c", "a b"], seconds=5)).stdout == "hi"
    assert seen[-1] == {"cmd": "python -c 'a b'", "timeout": 5}


async def test_an_answer_that_says_when_to_come_again_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(machines_module.asyncio, "sleep", sleep)
    answers = [httpx.Response(429, headers={"retry-after": "3"}), httpx.Response(200, json=[])]
    async with api(lambda request: answers.pop(0)) as fly:
        assert await fly.list() == []
    assert 3.0 <= slept[-1] <= 6.0


def test_an_image_without_a_tag_is_told_by_its_digest() -> None:
    from flyhot_deploy.fly.environment import by_digest, image_name
    from flyhot_deploy.release.machine import base_name

    for name in (image_name, base_name):
        assert name("registry.fly.io/app:v1@sha256:abc") == "registry.fly.io/app:v1"
        assert name("registry.fly.io/app@sha256:abc") == by_digest("registry.fly.io/app:v1", "sha256:abc")
        assert name("registry:5000/app@sha256:abc") == "registry:5000/app:sha256-abc"


@pytest.mark.parametrize(
    ("metadata", "old"),
    [
        ({"flyhot_role": "orchestrator", "flyhot_made": "1000000"}, True),
        ({"flyhot_role": "orchestrator", "flyhot_made": "1019000"}, False),
        ({"flyhot_role": "orchestrator", "flyhot_made": "long ago"}, False),
        ({"flyhot_role": "orchestrator"}, False),
        ({"flyhot_made": "1000000"}, False),
    ],
)
def test_which_temporary_machines_are_abandoned(metadata: dict[str, str], old: bool) -> None:
    machine = read_machine({"id": "m", "created_at": "2001-01-01T00:00:00Z", "config": {"metadata": metadata}})
    assert machine.is_abandoned(now=1_020_000.0) is old
