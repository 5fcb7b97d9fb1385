"""A fleet in one event loop: real agents and a real conductor over a store in memory; machines whose workers are
values."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flyhot_asgi.errors import UpgradeRefused
from flyhot_asgi.release.folder import FolderStore
from flyhot_asgi.release.manifest import Manifest
from flyhot_deploy.agent.agent import Agent
from flyhot_deploy.agent.rhythm import Rhythm
from flyhot_deploy.agent.workers import Look
from flyhot_deploy.errors import Exit
from flyhot_deploy.fleet.conduct import Bounds, Conductor, deploy_name
from flyhot_deploy.fleet.events import Strategy
from flyhot_deploy.fleet.offer import Offer
from flyhot_deploy.fleet.rollout import Rollout
from flyhot_deploy.fly.errors import FlyError
from flyhot_deploy.fly.model import Machine
from flyhot_deploy.local.report import UpgradeReport
from flyhot_deploy.release.bundle import Bundle, payload_of, seal
from flyhot_deploy.release.machine import MachineFacts, dependencies_of
from flyhot_deploy.release.manifest import ReleaseManifest
from flyhot_deploy.release.signing import KeyRing
from flyhot_deploy.repository.keys import Keys
from flyhot_deploy.repository.lease import acquire, kept
from flyhot_deploy.repository.pointer import Candidate, Current
from flyhot_deploy.repository.repository import Repository
from flyhot_deploy.store.memory import MemoryStore

IMAGE = "registry.fly.io/app:deployment-1"
FACTS = MachineFacts("app", "main", IMAGE, "3.11", "cpython-311", dependencies_of({"starlette": "1"}))
QUICK = Rhythm(idle=0.05, awake=0.01, watch=0.01, longest=0.2, jitter=0.1)
SOON = Bounds(stage=5.0, prepare=5.0, commit=5.0, bake=0.05, revert=5.0)


class FakeWorkers:
    """The workers of one machine, as the agent sees them. `fault` names a step that goes wrong; `sick` is seen
    later."""

    def __init__(self, folder: Path, release: str) -> None:
        self.releases = [release]
        self.fault = ""
        self.alive = True
        self.moves: list[str] = []
        self.checks: list[str] = []
        self.cold: Mapping[str, Any] | None = None
        self._store = FolderStore(folder / "store", app="app")

    def pids(self) -> list[int]:
        return [1] if self.alive else []

    async def look(self) -> Look:
        if not self.alive:
            return Look()
        state = "broken" if self.fault == "sick" and len(self.moves) else "serving"
        return Look(tuple(self.releases), ({"pid": 1, "state": state, "release": self.releases[0]},))

    def environment(self) -> dict[str, str]:
        return {"REGION": "ams"}

    async def store(self) -> FolderStore:
        return self._store

    async def keep(self) -> None:
        pass

    async def health(self) -> str | None:
        return "it hurts" if (self.fault == "ill" and len(self.moves)) or self.fault == "always ill" else None

    async def check(self, release: str) -> dict[str, Any]:
        await self._perhaps("stage")
        self.checks.append(release)
        return {"structure": {"app": ["code", release]}}

    async def plan(
        self, release: str, extra: Mapping[str, str], cold: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        self.cold = cold
        await self._perhaps("vote")
        return [{"pid": 1, "steps": []}]

    async def move(self, release: str, action: str, options: Any, **more: Any) -> UpgradeReport:
        await self._perhaps("commit")
        if self.fault == "undo" and action == "hot":
            return UpgradeReport("hot", Exit.ROLLED_BACK, "rolled_back", self.releases[0], release)
        old, self.releases[0] = self.releases[0], release
        self.moves.append(release)
        result = {"pid": 1, "outcome": "complete" if old != release else "already", "verified": True, "to": release}
        return UpgradeReport("hot", Exit.VERIFIED, "complete", old, release, (result,))

    async def _perhaps(self, step: str) -> None:
        if self.fault == step:
            raise UpgradeRefused(f"{step} refused here", file="app.py", line=3)
        if self.fault == f"hang {step}":
            await asyncio.Event().wait()


class Fleet:
    """Machines with their agents, over one store. `release` of a machine is what its workers run."""

    def __init__(self, folder: Path, names: Sequence[str], *, rhythm: Rhythm = QUICK) -> None:
        self.store = MemoryStore()
        self.repository = Repository(self.store, Keys("app"), KeyRing(allow_unsigned=True))
        self.folder = folder
        self.rhythm = rhythm
        self.base = Manifest.of({"app.py": b"one\n"}, app="app", python="3.11").digest
        self.workers: dict[str, FakeWorkers] = {}
        self.agents: dict[str, Agent] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.states = dict.fromkeys(names, "started")
        self.execs: list[str] = []
        self.exec_works = True
        self.last: Any = None
        self.scout = ""
        self.recorded: dict[str, Any] = {}
        self.aside: frozenset[str] = frozenset()
        for name in names:
            (folder / name).mkdir()
            self.workers[name] = FakeWorkers(folder / name, self.base)
            self.start_agent(name)

    def start_agent(self, name: str, **more: Any) -> Agent:
        agent = Agent(
            machine=name,
            repository=more.get("repository", self.repository),
            facts=lambda: FACTS,
            workers=self.workers[name],  # type: ignore[arg-type]
            folder=self.folder / name,
            rhythm=self.rhythm,
            key=more.get("key", b"shared"),
        )
        self.agents[name] = agent
        self.tasks[name] = asyncio.ensure_future(agent.run())
        return agent

    async def kill_agent(self, name: str) -> None:
        self.tasks[name].cancel()
        await asyncio.gather(self.tasks[name], return_exceptions=True)

    async def close(self) -> None:
        for name in list(self.tasks):
            await self.kill_agent(name)

    # -- the Directory --------------------------------------------------------------------------

    async def list(self) -> list[Machine]:
        return [Machine(name, state, image=IMAGE, has_services=True) for name, state in self.states.items()]

    async def wake(self, machine: str, arguments: Sequence[str]) -> dict[str, Any]:
        self.execs.append(machine)
        if not self.exec_works:
            raise FlyError("exec is not allowed")
        self.agents[machine].woken.set()
        return {"ok": True}

    # -- deploys ----------------------------------------------------------------------------------

    def bundle(self, text: str, sequence: int) -> Bundle:
        files = {"app.py": text.encode()}
        manifest = Manifest.of(files, app="app", python="3.11")
        ref, payload = payload_of(files, manifest)
        terms = ReleaseManifest(
            app="app",
            channel="main",
            sequence=sequence,
            files=manifest,
            payload=ref,
            bases=(IMAGE,),
            python_abi=FACTS.python_abi,
            dependencies=FACTS.dependencies,
            created=int(time.time()),
            **self.recorded,
        )
        return seal(terms, payload)

    async def deploy(
        self,
        text: str,
        *,
        strategy: Strategy = "canary",
        bounds: Bounds = SOON,
        ttl: float = 30.0,
        confirm: bool = True,
        **offer: Any,
    ) -> Conductor:
        """One deploy under the lock, as a command would do it."""
        lease = await asyncio.to_thread(acquire, self.store, self.repository.keys.lock, "test", ttl=ttl, timeout=0.0)
        with kept(lease):
            conductor = self.conductor(text, lease, strategy=strategy, bounds=bounds, confirm=confirm, **offer)
            self.last = conductor
            await conductor.run()
        return conductor

    def conductor(
        self, text: str, lease: Any, *, strategy: Strategy, bounds: Bounds, confirm: bool = True, **offer: Any
    ) -> Conductor:
        read = self.repository.pointer()
        bundle = self.bundle(text, read.pointer.sequence + 1)
        self.repository.publish(bundle)
        sequence = bundle.manifest.sequence
        terms: dict[str, Any] = {"bake": bounds.bake, "prepared_for": 3.0, "provisional_for": 3.0}
        terms["scout"] = self.scout
        return Conductor(
            repository=self.repository,
            lease=lease,
            keys=(),
            directory=self,
            rollout=Rollout(
                [n for n, s in self.states.items() if s == "started" and n not in self.aside], strategy=strategy
            ),
            aside=self.aside,
            candidate=Candidate(deploy_name(sequence), bundle.digest, bundle.manifest.release, sequence),
            bases=(IMAGE,),
            offer=Offer(phase="stage", **(terms | offer)),
            read=read,
            bounds=dataclasses.replace(bounds, bake=bounds.bake + 10.0),
            notify=lambda what: None,
            confirm=confirm,
        )

    def current(self) -> Current | None:
        return self.repository.pointer().pointer.current_on(IMAGE)

    def running(self) -> dict[str, str]:
        return {name: workers.releases[0] for name, workers in self.workers.items()}

    async def until(self, what: Any, within: float = 5.0) -> None:
        async with asyncio.timeout(within):
            while True:
                if what():
                    return
                await asyncio.sleep(0.01)


def release_of(text: str) -> str:
    return Manifest.of({"app.py": text.encode()}, app="app", python="3.11").digest


@contextlib.asynccontextmanager
async def fleet_of(folder: Path, *names: str, **more: Any) -> Any:
    fleet = Fleet(folder, names, **more)
    try:
        yield fleet
    finally:
        await fleet.close()


def with_bounds(**more: float) -> Bounds:
    return dataclasses.replace(SOON, **more)
