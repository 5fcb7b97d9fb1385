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

    def move(self, old: str, new: str) -> None:
        self.votes[old] -= 1
        self.add(new)


ballot = Ballot(DISHES)


class PollView(LiveView):
    """One vote for each open page, and one may change one's mind."""

    vsn = 2

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"choice": None, "changes": 0}
        self.subscribe(news, "votes")

    async def handle_event(self, event: str, value: dict[str, Any]) -> None:
        dish, choice = value.get("dish"), self.state["choice"]
        if event != "vote" or dish not in ballot.votes or dish == choice:
            return
        self.state["choice"] = dish
        if choice is None:
            ballot.add(dish)
        else:
            self.state["changes"] += 1
            ballot.move(choice, dish)

    async def handle_info(self, message: Any) -> None:
        """Somebody voted: there's nothing to remember, only to render."""

    def render(self) -> str:
        return fragment("poll.html", votes=ballot.votes, chart=bars(ballot.votes, self.state["choice"]), **self.state)

    def page(self, body: str, script: str) -> str:
        return fragment("live.html", body=body, script=script, path="/poll")

    def code_change(self, old_vsn: str, state: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
        """Release 1 counted no changes of mind."""
        if extra["direction"] == "up":
            return {**state, "changes": 0}
        return {"choice": state["choice"]}
