"""Which machines a deploy is about, and on which image they run. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from ..errors import DeployError
from ..fly.model import ARRIVING, Machine


@dataclass(frozen=True)
class Members:
    """`running` take part. `asleep` lay the right release over their image when they start. `others` are no machines of
    the app proper. `arriving` are waited for a moment."""

    running: tuple[Machine, ...] = ()
    asleep: tuple[Machine, ...] = ()
    arriving: tuple[Machine, ...] = ()
    others: tuple[Machine, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(machine.id for machine in self.running)

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(sorted({machine.image for machine in self.running if machine.image}))

    def image(self) -> str:
        """The one image that all running machines have. Raises DeployError: none runs, or they differ."""
        if not self.running:
            asleep = f"; {len(self.asleep)} are stopped or suspended" if self.asleep else ""
            raise DeployError(
                f"no machine of the app is started{asleep}",
                do="start one (`fly machine start`), or deploy cold: there is nobody to upgrade hot",
            )
        if len(self.images) != 1:
            each = "; ".join(f"{machine.id}: {machine.image or 'unknown'}" for machine in self.running[:8])
            raise DeployError(
                f"the machines run different images ({each})",
                do="a cold deploy is under way, or ended half: let it finish (`fly deploy`), then deploy hot",
            )
        return self.images[0]


def members(machines: Iterable[Machine]) -> Members:
    """Sort them out."""
    ordered = sorted(machines, key=lambda machine: machine.id)
    app = [machine for machine in ordered if machine.serves_app]
    return Members(
        running=tuple(machine for machine in app if machine.is_running),
        arriving=tuple(machine for machine in app if machine.state in ARRIVING),
        asleep=tuple(machine for machine in app if not machine.is_running and machine.state not in ARRIVING),
        others=tuple(machine for machine in ordered if not machine.serves_app),
    )


def taking_part(found: Members, said: Container[str]) -> tuple[Members, tuple[str, ...]]:
    """Without the machines that can't be upgraded: no services, and never a word that an upgradable app runs there. A
    note on each of those. If all are like that, all are asked.
    """
    able = tuple(machine for machine in found.running if machine.has_services or machine.id in said)
    if not able or len(able) == len(found.running):
        return found, ()
    aside = [machine for machine in found.running if machine not in able]
    notes = tuple(f"machine {m.id} (group {m.group or '?'}) runs no upgradable app: left alone" for m in aside)
    return replace(found, running=able), notes
