"""What the Fly token may do: it must see the app's machines. What more it may can't be asked, so it is only told."""

from __future__ import annotations

from collections.abc import AsyncIterator

from flyhot_asgi.errors import FlyhotError

from ..fly.environment import FlyEnvironment
from ..fly.machines import MachinesApi
from .finding import Finding

LEAST = "fly tokens create machine-exec -p 'python -m flyhot_deploy apply', in the secret FLY_API_TOKEN"


async def token(environment: FlyEnvironment) -> AsyncIterator[Finding]:
    """Is there a token, and does it see the app? Asks for the list of machines, once."""
    if environment.app is None:
        yield Finding("fly", "note", "no Fly app is named (fly.toml, FLY_APP): machines are not looked at")
        return
    if environment.token is None:
        yield Finding("fly", "warning", "there is no Fly token: machines hear of a deploy when they poll", LEAST)
        return
    try:
        async with MachinesApi.of(environment) as api:
            machines = await api.list()
    except FlyhotError as exc:
        yield Finding("fly", "failure", exc.message, exc.do or LEAST)
        return
    images = sorted({machine.image for machine in machines if machine.image})
    yield Finding("fly", "ok", f"the token sees {len(machines)} machines of {environment.app}, {len(images)} images")
