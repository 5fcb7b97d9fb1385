"""What a rehearsal found, as a document that ships with a release: as OTP's relup, bound to both releases. Pure.

    {"format": 1, "from": DIGEST, "to": DIGEST, "python": "3.11", "outcome": "arrives", "passes": 2,
     "modules": ["app", "app.main"], "also": [["app.main", "router"]], "reasons": [], "plan": PLAN}

`outcome`: `arrives` (the plan, enlarged by `also`, makes the old release the new one), `unneeded` (nothing is executed:
code is swapped), `refused` (it can't be done; `reasons` say why), `none` (it could not be tried; the reasons say why).
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ...errors import ReleaseError
from ..reason import Reason

if TYPE_CHECKING:
    from ..source.defuse import Home

FORMAT = 1
OUTCOMES = ("arrives", "unneeded", "refused", "none")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Rehearsed:
    """One rehearsal. `modules`: those that the old release had imported in it."""

    old: str
    new: str
    outcome: str
    also: frozenset[Home] = frozenset()
    passes: int = 0
    modules: frozenset[str] = frozenset()
    reasons: tuple[Reason, ...] = ()
    plan: Mapping[str, Any] | None = None
    python: str = PYTHON

    def holds_for(self, old: str, new: str, modules: Collection[str]) -> bool:
        """It was a rehearsal of just this: the same releases, in a process with at least these modules."""
        known = (self.old, self.new, self.python) == (old, new, PYTHON) and self.outcome != "none"
        return known and self.modules.issuperset(modules)

    def document(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "from": self.old,
            "to": self.new,
            "python": self.python,
            "outcome": self.outcome,
            "passes": self.passes,
            "modules": sorted(self.modules),
            "also": sorted([module, name] for module, name in self.also),
            "reasons": [asdict(reason) for reason in self.reasons],
            "plan": dict(self.plan) if self.plan is not None else None,
        }


def read_rehearsed(document: object) -> Rehearsed:
    """From a document. Raises ReleaseError for one that is none."""
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise _malformed("it has another format")
    words = [document.get(name) for name in ("from", "to", "python")]
    also, modules, plan = document.get("also"), document.get("modules"), document.get("plan")
    if not all(isinstance(word, str) for word in words) or document.get("outcome") not in OUTCOMES:
        raise _malformed("its releases, Python or outcome")
    if not _is_list_of_words(modules) or not isinstance(also, list):
        raise _malformed("its modules")
    if not all(_is_list_of_words(home) and len(home) == 2 for home in also):
        raise _malformed("what it executes also")
    if not isinstance(document.get("passes"), int) or not (plan is None or isinstance(plan, Mapping)):
        raise _malformed("its passes or plan")
    return Rehearsed(
        old=document["from"],
        new=document["to"],
        outcome=document["outcome"],
        also=frozenset((module, name) for module, name in also),
        passes=document["passes"],
        modules=frozenset(document["modules"]),
        reasons=tuple(_reasons(document.get("reasons"))),
        plan=plan,
        python=document["python"],
    )


def _reasons(listed: object) -> Iterable[Reason]:
    if not isinstance(listed, list):
        raise _malformed("its reasons")
    for one in listed:
        if not isinstance(one, Mapping) or one.keys() != Reason.__dataclass_fields__.keys():
            raise _malformed("its reasons")
        line = one["line"]
        if not (line is None or isinstance(line, int)) or not all(isinstance(one[n], str) for n in one if n != "line"):
            raise _malformed("its reasons")
        yield Reason(**one)


def _is_list_of_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _malformed(what: str) -> ReleaseError:
    return ReleaseError(f"a rehearsal is malformed: {what}", do="pack the release anew; nothing was changed")
