"""Which differences between the living process and the release count."""

from __future__ import annotations

import pytest

from flyhot_asgi.engine.verification.compare import differences, drifted, unsettled, unstable_paths

F1, F2 = ("D", "function m:f home 1"), ("D", "function m:f home 2")
ONE, TWO, RUN = ("S", "1"), ("S", "2"), ("S", "99")


def paths(old, live, new, masked=frozenset()):
    return [path for path, _ in differences(old, live, new, set(masked))]


@pytest.mark.parametrize(
    ("old", "live", "new", "counts"),
    [
        (F1, F2, F2, False),  # it arrived
        (F1, F1, F2, True),  # it did not
        (F1, F2, F1, True),  # a definition must be equal, always
        (F1, None, F1, True),
        (None, None, F1, True),
        (F1, F1, None, True),  # it should be gone
        (ONE, RUN, ONE, False),  # the program changed it, the release did not: it lives on
        (ONE, TWO, TWO, False),
        (ONE, ONE, TWO, True),  # the release changed it, and it did not arrive
        (ONE, RUN, TWO, True),  # both changed it
        (None, RUN, None, False),  # the program made it
        (ONE, None, ONE, False),  # the program deleted it
        (None, None, TWO, True),
    ],
)
def test_the_three_way_rule(old, live, new, counts: bool) -> None:
    def side(entry):
        return {} if entry is None else {"m:x": entry}

    assert bool(paths(side(old), side(live), side(new))) is counts


def test_contents_of_containers_and_objects_are_state_even_if_they_are_functions() -> None:
    table = {"m:T": ("S", "dict of 1")}
    old = {**table, "m:T['a']": F1}
    assert paths(old, {**table, "m:T['a']": F1, "m:T['own']": F1}, old) == []
    assert paths(old, old, {**table, "m:T['a']": F2}) == ["m:T['a']"]


def test_routes_that_the_app_added_while_it_ran_live_on_but_a_new_one_must_arrive() -> None:
    app = {"m:app": ("D", "a fastapi.applications:FastAPI"), "m:app.routes[0]": ("D", "Route path='/'")}
    more = {**app, "m:app.routes[1]": ("D", "Route path='/new'")}
    assert paths(app, {**app, "m:app.routes[1]": ("D", "Mount path='/own'")}, app) == []
    assert paths(app, app, more) == ["m:app.routes[1]"]


def test_what_two_cold_imports_disagree_on_says_nothing_and_neither_does_what_is_inside_of_it() -> None:
    masked = unstable_paths({"m:now": ("S", "1.5"), "m:x": ONE}, {"m:now": ("S", "1.6"), "m:x": ONE})
    assert masked == {"m:now"}
    assert paths({"m:now": ("S", "0")}, {"m:now": ("S", "7"), "m:now.part": ONE}, {"m:now": ("S", "1.5")}, masked) == []


def test_without_the_old_import_only_definitions_are_compared() -> None:
    assert paths(None, {"m:x": ONE, "m:f": F1}, {"m:x": TWO, "m:f": F2}) == ["m:f"]


def test_what_was_different_before_the_upgrade_is_known() -> None:
    assert drifted({"m:f": F1, "m:x": ONE}, {"m:f": F2, "m:x": TWO, "m:g": F1}) == {"m:f", "m:g"}


@pytest.mark.parametrize(
    ("before", "live", "counts"),
    [
        (ONE, ONE, False),
        (RUN, RUN, False),  # the program's
        (RUN, ONE, True),  # what the program made of it is lost
        (ONE, TWO, True),  # the upgrade itself did something twice
        (RUN, TWO, True),
        (ONE, None, True),
        (None, TWO, True),
    ],
)
def test_an_upgrade_changes_no_state_that_the_release_does_not_change(before, live, counts: bool) -> None:
    old = new = {"m:x": ONE}
    sides = [{} if one is None else {"m:x": one} for one in (live, before)]
    assert bool(differences(old, sides[0], new, set(), sides[1], still=True)) is counts


def test_a_cache_in_an_object_may_be_emptied_and_what_is_never_the_same_is_no_loss() -> None:
    cold = {"m:app": ("D", "a m:App"), "m:app.openapi": ("S", "None"), "m:now": ONE}
    before = {**cold, "m:app.openapi": RUN, "m:now": RUN}
    assert differences(cold, cold, cold, {"m:now"}, before, still=True) == []
    assert [path for path, _ in differences(cold, cold, cold, set(), before, still=True)] == ["m:now"]


def test_a_count_in_an_object_is_not_to_be_lost() -> None:
    cold = {"m:calls": ("D", "a m:Count"), "m:calls.n": ONE}
    before = {**cold, "m:calls.n": RUN}
    assert [path for path, _ in differences(cold, cold, cold, set(), before, still=True)] == ["m:calls.n"]


def test_code_that_the_program_put_somewhere_changes_with_the_release() -> None:
    table = {"m:T": ("S", "dict of 1"), "m:T['a']": F1, "m:T['a'].kept": ONE}
    live = {"m:T": ("S", "dict of 1"), "m:T['a']": F2, "m:T['a'].kept": TWO}
    cold = {"m:T": ("S", "dict of 0")}
    assert differences(cold, live, cold, set(), table, still=True) == []


def test_where_two_cold_imports_fill_a_table_otherwise_what_chances_to_be_alike_says_nothing() -> None:
    def table(**rows: str) -> dict[str, tuple[str, str]]:
        found = {
            "m:T": ("S", "dict of 3"),
            "m:A": ("S", "a m:Action"),
            "m:A (same)": ("S", "the object of m:T['x'][0]"),
        }
        for row, words in rows.items():
            found[f"m:T['{row}']"] = ("S", f"dict of {len(words)}")
            found |= {f"m:T['{row}']['{word}']": ONE for word in words}
        return found

    one, other = table(x="ab", y="cd", z="e"), table(x="ac", y="bd", z="e")
    masked = unstable_paths(one, other) | unsettled(one, other)
    assert {"m:T", "m:A (same)"} <= masked and "m:A" not in masked
    live = table(x="de", y="a", z="bc")
    assert differences(one, live, other, masked, one, still=True) == []


def test_a_table_with_one_item_that_differs_each_time_is_compared_but_for_that() -> None:
    one = {"m:T": ("S", "dict of 2"), "m:T['at']": ("S", "dict of 1"), "m:T['at'][1]": ONE, "m:T['b']": ONE}
    other = {**one, "m:T['at'][2]": ONE}
    del other["m:T['at'][1]"]
    assert unsettled(one, other) == {"m:T['at']"}


def test_names_that_are_drawn_in_each_process_are_not_compared() -> None:
    def drawn(digit: str) -> dict[str, tuple[str, str]]:
        return {
            "m:C": ("D", "class m:C"),
            f"m:C.pack_{digit * 32}": ("D", "function m:f"),
            "m:C.f": ("D", "function m:f"),
        }

    masked = unstable_paths(drawn("a"), drawn("b"))
    assert differences(drawn("d"), drawn("c"), drawn("a"), masked, drawn("c"), still=True) == []
    live = {**drawn("c"), "m:C.f": ("D", "function m:g")}
    assert [path for path, _ in differences(drawn("d"), live, drawn("a"), masked)] == ["m:C.f"]
