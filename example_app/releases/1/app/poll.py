"""The poll: one ballot for everybody, one LiveView for each open page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.chart import bars
from app.pages import fragment
from flyhot_asgi import LiveView, PubSub

DISHES = ("Ramen", "Falafel", "Pizza", "Salad")

news = PubSub()


class Ballot:
    """The votes. Who wants to hear of them listens to `news`."""

    def __init__(self, dishes: tuple[str, ...]) -> None:
        self.votes = dict.fromkeys(dishes, 0)

    def leader(self) -> str | None:
        dish = max(self.votes, key=lambda each: self.votes[each])
        return dish if self.votes[dish] else None

    def add(self, dish: str) -> None:
        self.votes[dish] += 1
        news.publish("votes", dish)


ballot = Ballot(DISHES)


class PollView(LiveView):
    """One vote for each open page."""

    vsn = 1

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"choice": None}
        self.subscribe(news, "votes")

    async def handle_event(self, event: str, value: dict[str, Any]) -> None:
        dish = value.get("dish")
        if event == "vote" and dish in ballot.votes and self.state["choice"] is None:
            self.state["choice"] = dish
            ballot.add(dish)

    async def handle_info(self, message: Any) -> None:
        """Somebody voted: there's nothing to remember, only to render."""

    def render(self) -> str:
        choice = self.state["choice"]
        return fragment("poll.html", votes=ballot.votes, choice=choice, chart=bars(ballot.votes, choice))

    def page(self, body: str, script: str) -> str:
        return fragment("live.html", body=body, script=script, path="/poll")
