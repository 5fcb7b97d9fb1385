"""Counts as a picture: plain SVG, no library."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup, escape

COLUMN = 150
WIDTH = 600
HEIGHT = 220
FOOT = 34


def share(count: int, total: int) -> str:
    return f"{100 * count / total:.0f} %" if total else "–"


def columns(votes: Mapping[str, int], chosen: str | None = None) -> Markup:
    """Columns side by side. `chosen` is drawn in the accent colour."""
    total = sum(votes.values())
    highest = max([1, *votes.values()])
    parts = []
    for index, (dish, count) in enumerate(votes.items()):
        middle = index * COLUMN + COLUMN // 2
        tall = round((HEIGHT - FOOT - 40) * count / highest)
        top = HEIGHT - FOOT - tall
        mark = " chosen" if dish == chosen else ""
        leading = " leading" if count == highest else ""
        parts.append(
            f'<rect class="bar{mark}" x="{middle - 38}" y="{top}" width="76" rx="9" '
            f'height="{tall}" style="height:{tall}px"/>'
            f'<text class="count" x="{middle}" y="{top - 10}">{share(count, total)}</text>'
            f'<text class="label{leading}" x="{middle}" y="{HEIGHT - 10}">{escape(dish)} ({count})</text>'
        )
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Votes">{"".join(parts)}</svg>'
    )
