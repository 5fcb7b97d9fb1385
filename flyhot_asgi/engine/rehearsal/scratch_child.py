"""What runs in the scratch process: imports the old release cold, describes it, and tries the upgrade on itself.

`python scratch_child.py ASKED`: run as a file, never imported by the app. Two answers: the old release's structure as
soon as there is one; then, when the new release's is handed over (a line on the pipe that ASKED names), the rehearsal.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any


def _load_child() -> Any:
    """`oracle/child.py`, without importing flyhot: the release must find the process as the app would."""
    path = Path(__file__).parents[1] / "oracle" / "child.py"
    spec = importlib.util.spec_from_file_location("_flyhot_cold_child", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _write(path: str, answer: dict[str, Any]) -> None:
    """Whole or not at all: it is looked for while it is written."""
    with open(f"{path}.part", "w") as out:
        json.dump(answer, out)
    os.replace(f"{path}.part", path)


def _try_upgrade(asked: dict[str, Any], before: dict[str, Any], handed: dict[str, Any]) -> dict[str, Any]:
    from flyhot_asgi.engine.rehearsal.trial import try_upgrade

    images = [json.loads(Path(path).read_text()) for path in handed["images"]]
    return try_upgrade(asked["trial"], images[0], images[1], before)


def main() -> None:
    child = _load_child()
    asked = json.loads(Path(sys.argv[1]).read_text())
    try:
        before = child.describe_release(asked["cold"])
    except BaseException as exc:
        before = child.describe_failure(exc, asked["cold"]["tree"])
    _write(asked["before"], before)
    if before["ok"]:
        child.list_as_on_disk()
        with os.fdopen(asked["pipe"]) as pipe:
            line = pipe.readline()
        if line:
            try:
                answer = _try_upgrade(asked, before, json.loads(line))
            except BaseException:
                answer = {"fault": traceback.format_exc()[-4000:]}
            _write(asked["out"], answer)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
