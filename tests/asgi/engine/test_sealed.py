"""What leaves a machine says of values only whether they are the same."""

from __future__ import annotations

from flyhot_asgi.engine.source.paths import ORDER
from flyhot_asgi.engine.verification.compare import differences
from flyhot_asgi.engine.verification.sealed import seal, sealed

HERE = {
    "app:KEY": ("S", "'s3cret'"),
    "app:PORT": ("S", "8000"),
    "app:f": ("D", "function app:f home 12ab ['s3cret'] {}"),
    "app:thing": ("D", "a app:Thing"),
    "app:table": ("S", "dict of 2"),
    f"app:table{ORDER}": ("S", "'s3cret'\n'b'"),
}


def test_no_value_can_be_read_and_what_kind_of_thing_it_is_can() -> None:
    found = sealed(HERE, "salt")
    assert "s3cret" not in repr(found)
    assert found["app:f"][1].startswith("function #") and found["app:KEY"][1].startswith("text #")
    assert [found[path] for path in ("app:thing", "app:table", "app:PORT")] == [
        HERE[path] for path in ("app:thing", "app:table", "app:PORT")
    ]


def test_the_same_is_the_same_and_another_is_another() -> None:
    other = {**HERE, "app:KEY": ("S", "'changed'")}
    old, new = sealed(HERE, "salt"), sealed(other, "salt")
    assert differences(old, new, new, set()) == []
    assert [path for path, _ in differences(old, old, new, set())] == ["app:KEY"]
    assert sealed(HERE, "salt") != sealed(HERE, "pepper") and sealed(HERE, "") == HERE


def test_items_that_a_program_has_added_stay_comparable() -> None:
    more = {**HERE, "app:table": ("S", "dict of 3"), f"app:table{ORDER}": ("S", "'s3cret'\n'x'\n'b'")}
    turned = {**more, f"app:table{ORDER}": ("S", "'b'\n'x'\n's3cret'")}
    old, new = sealed({**HERE, "app:table": ("S", "dict of 1")}, "salt"), sealed(HERE, "salt")
    assert differences(old, sealed(more, "salt"), new, set()) == []
    assert f"app:table{ORDER}" in dict(differences({}, sealed(turned, "salt"), new, set()))


def test_a_document_is_sealed_once() -> None:
    document = seal({"structure": HERE, "before": None, "masked": []}, "salt")
    assert document["sealed"] == "salt" and seal(document, "again") == document
    assert seal({"rehearsed": None}, "salt") == {"rehearsed": None}
