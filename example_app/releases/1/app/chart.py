"""Counts as a picture: plain SVG, no library."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup, escape

ROW = 44
WIDTH = 600
LABEL = 130


def bars(votes: Mapping[str, int], chosen: str | None = None) -> Markup:
    """Horizontal bars, one a row. `chosen` is drawn in the accent colour."""
    longest = max([1, *votes.values()])
    rows = []
    for index, (dish, count) in enumerate(votes.items()):
        y = index * ROW
        width = round((WIDTH - LABEL - 60) * count / longest)
        mark = " chosen" if dish == chosen else ""
        rows.append(
            f'<text class="label" x="{LABEL - 12}" y="{y + 27}">{escape(dish)}</text>'
            f'<rect class="bar{mark}" x="{LABEL}" y="{y + 8}" height="28" rx="5" '
            f'width="{width}" style="width:{width}px"/>'
            f'<text class="count" x="{LABEL + width + 10}" y="{y + 27}">{count}</text>'
        )
    height = ROW * len(votes)
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Votes">{"".join(rows)}</svg>'
    )
