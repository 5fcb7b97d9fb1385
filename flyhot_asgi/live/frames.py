"""The live socket's frames (subprotocol flyhot.live.v1): JSON objects with a type `t`. Pure.

server  html {q, h | s, r?, v?, err?, title?}
                                        q: number of the frame; h: the whole text; s: [prefix, suffix, middle], a
                                        splice of the last one; neither: unchanged. r: the event that this answers.
                                        v: the release that rendered it. err: the event failed.
        nav {to, k, f?}                 go to another page (k "go", with what to say there), or show another address
                                        ("push", "replace")
        push {e, d}                     for the page's own scripts: a DOM event `live:<e>` with the detail d
client  ev {e, v, r}                    event, value, number
        full {}                         a frame was missed: send the whole text
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from flyhot_asgi.client.frames import parse_object
from flyhot_asgi.errors import WireError
from flyhot_asgi.live.splice import splice

SUBPROTOCOL = "flyhot.live.v1"
MAX_NAME = 200
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # json.dumps() would make one for each frame

Navigation: TypeAlias = Literal["go", "push", "replace"]


@dataclass(frozen=True)
class Event:
    """The user did something. `value` is as the browser sent it: unchecked."""

    name: str
    value: dict[str, Any]
    ref: int


@dataclass(frozen=True)
class Full:
    """The browser misses a frame."""


def parse(text: str, *, limit: int) -> Event | Full | None:
    """What a browser said; None for a type that isn't known here. Raises WireError if it can't be a frame."""
    frame = parse_object(text, limit=limit)
    kind = frame.get("t")
    if kind == "full":
        return Full()
    if kind != "ev":
        return None
    name, value, ref = frame.get("e"), frame.get("v"), frame.get("r")
    if not isinstance(name, str) or len(name) > MAX_NAME or not isinstance(value, dict):
        raise WireError("an event without a name and a value")
    if not isinstance(ref, int) or isinstance(ref, bool) or not 0 <= ref < 2**53:
        raise WireError("an event without a number")
    return Event(name=name, value=value, ref=ref)


def encode_html(
    number: int,
    *,
    old: str | None,
    new: str | None,
    ref: int | None = None,
    vsn: str | None = None,
    failed: bool = False,
    title: str | None = None,
) -> str:
    """A frame that takes the browser from `old` (None: it has nothing) to `new` (None, or the same: unchanged)."""
    frame: dict[str, Any] = {"t": "html", "q": number}
    if new is not None and old is None:
        frame["h"] = new
    elif new is not None and old is not None and new != old:
        found = splice(old, new)
        if len(found.middle) * 2 > len(new):
            frame["h"] = new
        else:
            frame["s"] = [found.prefix, found.suffix, found.middle]
    if ref is not None:
        frame["r"] = ref
    if vsn is not None:
        frame["v"] = vsn
    if failed:
        frame["err"] = True
    if title is not None:
        frame["title"] = title
    return _text(frame)


def encode_nav(to: str, *, kind: Navigation, flash: Mapping[str, str] | None = None) -> str:
    """A frame that takes the browser to another address. flash: what the view there has to say."""
    return _text({"t": "nav", "to": to, "k": kind, **({"f": dict(flash)} if flash else {})})


def encode_push(event: str, detail: Any) -> str:
    """A frame with an event for the page's own scripts. Raises TypeError, ValueError if `detail` is no JSON."""
    return _text({"t": "push", "e": event, "d": detail})


def _text(frame: dict[str, Any]) -> str:
    text = _ENCODER.encode(frame)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair in what the user rendered: UTF-8 has no word for it, JSON has
        text = json.dumps(frame, separators=(",", ":"))
    return text
