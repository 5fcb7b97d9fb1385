"""Upgrades tried in a scratch process first: what that finds, and what it costs when it dies."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from flyhot_asgi.engine import Engine, Refused
from flyhot_asgi.engine.oracle.cold import Cancelled
from flyhot_asgi.engine.rehearsal.document import Rehearsed, read_rehearsed
from flyhot_asgi.engine.rehearsal.scratch import check_release
from flyhot_asgi.errors import ReleaseError

from ..project import Project

HIDDEN = "import TOP.helpers as helpers\nvalue = getattr(helpers, 'comp' + 'ute')()\nstate = {'count': 0}\n"


def rehearse(engine: Engine, **options: Any) -> Rehearsed:
    """What `upgrade()` would have tried, alone."""
    trial = engine._trial(engine._releases())
    return read_rehearsed(check_release(trial, **{"timeout": engine._timeout, **options})["rehearsed"])


def test_what_the_source_does_not_tell_is_found_before_the_process_is_touched(project: Project) -> None:
    project.write(init="", helpers="X = 1\ndef compute():\n    return X\n", m=HIDDEN)
    m = project.load("m")
    m.state["count"] = 7
    engine = project.engine()
    project.write(helpers="X = 2\ndef compute():\n    return X\n")
    found = rehearse(engine)
    assert (found.outcome, found.passes) == ("arrives", 2) and (f"{project.top}.m", "value") in found.also
    assert m.value == 1
    outcome = engine.upgrade()
    assert (outcome.rehearsed, outcome.passes) == (2, 1)
    assert (m.value, m.helpers.X, m.state) == (2, 2, {"count": 7})
    engine.close()


def test_swapped_code_that_makes_no_value_another_one_needs_no_rehearsal(project: Project) -> None:
    project.write(init="", m="def f():\n    return 1\n")
    project.load("m")
    engine = project.engine()
    project.write(m="def f():\n    return 2\n")
    found = rehearse(engine)
    assert (found.outcome, found.passes) == ("unneeded", 0)
    engine.close()


def test_swapped_code_that_does_is_rehearsed(project: Project) -> None:
    project.write(init="", helpers="def compute():\n    return 1\n", m=HIDDEN)
    project.load("m")
    engine = project.engine()
    project.write(helpers="def compute():\n    return 2\n")
    found = rehearse(engine)
    assert (found.outcome, found.passes) == ("arrives", 2)
    engine.close()


def test_what_can_not_be_mended_is_refused_with_the_difference(project: Project) -> None:
    text = "from TOP import helpers\nexec('hidden = helpers.' + 'X')\nY = 1\n"
    project.write(init="", helpers="X = 1\n", m=text)
    m = project.load("m")
    engine = project.engine()
    project.write(helpers="X = 2\n")
    found = rehearse(engine)
    assert found.outcome == "refused" and found.passes >= 1
    assert any(reason.construct.endswith("m:hidden") and "release 2" in reason.why for reason in found.reasons)
    with pytest.raises(Refused) as refused:
        engine.upgrade()
    assert refused.value.reasons == found.reasons and m.helpers.X == 1
    engine.close()


ONCE = """
seen = set()
def once(n):
    if n in seen:
        raise ValueError(f'{n} again')
    seen.add(n)
    return n
"""


def test_a_statement_that_raises_as_it_ran_before_is_executed_with_what_it_registers_with(project: Project) -> None:
    text = "from TOP.reg import once\nN = 1\nit = (once('a'), N)\n"
    project.write(init="", reg=ONCE, m=text)
    m = project.load("m")
    engine = project.engine()
    project.write(m=text.replace("N = 1", "N = 2"))
    found = rehearse(engine)
    assert (found.outcome, found.passes) == ("arrives", 2), "the set is made again by all that enter something in it"
    engine.upgrade()
    assert m.it == ("a", 2)
    engine.close()


def test_a_statement_that_raises_always_is_refused_with_its_line(project: Project) -> None:
    """It may be imported once in a process, as what it registers with is none of the app's."""
    text = "import codecs, sys\nN = 1\nit = N, sys.modules.setdefault('once', N) is N or 1 / 0\n"
    project.write(init="", m=text)
    m = project.load("m")
    engine = project.engine()
    project.write(m=text.replace("N = 1", "N = 2"))
    with pytest.raises(Refused) as refused:
        engine.upgrade()
    reason = refused.value.reasons[0]
    assert (reason.file.rpartition("/")[2], reason.line, reason.construct) == ("m.py", 3, "it"), reason
    assert "ZeroDivisionError" in reason.why and (m.N, m.it) == (1, (1, True))
    engine.close()


def test_a_scratch_process_that_dies_while_trying_is_a_refusal(project: Project) -> None:
    """A statement that ends the process once it is executed a second time."""
    first = (
        "import os\nX = 1\ndef boom():\n    os.getenv('SEEN') and os._exit(7)\n"
        "    os.environ['SEEN'] = '1'\n    return X\nY = boom()\n"
    )
    project.write(init="", m=first)
    m = project.load("m")
    engine = project.engine(environment={})
    project.write(m=first.replace("X = 1", "X = 2"))
    found = rehearse(engine)
    assert found.outcome == "refused" and "died" in found.reasons[0].why
    with pytest.raises(Refused):
        engine.upgrade()
    assert (m.X, m.Y) == (1, 1)
    engine.close()


def test_a_running_release_that_can_not_be_imported_any_more_is_not_rehearsed(project: Project) -> None:
    gone = project.root / "gone.txt"
    gone.write_text("here")
    project.write(init="", m=f"X = 1\nopen({str(gone)!r}).close()\n")
    m = project.load("m")
    engine = project.engine()
    gone.unlink()
    project.write(m="X = 2\n")
    found = rehearse(engine)
    assert found.outcome == "none" and "gone.txt" in found.reasons[0].why
    assert m.X == 1
    engine.close()


def test_what_takes_too_long_is_ended(project: Project) -> None:
    project.write(init="", m="import os\nX = 1\n")
    project.load("m")
    engine = project.engine(timeout=1.0)
    project.write(m="import os, time\nX = 2\ntime.sleep(60)\n")
    began = time.monotonic()
    with pytest.raises(Refused) as refused:
        engine.upgrade()
    assert time.monotonic() - began < 30
    assert "longer than 1 s" in str(refused.value) or "sleep" in str(refused.value) or refused.value.reasons
    engine.close()


def test_cancelled_it_ends_at_once(project: Project) -> None:
    project.write(init="", m="X = 1\n")
    project.load("m")
    engine = project.engine()
    project.write(m="X = 2\nimport time\ntime.sleep(60)\n")
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        rehearse(engine, cancel=cancel)
    assert time.monotonic() - began < 20
    engine.close()


def test_values_that_are_never_the_same_are_no_difference(project: Project) -> None:
    text = "import time\nSTAMP = time.time_ns()\nNAMES = list({'a', 'b', 'c', 'd', 'e'})\nX = 1\n"
    project.write(init="", m=text)
    m = project.load("m")
    engine = project.engine()
    stamp, names = m.STAMP, list(m.NAMES)
    project.write(m=text.replace("X = 1", "X = 2"))
    assert engine.upgrade().verified
    assert (m.X, m.STAMP, m.NAMES) == (2, stamp, names)
    engine.close()


def test_a_process_that_has_drifted_is_upgraded_for_what_it_is(project: Project) -> None:
    """Somebody wrapped a function before: that is none of the upgrade's doing, and stays."""
    project.write(init="", m="def f():\n    return 1\ndef g():\n    return 1\nX = 1\n")
    m = project.load("m")
    real = m.f
    m.f = lambda: real() + 100
    engine = project.engine()
    project.write(m="def f():\n    return 1\ndef g():\n    return 2\nX = 2\n")
    assert engine.upgrade().verified
    assert (m.f(), m.g(), m.X) == (101, 2, 2)
    engine.close()


def test_the_document_survives_the_wire_and_nothing_else_does() -> None:
    found = Rehearsed("a", "b", "arrives", frozenset({("m", "x")}), 2, frozenset({"m"}))
    assert read_rehearsed(found.document()) == found
    assert found.holds_for("a", "b", {"m"}) and not found.holds_for("a", "b", {"m", "n"})
    assert not found.holds_for("a", "c", {"m"}) and not Rehearsed("a", "b", "none").holds_for("a", "b", set())
    good = found.document()
    bad = [{}, [], None, {**good, "format": 2}, {**good, "also": [["m"]]}, {**good, "also": [[1, 2]]}]
    bad += [{**good, "outcome": "perhaps"}, {**good, "modules": "m"}, {**good, "reasons": [{}]}, {**good, "from": 1}]
    for document in bad:
        with pytest.raises(ReleaseError):
            read_rehearsed(document)
