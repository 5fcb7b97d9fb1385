"""Counts as a picture: plain SVG, no library."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup, escape

ROW = 44
WIDTH = 600
LABEL = 130


def share(count: int, total: int) -> str:
    return f"{100 * count / total:.0f} %" if total else ""


def bars(votes: Mapping[str, int], chosen: str | None = None) -> Markup:
    """Horizontal bars, the most wanted on top. `chosen` is drawn in the accent colour."""
    total = sum(votes.values())
    longest = max([1, *votes.values()])
    rows = []
    for index, (dish, count) in enumerate(sorted(votes.items(), key=lambda item: -item[1])):
        y = index * ROW
        width = round((WIDTH - LABEL - 110) * count / longest)
        mark = " chosen" if dish == chosen else ""
        leading = " leading" if count and index == 0 else ""
        rows.append(
            f'<text class="label{leading}" x="{LABEL - 12}" y="{y + 27}">{escape(dish)}</text>'
            f'<rect class="bar{mark}" x="{LABEL}" y="{y + 8}" height="28" rx="14" '
            f'width="{width}" style="width:{width}px"/>'
            f'<text class="count" x="{LABEL + width + 10}" y="{y + 27}">'
            f"{count} · {share(count, total)}</text>"
        )
    height = ROW * len(votes)
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Votes">{"".join(rows)}</svg>'
    )
