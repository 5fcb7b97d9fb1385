"""Under which circumstances an app is imported beside the release's own files: the environment that its modules see.

What was recorded on one machine holds on another only if these are the same. Interpreter and dependencies are terms of
the release's manifest; the environment is named here, by a digest that nobody can undo: it has a key made of a secret
that the app's machines share and the bucket does not have. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

SECRETS = ("FLYHOT_SIGNING_KEY", "FLY_API_TOKEN", "FLY_ACCESS_TOKEN")

OF_ONE_MACHINE = frozenset(
    "FLY_MACHINE_ID FLY_ALLOC_ID FLY_MACHINE_VERSION FLY_PUBLIC_IP FLY_PRIVATE_IP FLY_VM_MEMORY_MB FLY_IMAGE_REF"
    " HOSTNAME".split()
)
"""They differ from machine to machine: what depends on them is masked (see `engine.oracle.elsewhere`), and the image
is a term of the manifest."""

OF_ONE_SESSION = frozenset(
    "PATH HOME USER LOGNAME SHELL TERM COLORTERM PWD OLDPWD SHLVL _ MAIL TMPDIR LANG LANGUAGE SSH_CLIENT"
    " SSH_CONNECTION SSH_TTY SSH_AUTH_SOCK PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE PYTHONHASHSEED"
    " PYTEST_CURRENT_TEST".split()
)
"""Of the shell that a command was typed into, and how a process was started in it."""


def shared_key(environment: Mapping[str, str], *, unsigned: bool) -> bytes | None:
    """The key of this app's machines; None if they share no secret. `unsigned`: nobody's word is checked there."""
    for name in SECRETS:
        if value := environment.get(name):
            return hashlib.sha256(b"flyhot check\0" + value.encode("utf-8", "surrogateescape")).digest()
    return b"unsigned" if unsigned else None


def circumstances(environment: Mapping[str, str], key: bytes) -> str:
    """The digest of what modules see in this environment, 64 hex digits."""
    seen = sorted((name, value) for name, value in environment.items() if value and _counts(name))
    return hmac.new(key, repr(seen).encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def _counts(name: str) -> bool:
    return name not in OF_ONE_MACHINE and name not in OF_ONE_SESSION and not name.startswith(("FLYHOT_", "LC_"))
