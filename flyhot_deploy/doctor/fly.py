"""What the Fly token may do: it must see the app's machines and run our command on them, and needs no more.

Whether it may do more is found out with the most harmless command there is.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from flyhot_asgi.errors import FlyhotError

from ..fleet.directory import APPLY
from ..fleet.members import members
from ..fly.environment import FlyEnvironment
from ..fly.errors import NotAllowed
from ..fly.machines import MachinesApi
from ..fly.model import Machine
from .finding import Finding

LEAST = "fly tokens create machine-exec -p 'python -m flyhot_deploy apply', in the secret FLY_API_TOKEN"
EXEC_SECONDS = 10
HARMLESS = ("true",)


async def token(environment: FlyEnvironment) -> AsyncIterator[Finding]:
    """Is there a token, does it see the app, and may it do what it must? Asks for the list of machines once, and runs
    two commands on one of them.
    """
    if environment.app is None:
        yield Finding("fly", "note", "no Fly app is named (fly.toml, FLY_APP): machines are not looked at")
        return
    if environment.token is None:
        yield Finding("fly", "warning", "there is no Fly token: machines hear of a deploy when they poll", LEAST)
        return
    try:
        async with MachinesApi.of(environment) as api:
            machines = await api.list()
            images = sorted({machine.image for machine in machines if machine.image})
            said = f"the token sees {len(machines)} machines of {environment.app}, {len(images)} images"
            yield Finding("fly", "ok", said)
            running = members(machines).running
            if not running:
                yield Finding("exec", "note", "no machine is started, so whether it may be told can't be tried")
                return
            yield await _exec(api, running[0])
            if environment.machine is not None:
                yield await _more(api, running[0])
    except FlyhotError as exc:
        yield Finding("fly", "failure", exc.message, exc.do or LEAST)


async def _exec(api: MachinesApi, machine: Machine) -> Finding:
    """May it wake an agent, and is there one?"""
    try:
        result = await api.exec(machine.id, [*APPLY, "--status"], seconds=EXEC_SECONDS)
    except NotAllowed as exc:
        said = f"the token may not tell machines, so they find out by themselves: {exc.message}"
        return Finding("exec", "warning", said, LEAST)
    except FlyhotError as exc:
        return Finding("exec", "warning", f"machine {machine.id} could not be told: {exc.message}", exc.do)
    try:
        answer = json.loads(result.stdout.strip().splitlines()[-1])
        state = answer.get("state") if isinstance(answer, dict) else None
    except (ValueError, IndexError, RecursionError):
        said = (result.stderr.strip() or "nothing").splitlines()[-1][:200]
        what = f"on machine {machine.id} our command ended with {result.exit_code} and said: {said}"
        return Finding("exec", "failure", what, "install flyhot in the app's image, with `python` on its PATH")
    if state == "absent":
        return Finding("exec", "failure", f"machine {machine.id}: {answer.get('error')}", str(answer.get("do")))
    return Finding("exec", "ok", f"machine {machine.id} can be told, and answers")


async def _more(api: MachinesApi, machine: Machine) -> Finding:
    """A token on a machine is in the hands of whoever breaks into the app."""
    try:
        await api.exec(machine.id, HARMLESS, seconds=EXEC_SECONDS)
    except NotAllowed:
        return Finding("token", "ok", "it may run our command and no other")
    except FlyhotError as exc:
        return Finding("token", "note", f"whether it may do more could not be tried: {exc.message}")
    return Finding("token", "warning", "the token on this machine may run any command on every machine", LEAST)
