"""The control socket's frames (subprotocol flyhot.v1): JSON objects with a type `t`. Pure.

    server  hello {p, vsn, boot, hb, held, max?}   hold {id, eta, max}   pong
            resume {id, ok, vsn, render, spread, from?, files?, say?}   bye {retry}
            watch {ok, title, places, restart}           (watch mode only)
    client  ping   done {id, ms, ok, err?}

Unknown types and unknown fields are ignored, by both sides, so that either can be the newer one. Times are in
milliseconds, but `hb` (the heartbeat) is in seconds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from flyhot_asgi.errors import WireError

SUBPROTOCOL = "flyhot.v1"
VERSION = 1
MAX_FRAME = 4096
"""Longest frame, in characters, that a browser has any reason to send."""

Render: TypeAlias = Literal["morph", "css", "none", "reload"]


@dataclass(frozen=True)
class Ping:
    """Are you there?"""


@dataclass(frozen=True)
class Done:
    """A page shows the release, or says why it kept what it had. `ms`: how long it took."""

    id: str
    ms: float
    ok: bool
    error: str | None


def encode(kind: str, **fields: Any) -> str:
    """A frame as text; fields that are None are left out."""
    return json.dumps({"t": kind, **{name: value for name, value in fields.items() if value is not None}})


def hello(*, vsn: str, boot: str, heartbeat: float, held: bool, max_ms: int | None) -> str:
    return encode("hello", p=VERSION, vsn=vsn, boot=boot, hb=heartbeat, held=held, max=max_ms)


def hold(*, id: str, eta_ms: int, max_ms: int) -> str:
    return encode("hold", id=id, eta=eta_ms, max=max_ms)


def resume(
    *,
    id: str,
    ok: bool,
    vsn: str,
    render: Render,
    spread_ms: int,
    say: str | None,
    was: str | None = None,
    files: Sequence[str] | None = None,
) -> str:
    """`was`: the vsn before (`from`). `files`: ends of the URLs of stylesheets and scripts whose content changed; None:
    not known."""
    fields: dict[str, Any] = {"id": id, "ok": ok, "vsn": vsn, "render": render, "spread": spread_ms, "say": say}
    return encode("resume", **fields, **{"from": was, "files": None if files is None else list(files)})


def bye(*, retry_ms: int) -> str:
    return encode("bye", retry=retry_ms)


def watch(fields: dict[str, Any]) -> str:
    """Watch mode: what happened to the last save (`watch.said.Said.frame`)."""
    return encode("watch", **fields)


PONG = encode("pong")


def parse_object(text: str, *, limit: int) -> dict[str, Any]:
    """A JSON object from an untrusted peer. Raises WireError with one short sentence for anything else."""
    if len(text) > limit:
        raise WireError(f"a frame of {len(text)} characters; at most {limit} are taken")
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise WireError("a frame that is no JSON") from exc
    if not isinstance(found, dict):
        raise WireError("a frame that is no JSON object")
    return found


def parse(text: str) -> Ping | Done | None:
    """What a browser said; None for a type that isn't known here. Raises WireError if it can't be a frame."""
    frame = parse_object(text, limit=MAX_FRAME)
    kind = frame.get("t")
    if kind == "ping":
        return Ping()
    if kind != "done":
        return None
    id, ms, ok, error = frame.get("id"), frame.get("ms"), frame.get("ok"), frame.get("err")
    if not isinstance(id, str) or not isinstance(ok, bool) or not isinstance(ms, int | float):
        raise WireError("a frame 'done' without id, ms and ok")
    return Done(id=id, ms=float(min(max(ms, 0), 1e9)), ok=ok, error=error if isinstance(error, str) else None)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
