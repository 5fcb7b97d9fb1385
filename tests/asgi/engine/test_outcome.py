"""Reasons are few and short, whatever differs."""

from __future__ import annotations

import re

from flyhot_asgi.engine import Difference
from flyhot_asgi.engine.outcome import reasons_of_differences


def difference(path: str) -> Difference:
    module, _, rest = path.partition(":")
    return Difference(path, "it is 1, in the release 2", f"{module}.py", 3, (module, re.split(r"\W", rest)[0]))


def test_of_an_object_that_differs_in_hundreds_of_places_the_outermost_are_told() -> None:
    found = [difference(f"m:CACHE.parser.states[{number}]") for number in range(300)]
    found += [difference("m:CACHE.parser"), difference("m:CACHE (order)"), difference("m:OTHER")]
    told = reasons_of_differences(found)
    assert [reason.construct for reason in told] == ["m:CACHE.parser", "m:CACHE (order)", "m:OTHER"]
    assert told[0].why == "after the upgrade it is 1, in the release 2"
    assert told[1].why == "after the upgrade it is 1, in the release 2, and 300 more differ in what `CACHE` means"
    assert told[2].why == told[0].why and len({(reason.file, reason.line) for reason in told}) == 1


def test_a_few_differences_are_all_told() -> None:
    found = [difference(f"m:A.x{number}") for number in range(3)]
    assert [reason.construct for reason in reasons_of_differences(found)] == ["m:A.x0", "m:A.x1", "m:A.x2"]
    assert [reason.construct for reason in reasons_of_differences(found[:1])] == ["m:A.x0"]
    assert reasons_of_differences([]) == []
