"""Every test file belongs to exactly one crew, and a crew's failure is the whole run's."""

from __future__ import annotations

import sys

import pytest

from . import crews
from .crews import CREWS, ROOT, Crew, Ended, main, table


def of(path: str, names: tuple[str, ...] | list[str]) -> bool:
    return any(path == name or path.startswith(f"{name}/") for name in names)


def test_every_file_is_run_by_one_crew():
    files = [file.relative_to(ROOT).as_posix() for file in (ROOT / "tests").rglob("test_*.py")]
    runs = {file: [one.name for one in CREWS if of(file, one.paths) and not of(file, one.ignored())] for file in files}
    assert len(files) > 100
    assert {file: names for file, names in runs.items() if len(names) != 1} == {}


@pytest.mark.parametrize("path", [path for crew in CREWS for path in crew.paths])
def test_what_a_crew_names_is_there(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("codes", "whole"), [((0, 0, 0), 0), ((0, 1, 0), 1), ((5, 0, 0), 1)])
def test_the_whole_run_is_good_if_every_crew_was(codes, whole, monkeypatch, capsys):
    class Scripted(Crew):
        def command(self, options):
            return [sys.executable, "-c", f"print('of {self.name}', *{options!r}); raise SystemExit({self.paths[0]})"]

    monkeypatch.setattr(crews, "CREWS", tuple(Scripted(f"crew {n}", (str(code),)) for n, code in enumerate(codes)))
    assert main(["--lanes", "2", "-x"]) == whole
    said = capsys.readouterr().out.splitlines()
    for n, code in enumerate(codes):
        assert f"    crew {n} | of crew {n} -x" in said
        assert any(line.startswith("FAILED" if code else "ok") and f"crew {n} " in line for line in said)


def test_the_table_ends_with_what_failed():
    ended = [Ended(CREWS[0], 1, 12.0, "1 failed, 3 passed"), Ended(CREWS[1], 0, 3.0, "4 passed")]
    assert [line.split()[:2] for line in table(ended)] == [["ok", CREWS[1].name], ["FAILED", CREWS[0].name]]
