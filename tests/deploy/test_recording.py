"""A release recorded and rehearsed where it is packed."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from flyhot_asgi.engine.rehearsal import packed
from flyhot_asgi.release.config import Settings
from flyhot_asgi.release.manifest import Manifest
from flyhot_deploy import recording
from flyhot_deploy.circumstances import circumstances
from flyhot_deploy.recording import Predecessor, Recording, record

ONE = {"pkg/__init__.py": b"", "pkg/rules.py": b"WORD = 'one'\n"}
ONE["pkg/main.py"] = (
    b"import os\nfrom pkg import rules\nKEY = os.environ['APP_KEY']\nword = getattr(rules, 'WO' + 'RD')\n"
)
TWO = {**ONE, "pkg/rules.py": b"WORD = 'two'\n"}
IMPORTED = [("pkg", "pkg/__init__.py"), ("pkg.rules", "pkg/rules.py"), ("pkg.main", "pkg/main.py")]
ENVIRONMENT = {**os.environ, "APP_KEY": "s3cret-of-the-app"}


async def made(root: Path, files: dict[str, bytes], *, digest: str = "") -> Recording:
    before = Predecessor(digest or Manifest.of(ONE, app="pkg").digest, ONE, IMPORTED, {"FLY_REGION": "ams"})
    return await record(files, before, root, Settings(app="pkg"), environment=ENVIRONMENT, key=b"k")


async def test_what_it_looks_like_and_how_to_get_there(tmp_path: Path) -> None:
    found = await made(tmp_path, TWO)
    assert found.plan is not None and found.structure is not None, found.why
    assert found.plan["outcome"] == "arrives" and ["pkg.main", "word"] in found.plan["also"]
    assert set(found.structure["modules"]) == {"pkg", "pkg.main", "pkg.rules"}
    assert found.structure["circumstances"] == circumstances({**ENVIRONMENT, "FLY_REGION": "ams"}, b"k")
    assert "s3cret" not in json.dumps([found.structure, found.plan])
    again = await made(tmp_path, TWO)
    assert json.dumps([again.structure, again.plan]) == json.dumps([found.structure, found.plan])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "word"), [(b"def broken(:\n", "SyntaxError"), (b"import no_such_module\n", "no_such_module")]
)
async def test_what_cant_be_imported_here_is_for_the_machines_to_judge(tmp_path: Path, text: bytes, word: str) -> None:
    found = await made(tmp_path, {**TWO, "pkg/rules.py": text})
    assert (found.structure, found.plan) == (None, None) and word in found.why


async def test_not_even_a_fault_of_ours_stops_a_deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "check_packed", lambda *arguments, **options: {}["no such thing"])
    found = await made(tmp_path, TWO)
    assert found.plan is None and "KeyError" in found.why


async def test_files_of_another_release_are_not_started_from(tmp_path: Path) -> None:
    found = await made(tmp_path, TWO, digest="0" * 64)
    assert found.plan is None and "not what its name says" in found.why


async def test_one_that_is_too_large_stays_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MAX_BYTES", 100)
    assert "more than 100 bytes" in (await made(tmp_path, TWO)).why


async def test_whoever_gives_up_leaves_no_process(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    text = b"import os, time\nopen('begun', 'w').write(f'{os.getpid()} ')\ntime.sleep(600)\n"
    task = asyncio.ensure_future(made(tmp_path, {**TWO, "pkg/rules.py": text}))
    pid = int((await asyncio.to_thread(begun.read_text)).split()[0])  # waits until one has opened it
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
