"""The order in which stale models are built again."""

from __future__ import annotations

from itertools import pairwise

import pydantic

from flyhot_asgi.engine.adapters.schemas import SchemaRefresh, inner_first


def chain(length: int) -> list[type]:
    """Each embeds the one before."""
    found: list[type] = [pydantic.create_model("M0", value=(int, 1))]
    for number in range(1, length):
        found.append(pydantic.create_model(f"M{number}", inner=(found[-1], ...), list_=(list[found[-1]], ...)))
    return found


def test_what_others_embed_comes_before_them() -> None:
    models = chain(12)
    assert inner_first(models[::-1]) == inner_first(frozenset(models)) == models


def test_stale_models_are_built_as_a_cold_import_makes_them() -> None:
    models = chain(12)
    refresh = SchemaRefresh({models[0]}, {}, (), models)
    places = [refresh._stale.index(model) for model in models]
    assert all(before < after for before, after in pairwise(places))
