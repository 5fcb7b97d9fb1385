"""Fly's objects as values, read with defaults: the API leaves out what is empty (fly-go machine_types.go)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .environment import image_name
from .errors import FlyError

ROLE = "flyhot_role"
"""Metadata key that marks a machine of ours; `fly deploy` and `scale` ignore such machines."""

MADE = "flyhot_made"
"""Metadata key for the time at which a machine of ours was made, in epoch seconds by the deployer's clock."""

ABANDONED_SECONDS = 3 * 3600.0
"""A temporary machine that is older than this works for nobody any more."""

RUNNING = frozenset({"started"})
ASLEEP = frozenset({"stopped", "suspended", "created", "failed"})
ARRIVING = frozenset({"starting", "restarting", "updating", "replacing", "creating"})
LEAVING = frozenset({"stopping", "suspending", "destroying", "destroyed", "replaced", "migrated", "launch_failed"})
NOT_THE_APP = frozenset({"fly_app_release_command", "fly_app_test_machine_command", "fly_app_console"})


@dataclass(frozen=True)
class Machine:
    """One machine. `image` is without digest; `digest` is that of the running image, "" if unknown."""

    id: str
    state: str
    name: str = ""
    region: str = ""
    instance_id: str = ""
    image: str = ""
    digest: str = ""
    group: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    has_services: bool = False
    checks: Mapping[str, str] = field(default_factory=dict)
    host_ok: bool = True
    updated_at: str = ""

    def is_abandoned(self, *, now: float) -> bool:
        """Is it a temporary machine of ours that has worked for nobody for hours? By what its deployer noted on it, so
        that nobody's clock but deployers' own counts. `now`: epoch seconds.
        """
        made = self.metadata.get(MADE, "")
        known = self.is_ours and made.isascii() and made.isdigit() and len(made) < 16
        return known and now - int(made) > ABANDONED_SECONDS

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING

    @property
    def is_ours(self) -> bool:
        """A temporary machine of a deploy of flyhot's."""
        return ROLE in self.metadata

    @property
    def serves_app(self) -> bool:
        """A machine of the app proper: not a release command's, a console's, ours, or one made by `fly machine run`.

        Machines of Fly Launch say so in their metadata; what says nothing counts if it offers services.
        """
        if self.is_ours or self.group in NOT_THE_APP or self.state in LEAVING:
            return False
        return self.metadata.get("fly_platform_version") == "v2" or self.has_services


@dataclass(frozen=True)
class ExecResult:
    """What a command on a machine ended with. The API leaves zero and empty fields out."""

    exit_code: int
    stdout: str = ""
    stderr: str = ""
    exit_signal: int = 0


def read_machine(document: object) -> Machine:
    """A machine as the API gives it. Raises FlyError for what can't be one."""
    if not isinstance(document, dict) or not isinstance(document.get("id"), str) or not document["id"]:
        raise FlyError("the Machines API gave a machine without an id")
    config = _object(document, "config") or _object(document, "incomplete_config")
    metadata = {str(key): str(value) for key, value in _object(config, "metadata").items()}
    reference = _object(document, "image_ref")
    services = config.get("services")
    return Machine(
        id=document["id"],
        state=_text(document, "state"),
        name=_text(document, "name"),
        region=_text(document, "region"),
        instance_id=_text(document, "instance_id"),
        image=image_name(_text(config, "image")) or _image_of(reference),
        digest=_text(reference, "digest") or _text(config, "image").partition("@")[2],
        group=metadata.get("fly_process_group") or metadata.get("process_group", ""),
        metadata=metadata,
        env={str(key): str(value) for key, value in _object(config, "env").items()},
        has_services=isinstance(services, list) and bool(services),
        checks=_checks(document.get("checks")),
        host_ok=_text(document, "host_status") in ("", "ok"),
        updated_at=_text(document, "updated_at"),
    )


def read_exec(document: object) -> ExecResult:
    """The answer to an exec. Raises FlyError for what can't be one."""
    if not isinstance(document, dict):
        raise FlyError("the Machines API gave no answer to exec that can be read")
    numbers = [document.get(name) or 0 for name in ("exit_code", "exit_signal")]
    code, signal = (number if isinstance(number, int) else 1 for number in numbers)
    return ExecResult(code, _text(document, "stdout"), _text(document, "stderr"), signal)


def _image_of(reference: Mapping[str, Any]) -> str:
    registry, repository, tag = (_text(reference, name) for name in ("registry", "repository", "tag"))
    return f"{registry}/{repository}:{tag}" if registry and repository and tag else ""


def _checks(value: object) -> dict[str, str]:
    """Name to status. Fly's blue-green makes entries of its own that check nothing."""
    found = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    return {
        _text(item, "name"): _text(item, "status")
        for item in found
        if not _text(item, "name").startswith("bg_deployments_compat")
    }


def _object(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""
