"""httpx without its command line: where `rich` and `pygments` are installed, that costs a tenth of a second."""

from __future__ import annotations

import sys

_COMMAND_LINE = "httpx._main"
_ours = _COMMAND_LINE not in sys.modules
if _ours:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # an import of it fails (import system, `sys.modules`)
try:
    import httpx
finally:
    if _ours:
        sys.modules.pop(_COMMAND_LINE, None)

__all__ = ["httpx"]
