"""`status --watch`: it looks again whatever it found, until Ctrl-C."""

from __future__ import annotations

from typing import Any

import pytest

from flyhot_asgi.errors import StoreError
from flyhot_deploy.cli import running
from flyhot_deploy.cli.output import Output
from flyhot_deploy.errors import Exit
from flyhot_deploy.local.report import PageReport


async def _answer(*_: Any) -> Any:
    return PageReport(Exit.VERIFIED, "running", (("good", "all is well"),), {})


async def _away(*_: Any) -> Any:
    raise StoreError("nobody answers")


async def _interrupted(*_: Any) -> Any:
    raise KeyboardInterrupt


def test_status_looks_again_whatever_it_found_until_it_is_interrupted_while_it_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = [_answer, _away, _answer, _interrupted]
    monkeypatch.setattr(running, "WATCH_SECONDS", 0.0)
    with pytest.raises(SystemExit) as ended:
        running.keep_watching(lambda *arguments: looks.pop(0)(*arguments), Output(as_json=False))
    said = capsys.readouterr()
    assert ended.value.code == 0 and looks == []
    assert said.out.count("all is well") == 2 and "nobody answers" in said.out + said.err


def test_or_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.time, "sleep", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(SystemExit) as ended:
        running.keep_watching(_answer, Output(as_json=False))
    assert ended.value.code == 0
