"""What has to be the same for a recording to hold elsewhere, and that nobody can read it back."""

from __future__ import annotations

import pytest

from flyhot_deploy.circumstances import circumstances, shared_key

MACHINE = {"FLY_MACHINE_ID": "a", "FLY_REGION": "ams", "KEY": "x", "PATH": "/bin", "FLYHOT_STORE": "s3://b"}


def test_another_machine_or_shell_is_the_same() -> None:
    other = {**MACHINE, "FLY_MACHINE_ID": "b", "PATH": "/usr/bin", "SSH_TTY": "1", "FLYHOT_ROOT": "/app", "EMPTY": ""}
    assert circumstances(MACHINE, b"k") == circumstances(other, b"k")


@pytest.mark.parametrize("change", [{"KEY": "y"}, {"FLY_REGION": "fra"}, {"MORE": "1"}])
def test_what_a_module_may_look_at_counts(change: dict[str, str]) -> None:
    assert circumstances(MACHINE, b"k") != circumstances(MACHINE | change, b"k")


def test_it_takes_the_machines_secret_to_make_it() -> None:
    assert circumstances(MACHINE, b"k") != circumstances(MACHINE, b"l") and len(circumstances({}, b"k")) == 64
    assert shared_key({}, unsigned=False) is None
