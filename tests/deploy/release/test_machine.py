"""Whether a release is for a machine, and why not."""

from __future__ import annotations

import dataclasses

import pytest

from flyhot_asgi.errors import NotApplicable
from flyhot_deploy.release.machine import MachineFacts, dependencies_of, facts_here, require_applicable
from tests.deploy.bundles import make_bundle

FACTS = MachineFacts(
    app="shop",
    channel="main",
    base="registry.fly.io/shop:deployment-1",
    python="3.11",
    python_abi="cpython-311-x86_64-linux-gnu",
    dependencies=dependencies_of({"starlette": "0.40.0"}),
)
MANIFEST = make_bundle(expires=2_000_000_000).manifest


def test_its_own_is_applicable() -> None:
    require_applicable(MANIFEST, FACTS, now=1_900_000_000)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"app": "other"}, "shop/main"),
        ({"channel": "staging"}, "shop/main"),
        ({"base": "registry.fly.io/shop:deployment-2"}, "deployment-2"),
        ({"python": "3.12"}, "3.12"),
        ({"python_abi": "cpython-311-aarch64-linux-gnu"}, "aarch64"),
        ({"dependencies": dependencies_of({"starlette": "0.41.0"})}, "starlette: 0.41.0 is installed"),
        ({"dependencies": dependencies_of({})}, "starlette: is not installed"),
        ({"dependencies": dependencies_of({"starlette": "0.40.0", "orjson": "3"})}, "orjson: 3 is installed"),
    ],
)
def test_anothers_is_not_and_says_why(facts: dict[str, object], why: str) -> None:
    with pytest.raises(NotApplicable) as caught:
        require_applicable(MANIFEST, dataclasses.replace(FACTS, **facts), now=1_900_000_000)
    assert why in str(caught.value) and caught.value.do


def test_an_expired_one_is_not() -> None:
    with pytest.raises(NotApplicable, match="expired"):
        require_applicable(MANIFEST, FACTS, now=2_000_000_001)


def test_the_facts_of_this_interpreter() -> None:
    facts = facts_here(app="shop", channel="main", base="registry.fly.io/shop:1@sha256:abc")
    assert facts.base == "registry.fly.io/shop:1"
    assert "starlette" in facts.dependencies.versions
    assert facts_here(app="shop", channel="main", base="x").dependencies == facts.dependencies
