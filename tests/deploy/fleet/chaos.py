"""Deploys while things die, and what must be true when they have settled: tests run a few, the benchmark hundreds."""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path

from flyhot_asgi.errors import FlyhotError, StoreLocked
from flyhot_deploy.errors import Exit
from flyhot_deploy.fleet.conduct import Conductor
from flyhot_deploy.fleet.recover import recover
from flyhot_deploy.fleet.report import conclude
from flyhot_deploy.repository.lease import acquire, kept
from tests.deploy.fleet.lab import Fleet, fleet_of, release_of, with_bounds

NAMES = ("a", "b", "c")
SETTLED_WITHIN = 20.0
FAULTS = (
    *("nothing", "deployer", "agent", "store", "lost answers", "sick", "undo", "refuse", "machine"),
    *("slow store", "stale reads", "damaged reads", "no writes", "workers", "no exec", "ill"),
)


async def deploys(folder: Path, seed: int, count: int) -> list[str]:
    """So many deploys to one fleet, each with its faults; the outcome of each. Raises AssertionError."""
    chance = random.Random(seed)
    outcomes: list[str] = []
    async with fleet_of(folder, *NAMES) as fleet:
        for number in range(count):
            text = f"{seed}-{number}\n"
            outcomes.append(await one(fleet, text, chance))
            await settle(fleet)
            check(fleet, outcomes[-1], release_of(text), f"seed {seed}, deploy {number}")
    return outcomes


async def one(fleet: Fleet, text: str, chance: random.Random) -> str:
    """One deploy in which something goes wrong, perhaps."""
    lease = await asyncio.to_thread(acquire, fleet.store, fleet.repository.keys.lock, "chaos", ttl=1.0, timeout=5.0)
    fault = chance.choice(FAULTS)
    victim, moment = chance.choice(NAMES), chance.uniform(0.0, 0.8)
    if fault in ("sick", "undo", "ill"):
        fleet.workers[victim].fault, fleet.workers[victim].moves = fault, []
    elif fault == "refuse":
        fleet.workers[victim].fault = "vote"
    with kept(lease):
        await asyncio.to_thread(recover, fleet.repository, lease, ())
        bounds = with_bounds(bake=0.1, stage=3.0, prepare=3.0, commit=3.0, revert=3.0)
        strategy = chance.choice(["all", "canary", "rolling"])
        conductor = fleet.conductor(text, lease, strategy=strategy, bounds=bounds, provisional_for=1.5)  # type: ignore[arg-type]
        deploy = asyncio.ensure_future(conductor.run())
        await asyncio.sleep(moment)
        await strike(fleet, fault, victim, deploy, conductor, chance)
        with contextlib.suppress(asyncio.CancelledError, FlyhotError, TypeError, AttributeError, AssertionError):
            await deploy
            if conductor.rollout.phase.value == "done":
                return conclude(conductor.rollout)[1]
    return "dead"


async def strike(
    fleet: Fleet, fault: str, victim: str, deploy: asyncio.Future[object], conductor: Conductor, chance: random.Random
) -> None:
    match fault:
        case "deployer":
            conductor._events.put_nowait(None)  # type: ignore[arg-type]  # it drops dead: nothing is tidied up
        case "agent":
            await fleet.kill_agent(victim)
            await asyncio.sleep(chance.uniform(0, 0.2))
            fleet.start_agent(victim)
        case "store":
            fleet.store.faults.unavailable = lambda key: True
            await asyncio.sleep(chance.uniform(0.05, 0.5))
            fleet.store.faults.unavailable = lambda key: False
        case "lost answers":
            fleet.store.faults.lost_answers = lambda key: chance.random() < 0.3
            await asyncio.sleep(0.3)
            fleet.store.faults.lost_answers = lambda key: False
        case "slow store":
            fleet.store.faults.delay = chance.uniform(0.02, 0.15)
            await asyncio.sleep(chance.uniform(0.2, 0.8))
            fleet.store.faults.delay = 0.0
        case "stale reads" | "damaged reads" | "no writes":
            name = {"stale reads": "stale", "damaged reads": "damaged", "no writes": "denied"}[fault]
            setattr(fleet.store.faults, name, lambda key: chance.random() < 0.3)
            await asyncio.sleep(chance.uniform(0.1, 0.5))
            setattr(fleet.store.faults, name, lambda key: False)
        case "workers":
            fleet.workers[victim].alive = False
            await asyncio.sleep(chance.uniform(0.05, 0.4))
            fleet.workers[victim].alive = True
        case "no exec":
            fleet.exec_works = False
            await asyncio.sleep(0.3)
            fleet.exec_works = True
        case "machine":
            await fleet.kill_agent(victim)
            current = fleet.current()
            fleet.workers[victim].releases = [current.release if current is not None else fleet.base]
            fleet.start_agent(victim)


async def settle(fleet: Fleet) -> None:
    """Faults are over, the next deployer has finished what was left; every machine comes to rest."""
    for workers in fleet.workers.values():
        workers.fault = ""
    lease = await asyncio.to_thread(acquire, fleet.store, fleet.repository.keys.lock, "next", ttl=1.0, timeout=5.0)
    with kept(lease):
        await asyncio.to_thread(recover, fleet.repository, lease, ())
    for agent in fleet.agents.values():
        agent._tries.clear()

    def at_rest() -> bool:
        current = fleet.current()
        wanted = current.release if current is not None else fleet.base
        still = not any(agent.memory.provisional for agent in fleet.agents.values())
        return still and set(fleet.running().values()) == {wanted}

    try:
        await fleet.until(at_rest, SETTLED_WITHIN)
    except TimeoutError:
        current = fleet.current()
        words = {name: (a.memory.word, a.memory.provisional, a.problem) for name, a in fleet.agents.items()}
        raise AssertionError(f"not at rest: {fleet.running()} {current} {words}") from None


def check(fleet: Fleet, outcome: str, release: str, which: str) -> None:
    """What was said is true."""
    current = fleet.current()
    runs = current is not None and current.release == release
    if outcome in ("complete", "already"):
        assert runs, f"{which}: {outcome}, and the pointer is at {current}"
    elif outcome in ("failed", "refused", "rolled_back"):
        assert not runs, f"{which}: {outcome}, and the pointer is at the release"
    assert len(set(fleet.running().values())) == 1, f"{which}: {fleet.running()}"


async def two_at_once(folder: Path, rounds: int) -> list[int]:
    """Two deployers at the same moment, so often: how many of the two proceeded each time."""
    proceeded: list[int] = []
    async with fleet_of(folder, "a") as fleet:
        for number in range(rounds):

            async def deployer(text: str) -> int:
                try:
                    done = await fleet.deploy(text, strategy="all", bounds=with_bounds(bake=0.02))
                except StoreLocked:
                    return 0
                assert conclude(done.rollout)[0] is Exit.VERIFIED
                return 1

            both = await asyncio.gather(deployer(f"x{number}\n"), deployer(f"y{number}\n"))
            proceeded.append(sum(both))
            await fleet.until(lambda: not fleet.agents["a"].memory.provisional)
    return proceeded
