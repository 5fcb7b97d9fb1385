"""The options of a deploy over machines, as the command line has them. Light: every command reads this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from ..config import Options, read_extra
from ..errors import UsageError
from ..fleet.events import Strategy
from ..fleet.offer import Health
from ..fleet.options import FleetOptions

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
SECONDS = click.FloatRange(min=0, max=86400)

FLEET_OPTIONS = (
    click.option("--strategy", type=click.Choice(["all", "canary", "rolling"]), default="canary", show_default=True),
    click.option("--max-concurrency", type=click.IntRange(1, 1000), default=20, show_default=True, metavar="N"),
    click.option("--timeout", type=SECONDS, default=120.0, metavar="SECONDS", help="For steps before the decision."),
    click.option("--bake", type=SECONDS, default=0.5, metavar="SECONDS", help="How long each wave is watched."),
    click.option("--lock-timeout", type=SECONDS, default=0.0, metavar="SECONDS", help="Wait for another deploy."),
    click.option("--force", is_flag=True, help="Take the lock away from another deploy."),
    click.option("--confirm-within", type=SECONDS, metavar="SECONDS", help="Provisional until `confirm`, so long."),
    click.option("--health-path", metavar="PATH", help="Health check; by default the first one in fly.toml."),
)


def fleet_options(command: Decorated) -> Decorated:
    """All options of a deploy over machines."""
    for option in reversed(FLEET_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Asked:
    """What the command line said of a deploy over machines."""

    strategy: Strategy = "canary"
    max_concurrency: int = 20
    timeout: float = 120.0
    bake: float = 0.5
    lock_timeout: float = 0.0
    force: bool = False
    confirm_within: float | None = None
    health_path: str | None = None
    health_port: int = 8080
    extra: tuple[str, ...] = ()

    def options(self, local: Options) -> FleetOptions:
        """Together with the options that each machine's own upgrade has. Raises UsageError."""
        if self.health_path is not None and not self.health_path.startswith("/"):
            raise UsageError(f"--health-path {self.health_path!r} does not begin with /")
        return FleetOptions(
            strategy=self.strategy,
            max_concurrency=self.max_concurrency,
            timeout=self.timeout,
            bake=self.bake,
            lock_timeout=self.lock_timeout,
            force=self.force,
            confirm_within=self.confirm_within,
            suspend_timeout=local.suspend_timeout,
            http_drain=local.http_drain,
            hold_budget=local.hold_budget,
            vote_timeout=local.vote_timeout,
            extra=read_extra(self.extra),
            health=Health(self.health_path, self.health_port),
        )

    def arguments(self, options: FleetOptions) -> list[str]:
        """The same for `orchestrate`, as words."""
        words = ["--strategy", self.strategy, "--max-concurrency", str(self.max_concurrency)]
        for name in ("timeout", "bake", "lock_timeout"):
            words += [f"--{name.replace('_', '-')}", f"{getattr(self, name):g}"]
        words += ["--force"] if self.force else []
        words += ["--confirm-within", f"{self.confirm_within:g}"] if self.confirm_within is not None else []
        words += ["--health-path", self.health_path] if self.health_path else []
        words += ["--health-port", str(self.health_port), "--suspend-timeout", f"{options.suspend_timeout:g}"]
        for pair in self.extra:
            words += ["--extra", pair]
        return words


@dataclass(frozen=True)
class Source:
    """Where the code of a deploy comes from."""

    config: str | None = None
    skip_build: bool = False
    image: str | None = None
    from_tree: bool = False
    build_args: tuple[str, ...] = ()
    no_cache: bool = False
    buildkit: bool = False
