"""The environment of another machine: a second cold import that sees it finds what depends on the machine. Pure.

What a check of one machine finds is then good for the others, and what only this machine would have is never held
against anybody.
"""

from __future__ import annotations

from collections.abc import Mapping

OTHERS = {
    "FLY_MACHINE_ID": "d8d9014b32d683",
    "FLY_ALLOC_ID": "d8d9014b32d683",
    "FLY_MACHINE_VERSION": "01HXXXXXXXXXXXXXXXXXXXXXXX",
    "FLY_PRIVATE_IP": "fdaa:0:1:a7b:2:3:4:5",
    "FLY_PUBLIC_IP": "2001:db8::5",
    "HOSTNAME": "d8d9014b32d683",
}
"""Values that some other machine could have. Not the region, which an app may look up in a table of its own."""


def elsewhere(environment: Mapping[str, str]) -> dict[str, str]:
    """The same environment on another machine; equal to it where nothing of it names the machine."""
    return {**environment, **{name: value for name, value in OTHERS.items() if name in environment}}
