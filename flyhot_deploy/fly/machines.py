"""The Machines API over HTTP (docs/machines/api): each call once, its errors mapped, its rate limits kept.

Reads, and what may be asked twice without harm, are tried again after a lost connection, 429 and 5xx, with jitter. A
408 is never an answer: whether the thing happened is unknown, and `TimedOut` says so.
"""

from __future__ import annotations

import asyncio
import random
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, NoReturn
from urllib.parse import quote

from .environment import FlyEnvironment, Token
from .errors import Busy, FlyError, Malformed, NotAllowed, NotFound, TimedOut, Unreachable
from .http import httpx
from .model import ExecResult, Machine, read_exec, read_machine
from .pace import Pace

TRIES = 5
FIRST_DELAY = 0.25
LONGEST_DELAY = 4.0
ANSWER_SECONDS = 20.0
WAIT_SECONDS = 60
"""What the API's wait takes at most."""

LEASE_HEADER = "fly-machine-lease-nonce"
AGAIN = frozenset({429, 500, 502, 503, 504})


@dataclass
class Statistics:
    """What one client asked of the API."""

    requests: int = 0
    retried: int = 0
    limited: int = 0
    by_action: dict[str, int] = field(default_factory=dict)


class MachinesApi:
    """One app's machines. An async context manager; owns its connections.

    Every method raises FlyError or one of its kinds, and is safe to cancel (the request may have been received).
    """

    def __init__(
        self,
        app: str,
        token: Token,
        base_url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        pace: Pace | None = None,
        tries: int = TRIES,
    ) -> None:
        self.app = app
        self.statistics = Statistics()
        self._tries = tries
        self._url = f"{base_url}/v1/apps/{quote(app, safe='')}/machines"
        self._pace = pace or Pace()
        self._client = httpx.AsyncClient(
            headers={"authorization": token.header, "user-agent": "flyhot"},
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=5.0),
            transport=transport,
            verify=not base_url.startswith("http://"),  # no time is spent on certificates that nobody shows
            trust_env=not base_url.startswith("http://"),
        )

    @classmethod
    def of(cls, environment: FlyEnvironment, app: str | None = None) -> MachinesApi:
        """The client that an environment allows. Raises NotAllowed (no token), FlyError (no app's name)."""
        name = app or environment.app
        if not name:
            raise FlyError("which app? there is none named", do="say it in fly.toml (app = …) or in FLY_APP")
        if environment.token is None:
            raise NotAllowed(
                "there is no Fly token, so the app's machines can't be listed nor told",
                do="fly secrets set FLY_API_TOKEN=$(fly tokens create machine-exec -p 'python -m flyhot_deploy apply')",
            )
        return cls(name, environment.token, environment.base_url)

    async def __aenter__(self) -> MachinesApi:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    # -- reading ------------------------------------------------------------------------------

    async def list(self, *, metadata: Mapping[str, str] | None = None) -> list[Machine]:
        """All machines that are not destroyed. May lag behind: read one anew where it matters (`get`)."""
        query = {f"metadata.{key}": value for key, value in (metadata or {}).items()}
        found = await self._ask("list", self.app, "GET", "", query=query, again=True)
        if found is None:  # what Go makes of an empty list
            return []
        if not isinstance(found, list):
            raise FlyError(
                f"the Machines API gave no list of machines, but {str(found)[:80]!r}",
                do="see whether FLY_FLAPS_BASE_URL names the API; nothing was changed",
            )
        return [read_machine(item) for item in found]

    async def get(self, machine: str) -> Machine:
        return read_machine(await self._ask("get", machine, "GET", f"/{machine}", again=True))

    async def wait(self, machine: str, state: str, *, within: float, instance: str | None = None) -> bool:
        """Wait until a machine is in a state; False if it is not `within` seconds. The API waits 60 s at most."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while (left := end - loop.time()) > 0:
            seconds = max(1, min(WAIT_SECONDS, int(left + 0.5)))
            query = {"state": state, "timeout": str(seconds)} | ({"instance_id": instance} if instance else {})
            try:
                await self._ask("wait", machine, "GET", f"/{machine}/wait", query=query, seconds=seconds + 5.0)
            except TimedOut:
                continue
            except NotFound:
                await asyncio.sleep(min(0.5, left))  # one that was created a moment ago may not be known there yet
                continue
            return True
        return False

    # -- doing ----------------------------------------------------------------------------------

    async def exec(self, machine: str, command: Sequence[str], *, seconds: int, stdin: str = "") -> ExecResult:
        """Run a command on a started machine, without a shell. Its failure is a result, not an error.

        `seconds` is the command's own limit; it should need far less. Raises TimedOut (408): it may still run. It is
        asked again after a lost answer, so the command must be idempotent.
        """
        body: dict[str, Any] = {"command": list(command), "timeout": seconds}
        if stdin:
            body["stdin"] = stdin
        ask = partial(self._ask, "exec", machine, "POST", f"/{machine}/exec", again=True, seconds=seconds + 5.0)
        try:
            return read_exec(await ask(body))
        except Malformed:  # the spec says `command`, Fly's own clients still send the older `cmd`
            del body["command"]
            return read_exec(await ask(body | {"cmd": shlex.join(command)}))

    async def create(self, config: Mapping[str, Any], *, region: str | None = None, name: str | None = None) -> Machine:
        """Create and launch a machine. Asked once: a lost answer may have made one (find it by its metadata)."""
        body = {"config": dict(config), "region": region, "name": name}
        body = {key: value for key, value in body.items() if value is not None}
        return read_machine(await self._ask("create", self.app, "POST", "", body, seconds=60.0))

    async def start(self, machine: str) -> None:
        await self._ask("start", machine, "POST", f"/{machine}/start", again=True)

    async def stop(self, machine: str, *, signal: str = "SIGINT", seconds: int = 10) -> None:
        """Ask it to stop; returns at once."""
        body = {"signal": signal, "timeout": f"{seconds}s"}
        await self._ask("stop", machine, "POST", f"/{machine}/stop", body, again=True)

    async def destroy(self, machine: str) -> None:
        """Destroy it, running or not. One that is gone already is no error."""
        try:
            await self._ask("destroy", machine, "DELETE", f"/{machine}", query={"force": "true"}, again=True)
        except NotFound:
            return

    async def lease(self, machine: str, *, ttl: int, description: str, nonce: str | None = None) -> str:
        """Take the machine's lease, or refresh it with its nonce; returns the nonce. Raises Busy: somebody has it."""
        body = {"ttl": ttl, "description": description}
        answer = await self._ask("lease", machine, "POST", f"/{machine}/lease", body, nonce=nonce)
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or not isinstance(data.get("nonce"), str):
            raise FlyError(f"the lease of machine {machine} was given without a nonce")
        return str(data["nonce"])

    async def release(self, machine: str, nonce: str) -> None:
        """Give a lease back. One that has run out is no error."""
        try:
            await self._ask("release", machine, "DELETE", f"/{machine}/lease", nonce=nonce)
        except (NotFound, Busy):
            return

    async def metadata(self, machine: str) -> dict[str, str]:
        found = await self._ask("metadata", machine, "GET", f"/{machine}/metadata", again=True)
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}

    async def set_metadata(self, machine: str, key: str, value: str) -> None:
        """Neither a new version nor a restart (docs/machines/runtime-environment)."""
        path = f"/{machine}/metadata/{quote(key, safe='')}"
        await self._ask("set_metadata", machine, "POST", path, {"value": value}, again=True)

    # -- one request ------------------------------------------------------------------------------

    async def _ask(
        self,
        action: str,
        target: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        again: bool = False,
        nonce: str | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> Any:
        headers = {LEASE_HEADER: nonce} if nonce else {}
        delay, problem = FIRST_DELAY, "no answer"
        for attempt in range(self._tries if again else 1):
            if attempt:
                self.statistics.retried += 1
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
                delay = min(LONGEST_DELAY, delay * 2)
            await self._keep_pace(action, target)
            request = self._client.build_request(
                method, self._url + path, json=body, params=dict(query or {}), headers=headers, timeout=seconds
            )
            try:
                response = await self._client.send(request)
            except httpx.ConnectError as exc:
                problem = f"no connection ({exc})"  # it was not received, but a lost network is rarely back at once
                continue
            except httpx.TimeoutException as exc:
                if not again:
                    raise TimedOut(f"{_what(action, target)}: no answer within {seconds:g} s") from exc
                problem = f"no answer within {seconds:g} s"
                continue
            except httpx.HTTPError as exc:
                problem = f"the connection broke ({type(exc).__name__}: {exc})"
                continue
            if response.status_code in AGAIN:
                self.statistics.limited += response.status_code == 429
                problem = _reason(response)
                delay = max(delay, _retry_after(response))
                continue
            if response.is_success:
                return _document(response)
            _refuse(action, target, response)
        raise Unreachable(f"{_what(action, target)}: {problem}", do="see https://status.flyio.net, then run this again")

    async def _keep_pace(self, action: str, target: str) -> None:
        self.statistics.requests += 1
        self.statistics.by_action[action] = self.statistics.by_action.get(action, 0) + 1
        wait = self._pace.wait(action, target, asyncio.get_running_loop().time())
        if wait > 0:
            await asyncio.sleep(wait)


def _what(action: str, target: str) -> str:
    return f"Fly's API, {action.replace('_', ' ')} {target}"


def _document(response: httpx.Response) -> Any:
    if not response.content:
        return {}
    try:
        return response.json()
    except (ValueError, RecursionError):
        return response.text


def _retry_after(response: httpx.Response) -> float:
    """Seconds that the answer asks us to wait, within reason; 0 if it doesn't say."""
    said = response.headers.get("retry-after", "")
    return min(30.0, 2.0 * float(said)) if said.isascii() and said.isdigit() else 0.0


def _reason(response: httpx.Response) -> str:
    """What an answer says for itself: `message` before `error`, else its text; and the id to quote to Fly."""
    document = _document(response)
    said = ""
    if isinstance(document, dict):
        said = next((str(document[name]) for name in ("message", "error") if document.get(name)), "")
    elif isinstance(document, str):
        said = document.strip()[:300]
    request = response.headers.get("fly-request-id")
    return f"{response.status_code} {said or response.reason_phrase}" + (f" (request {request})" if request else "")


KINDS: dict[int, tuple[type[FlyError], str]] = {
    400: (Malformed, "see what it says; nothing was changed by this request"),
    401: (NotAllowed, "give a token of this app: fly tokens create deploy, or machine-exec; in FLY_API_TOKEN"),
    403: (NotAllowed, "the token may not do this: see the docs on security for what it needs"),
    404: (NotFound, "see `fly machines list`"),
    408: (TimedOut, "whether it happened is not known: look at `status`"),
    409: (Busy, "somebody else works on this machine: wait for them, then run this again"),
    422: (Malformed, "see what it says; nothing was changed by this request"),
    412: (Busy, "the machine is not in a state for this: see `fly machines list`"),
}


def _refuse(action: str, target: str, response: httpx.Response) -> NoReturn:
    kind, do = KINDS.get(response.status_code, (FlyError, "see what it says; nothing was changed by this request"))
    raise kind(f"{_what(action, target)}: {_reason(response)}", do=do)
