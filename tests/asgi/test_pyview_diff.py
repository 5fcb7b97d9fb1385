"""PyView's trees: when its own diff would leave gaps in the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyhot_asgi.integrations.pyview import TemplateFolder, has_other_statics

PART = {"s": ["<b>", "</b>"], "0": "1"}
LOOP = {"s": ["<li>", "</li>"], "d": [["1"], ["2"]]}


@pytest.mark.parametrize(
    ("old", "new", "other"),
    [
        (PART, {**PART, "0": "2"}, False),
        (PART, {**PART, "s": ["<i>", "</i>"]}, True),
        ({"s": ["", ""], "0": PART}, {"s": ["", ""], "0": {**PART, "s": ["<i>", "</i>"]}}, True),
        ({"s": ["", ""], "0": PART}, {"s": ["", ""], "0": ""}, False),
        ({"s": ["", ""], "0": LOOP}, {"s": ["", ""], "0": {**LOOP, "s": ["<p>", "</p>"]}}, False),
        ({}, PART, True),
        (None, PART, False),
    ],
)
def test_a_part_that_another_template_makes_is_found(old: object, new: object, other: bool) -> None:
    assert has_other_statics(old, new) is other


def test_the_gap_is_there_without() -> None:
    calc_diff = pytest.importorskip("pyview.template.render_diff").calc_diff
    new = {"s": ["<i>", "-", "</i>"], "0": "1", "1": "2"}
    assert "0" not in calc_diff(PART, new), "PyView is mended: has_other_statics can go"


def test_a_folder_of_views_reads_what_was_asked_for_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "view.html").write_text("")
    folder = TemplateFolder(tmp_path)
    assert folder.of(str(tmp_path / "view.html")) == str(tmp_path / "view.html")
    assert folder.reads("view.html") and not folder.reads("static/app.css")
