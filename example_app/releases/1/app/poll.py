"""The poll: one ballot for everybody, one LiveView for each open page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.chart import bars
from app.pages import fragment
from flyhot_asgi import LiveView

DISHES = ("Ramen", "Falafel", "Pizza", "Salad")


class Ballot:
    """The votes, and who wants to hear of them."""

    def __init__(self, dishes: tuple[str, ...]) -> None:
        self.votes = dict.fromkeys(dishes, 0)
        self.watchers: list[PollView] = []

    def leader(self) -> str | None:
        dish = max(self.votes, key=lambda each: self.votes[each])
        return dish if self.votes[dish] else None

    async def add(self, dish: str, amount: int = 1) -> None:
        self.votes[dish] += amount
        for watcher in list(self.watchers):
            await watcher.send_info("voted")


ballot = Ballot(DISHES)


class PollView(LiveView):
    """One vote for each open page."""

    vsn = 1

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"choice": None}
        ballot.watchers.append(self)

    async def unmount(self) -> None:
        ballot.watchers.remove(self)

    async def handle_event(self, event: str, value: dict[str, Any]) -> None:
        dish = value.get("dish")
        if event == "vote" and dish in ballot.votes and self.state["choice"] is None:
            self.state["choice"] = dish
            await ballot.add(dish)

    async def handle_info(self, message: Any) -> None:
        """Somebody voted: there's nothing to remember, only to render."""

    def render(self) -> str:
        choice = self.state["choice"]
        return fragment("poll.html", votes=ballot.votes, choice=choice, chart=bars(ballot.votes, choice))

    def page(self, body: str, script: str) -> str:
        return fragment("live.html", body=body, script=script, path="/poll")
