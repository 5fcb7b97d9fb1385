"""The Machines API of the simulated Fly, and the door through which its fake `fly` comes in. An ASGI app."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .cloud import Cloud
from .image import split
from .machine import SimMachine

Endpoint = Callable[[Request], Awaitable[Response]]
MACHINES = "/v1/apps/{app}/machines"


def api(cloud: Cloud) -> Starlette:
    """The app to serve. All below /v1 is Fly's; /sim is the fake CLI's."""
    one = MACHINES + "/{id}"
    machines = Machines(cloud)
    door = Door(cloud)
    return Starlette(
        routes=[
            Route(MACHINES, machines.guarded("list", machines.list), methods=["GET"]),
            Route(one, machines.guarded("get", machines.get), methods=["GET"]),
            Route(one, machines.guarded("destroy", machines.destroy), methods=["DELETE"]),
            Route(one + "/exec", machines.guarded("exec", machines.exec), methods=["POST"]),
            Route(one + "/start", machines.guarded("start", machines.start), methods=["POST"]),
            Route(one + "/stop", machines.guarded("stop", machines.stop), methods=["POST"]),
            Route(one + "/restart", machines.guarded("restart", machines.restart), methods=["POST"]),
            Route(one + "/wait", machines.guarded("wait", machines.wait), methods=["GET"]),
            Route(one + "/metadata", machines.guarded("metadata", machines.metadata), methods=["GET"]),
            Route(one + "/metadata/{key}", machines.guarded("set_metadata", machines.set_metadata), methods=["POST"]),
            Route("/sim/build", door.build, methods=["POST"]),
            Route("/sim/deploy", door.deploy, methods=["POST"]),
            Route("/sim/run", door.run, methods=["POST"]),
        ]
    )


class Machines:
    """The endpoints below `/v1/apps/{app}/machines`."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def guarded(self, action: str, endpoint: Endpoint) -> Endpoint:
        """With what every request meets: the token, the app, faults, the rate limit, a request id."""

        async def answer(request: Request) -> Response:
            response = await self._answer(action, endpoint, request)
            response.headers["fly-request-id"] = f"01SIM{secrets.token_hex(8)}"
            return response

        return answer

    async def _answer(self, action: str, endpoint: Endpoint, request: Request) -> Response:
        switches = self.cloud.switches
        if switches.delay:
            await asyncio.sleep(switches.delay)
        words = request.headers.get("authorization", "").split()
        if len(words) < 2 or words[-1] != self.cloud.token:
            return error(401, "unauthenticated: token missing or invalid")
        if request.path_params["app"] != self.cloud.app:
            return error(404, "not_found: app not found")
        if switches.api_fails > 0:
            switches.api_fails -= 1
            return error(503, "unavailable: try again")
        target = request.path_params.get("id") or self.cloud.app
        if not self.cloud.allow(action, target, asyncio.get_running_loop().time()):
            return error(429, "resource_exhausted: rate limit exceeded")
        if "id" in request.path_params:
            machine = self.cloud.machines.get(target)
            if machine is None or machine.state == "destroyed":
                return error(404, f"not_found: machine {target} not found")
        return await endpoint(request)

    def _machine(self, request: Request) -> SimMachine:
        return self.cloud.machines[request.path_params["id"]]

    async def list(self, request: Request) -> Response:
        wanted = {k.partition(".")[2]: v for k, v in request.query_params.items() if k.startswith("metadata.")}
        found = self.cloud.listing()
        if wanted:
            found = [m for m in found if wanted.items() <= m["config"].get("metadata", {}).items()]
        return JSONResponse(found)

    async def get(self, request: Request) -> Response:
        return JSONResponse(self._machine(request).document())

    async def destroy(self, request: Request) -> Response:
        machine = self._machine(request)
        forced = request.query_params.get("force") == "true" or request.query_params.get("kill") == "true"
        if not forced and machine.state not in ("stopped", "suspended"):
            return error(412, f"failed_precondition: unable to destroy machine, not currently stopped: {machine.state}")
        await machine.destroy()
        return JSONResponse({"ok": True})

    async def exec(self, request: Request) -> Response:
        machine, switches = self._machine(request), self.cloud.switches
        try:
            body = json.loads(await request.body())
            words = body.get("command") or split(body["cmd"])
        except (ValueError, KeyError, AttributeError):
            return error(400, "invalid_argument: no command")
        if switches.exec_denied:
            return error(403, "permission_denied: token may not exec")
        if machine.state != "started":
            return error(412, f"failed_precondition: machine is {machine.state}")
        late = error(408, 'deadline_exceeded: Post "http://unix/v1/exec": context deadline exceeded (Client.Timeout)')
        if machine.id in switches.exec_hangs:
            return late
        limit = min(switches.exec_limit, float(body.get("timeout") or switches.exec_limit))
        try:
            code, out, err = await machine.run(words, seconds=limit)
        except TimeoutError:
            return late
        except OSError as exc:
            return JSONResponse({"exit_code": 127, "stderr": str(exc)})
        said = {"exit_code": code, "stdout": out.decode("utf-8", "replace"), "stderr": err.decode("utf-8", "replace")}
        return JSONResponse({key: value for key, value in said.items() if value})

    async def start(self, request: Request) -> Response:
        machine = self._machine(request)
        before = machine.state
        await machine.start()
        return JSONResponse({"previous_state": before, "migrated": False, "new_host": ""})

    async def stop(self, request: Request) -> Response:
        task = asyncio.ensure_future(self._machine(request).stop())
        self._keep(task)
        return JSONResponse({"ok": True})

    async def restart(self, request: Request) -> Response:
        task = asyncio.ensure_future(self._machine(request).restart())
        self._keep(task)
        return JSONResponse({"ok": True})

    async def wait(self, request: Request) -> Response:
        machine, wanted = self._machine(request), request.query_params.getlist("state") or ["started"]
        seconds = int(request.query_params.get("timeout", "60"))
        if not 1 <= seconds <= 60:
            return error(400, "invalid_argument: invalid timeout: must be between 1s and 60s")
        for _ in range(seconds * 20):
            if machine.state in wanted:
                return JSONResponse({"ok": True})
            await asyncio.sleep(0.05)
        return error(408, "deadline_exceeded: machine did not reach the state")

    async def metadata(self, request: Request) -> Response:
        return JSONResponse(self._machine(request).metadata)

    async def set_metadata(self, request: Request) -> Response:
        self._machine(request).metadata[request.path_params["key"]] = str((await request.json())["value"])
        return Response(status_code=204)

    _tasks: set[asyncio.Future[None]] = set()

    def _keep(self, task: asyncio.Future[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Door:
    """What the fake `fly` asks for: each answer is lines of JSON, as things happen."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    async def build(self, request: Request) -> Response:
        body = await request.json()
        try:
            image = await asyncio.to_thread(self.cloud.build, Path(body["context"]), label=body.get("label"))
        except (OSError, ValueError) as exc:
            return error(422, str(exc))
        return JSONResponse({"image": image.name, "digest": image.digest})

    async def deploy(self, request: Request) -> Response:
        body = await request.json()
        image = self.cloud.images[body["image"]]
        await self.cloud.release(image, Path(body["context"]), max(1, len(self.cloud.app_machines)))
        return JSONResponse({"ok": True})

    async def run(self, request: Request) -> Response:
        body = await request.json()
        image = self.cloud.image(body["image"])
        if image is None or self.cloud.switches.missing_images > 0:
            self.cloud.switches.missing_images -= 1
            return error(404, f"failed to get manifest {body['image']}: MANIFEST_UNKNOWN: manifest unknown")
        machine = await self.cloud.run_machine(image, env=body["env"], metadata=body["metadata"])
        return StreamingResponse(self._session(machine, body["command"]), media_type="application/jsonl")

    async def _session(self, machine: SimMachine, command: str) -> AsyncIterator[str]:
        """A session over ssh: the command's output merged, lines ending in CRLF as a terminal's do."""
        yield json.dumps({"machine": machine.id, "digest": machine.image.digest}) + "\n"
        process = await asyncio.create_subprocess_exec(
            *split(command),
            cwd="/",
            env=machine.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=1 << 25,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                yield json.dumps({"line": line.decode("utf-8", "replace").rstrip("\n") + "\r"}) + "\n"
            yield json.dumps({"status": await process.wait()}) + "\n"
        finally:
            await machine.destroy()


def error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status)
