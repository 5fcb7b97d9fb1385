"""The poll: one ballot for everybody, one LiveView for each open page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.chart import columns
from app.pages import fragment
from flyhot_asgi import LiveView, PubSub

DISHES = ("Ramen", "Falafel", "Pizza", "Salad")
CHEERS = 3

news = PubSub()


class Ballot:
    """The votes. Who wants to hear of them listens to `news`."""

    def __init__(self, dishes: tuple[str, ...]) -> None:
        self.votes = dict.fromkeys(dishes, 0)

    def leader(self) -> str | None:
        dish = max(self.votes, key=lambda each: self.votes[each])
        return dish if self.votes[dish] else None

    def total(self) -> int:
        return sum(self.votes.values())

    def add(self, dish: str) -> None:
        self.votes[dish] += 1
        news.publish("votes", dish)

    def move(self, old: str, new: str) -> None:
        self.votes[old] -= 1
        self.add(new)


ballot = Ballot(DISHES)


class PollView(LiveView):
    """One vote for each open page, a change of mind, and three cheers."""

    vsn = 3

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"vote": {"dish": None, "changes": 0}, "cheers": CHEERS}
        self.subscribe(news, "votes")

    async def handle_event(self, event: str, value: dict[str, Any]) -> None:
        if event == "vote":
            self.vote(value.get("dish"))
        elif event == "cheer" and self.state["cheers"] and self.state["vote"]["dish"]:
            self.state["cheers"] -= 1
            ballot.add(self.state["vote"]["dish"])

    def vote(self, dish: Any) -> None:
        before = self.state["vote"]
        if dish not in ballot.votes or dish == before["dish"]:
            return
        if before["dish"] is None:
            self.state["vote"] = {"dish": dish, "changes": 0}
            ballot.add(dish)
        else:
            self.state["vote"] = {"dish": dish, "changes": before["changes"] + 1}
            ballot.move(before["dish"], dish)

    async def handle_info(self, message: Any) -> None:
        """Somebody voted: there's nothing to remember, only to render."""

    def render(self) -> str:
        vote = self.state["vote"]
        return fragment(
            "poll.html",
            votes=ballot.votes,
            chart=columns(ballot.votes, vote["dish"]),
            choice=vote["dish"],
            changes=vote["changes"],
            cheers=self.state["cheers"],
            total=ballot.total(),
        )

    def page(self, body: str, script: str) -> str:
        return fragment("live.html", body=body, script=script, path="/poll")

    def code_change(self, old_vsn: str, state: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
        """Release 2 kept the vote flat, release 1 counted no changes of mind; neither knew cheers."""
        if extra["direction"] == "up":
            vote = {"dish": state["choice"], "changes": state.get("changes", 0)}
            return {"vote": vote, "cheers": CHEERS}
        flat = {"choice": state["vote"]["dish"], "changes": state["vote"]["changes"]}
        return {"choice": flat["choice"]} if old_vsn == "1" else flat
