"""What the outcome of a save is to people: a line or one block in the terminal, an overlay in the page. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["ok", "refused", "error"]
_SHOWN = 6
_RULE = "─" * 72


@dataclass(frozen=True)
class Place:
    """One thing that stands in the way. `file` is relative to the app's root."""

    file: str | None
    line: int | None
    what: str
    do: str | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        return where + self.what


@dataclass(frozen=True)
class Said:
    """What happened to a save. `restart`: only a restart brings the process to what was saved."""

    kind: Kind
    title: str
    places: tuple[Place, ...] = ()
    restart: bool = False
    detail: str | None = None

    def block(self) -> str:
        """For a terminal: one line if all is well, else one block between two rules."""
        if self.kind == "ok":
            return f"flyhot  {self.title}"
        lines = [_RULE, f"flyhot  {self.title}"]
        for place in self.places[:_SHOWN]:
            lines.append(f"  {place}")
            if place.do:
                lines.append(f"    → {place.do}")
        if len(self.places) > _SHOWN:
            lines.append(f"  … and {len(self.places) - _SHOWN} more")
        if self.detail:
            lines += ["", *(f"  {line}" for line in self.detail.strip().splitlines()[-12:])]
        return "\n".join([*lines, _RULE])

    def frame(self) -> dict[str, Any]:
        """For the pages: the fields of the control socket's frame `watch`."""
        return {
            "ok": self.kind == "ok",
            "title": self.title,
            "places": [{"file": p.file, "line": p.line, "what": p.what, "do": p.do} for p in self.places[:_SHOWN]],
            "restart": self.restart,
        }


def said_of_result(result: Mapping[str, Any], files: Iterable[str], milliseconds: float) -> Said:
    """From the RESULT of an upgrade of this process. `files`: what was saved, for the title."""
    outcome = result["outcome"]
    names = _names(files)
    if outcome == "complete":
        counts = ", ".join(f"{n} {word}" for word, n in (result.get("definitions") or {}).items() if n)
        return Said("ok", f"{names}: live in {milliseconds:.0f} ms{f' ({counts})' if counts else ''}")
    if outcome == "already":
        return Said("ok", f"{names}: as it runs")
    return said_of_error(result["error"] or {"kind": "failed", "message": outcome}, result.get("plan"), names)


def said_of_error(error: Mapping[str, Any], plan: Mapping[str, Any] | None, names: str) -> Said:
    """From an error's document (`FlyhotError.document()`), with the plan whose refusals it stands for, if any."""
    refusals = (plan or {}).get("refusals") or []
    if refusals:
        places = tuple(
            Place(r.get("file"), r.get("line"), f"{r['name']}: {r['reason']}", r.get("do")) for r in refusals
        )
        return Said("refused", f"{names}: can't be done while it runs; the old code serves on", places, restart=True)
    place = Place(error.get("file"), error.get("line"), str(error.get("message", "")), error.get("do"))
    broken = error.get("kind") in ("broken", "undo_failed")
    title = "this process is broken: restart it" if broken else f"{names}: not taken; the old code serves on"
    return Said("error", title, (place,), restart=broken, detail=error.get("detail"))


def _place_of(refusal: Mapping[str, Any]) -> Place:
    what = f"{refusal['name']}: {refusal['reason']}"
    return Place(refusal.get("file"), refusal.get("line"), what, refusal.get("do"))


def _names(files: Iterable[str]) -> str:
    listed = sorted(files)
    if not listed:
        return "saved"
    return listed[0] if len(listed) == 1 else f"{listed[0]} and {len(listed) - 1} more"
