"""LiveView: the class that users derive from. What it needs of its page it gets through a `Link`."""

from __future__ import annotations

import html
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol

from flyhot_asgi.client.script import Markup
from flyhot_asgi.live.pubsub import PubSub


class Timer(Protocol):
    """What `send_after` returns."""

    def cancel(self) -> None: ...


class Link(Protocol):
    """A view's connection to its open page. Implemented by LiveSession."""

    def post(self, message: Any) -> None: ...
    def post_after(self, seconds: float, message: Any) -> Timer: ...
    def subscribe(self, pubsub: PubSub, topic: Hashable) -> None: ...
    def unsubscribe(self, pubsub: PubSub, topic: Hashable) -> None: ...


class _NoTimer:
    """Of a view that isn't connected: nothing will be sent."""

    def cancel(self) -> None:
        """Nothing to cancel."""


class LiveView:
    """A page with state. Override `mount` and `render`, and what else is needed.

        class Counter(LiveView):
            async def mount(self, params, session):
                self.state = {"n": 0}

            async def handle_event(self, event, value):
                self.state["n"] += 1

            def render(self):
                return f'<button data-click="more">{self.state["n"]}</button>'

    One instance for each open page, and one for the first HTML of a page, which is rendered before its
    websocket opens (`connected` is then False). All handlers of an instance run one after the other.

    `state` is what an upgrade migrates: plain data. With `code_change(self, old_vsn, state, extra) -> state` a class
    changes its shape (up and, by `extra["direction"]`, down); `vsn` (optional) names the class's version. After an
    upgrade the view renders before it handles its next event.
    """

    state: dict[str, Any]
    title: str = ""
    max_frame: int = 256 * 1024
    """Longest message from the browser, in characters (a submitted form, for example)."""

    _link: Link | None = None

    # What users override.

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        """Make the state. params: of the path and the query. session: of SessionMiddleware, else empty.

        Runs for the first HTML and again when the websocket opens.
        """
        self.state = {}

    async def unmount(self) -> None:
        """The page has gone, or (not connected) its first HTML is rendered. Undo what `mount` did elsewhere."""

    async def handle_event(self, event: str, value: dict[str, Any]) -> None:
        """The user did something: `event` is the name in data-click, data-change or data-submit.

        `value` comes from a browser: check it. If this raises, the error is logged, `state` has the entries it
        had before the event (what was changed inside of a list or dict stays changed), and the page stays.
        """

    async def handle_info(self, message: Any) -> None:
        """A message from inside of the process: `send_info`, `send_after`, a PubSub. Errors: as `handle_event`."""

    def render(self) -> str:
        """The page's inside as HTML, made of `self.state`. Escape what users wrote."""
        raise NotImplementedError(f"{type(self).__qualname__} has no render()")

    def page(self, body: str, script: str) -> str:
        """The whole document around the view. Both arguments are HTML, marked as such for template engines."""
        title = html.escape(self.title or type(self).__name__)
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n{script}\n</head>\n<body>\n{body}\n</body>\n</html>\n"
        )

    # What users call.

    @property
    def connected(self) -> bool:
        """Is this instance a page that is open (and not only its first HTML)?"""
        return self._link is not None

    async def send_info(self, message: Any) -> None:
        """Have `message` handled by `handle_info`, after what came before it. Doesn't wait for that.

        From any task or thread. Nothing happens if the view isn't connected. Raises MailboxFull.
        """
        if self._link is not None:
            self._link.post(message)

    def send_after(self, seconds: float, message: Any) -> Timer:
        """Have `message` handled in so many seconds. The timer ends with the page."""
        return _NoTimer() if self._link is None else self._link.post_after(seconds, message)

    def subscribe(self, pubsub: PubSub, topic: Hashable = "") -> None:
        """Have what is published under `topic` handled by `handle_info`, as long as the page is open."""
        if self._link is not None:
            self._link.subscribe(pubsub, topic)

    def unsubscribe(self, pubsub: PubSub, topic: Hashable = "") -> None:
        if self._link is not None:
            self._link.unsubscribe(pubsub, topic)


def make_view(cls: type[LiveView], link: Link | None = None) -> LiveView:
    """A new instance with an empty state of its own. Raises what the class's `__init__` raises."""
    view = cls()
    if "state" not in vars(view):
        view.state = {}
    view._link = link
    return view


def check_state(view: LiveView) -> None:
    """Raises TypeError if the state isn't a dict: an upgrade could not migrate it."""
    state: object = view.state
    if not isinstance(state, dict):
        raise TypeError(f"the state of {type(view).__qualname__} must be a dict, not {type(state).__qualname__}")


def render_text(view: LiveView) -> str:
    """What `view.render()` gives, checked. Raises TypeError if it isn't text, and whatever render raises."""
    render: Callable[[], object] = view.render
    text = render()
    if not isinstance(text, str):
        raise TypeError(f"{type(view).__qualname__}.render() must return str, not {type(text).__qualname__}")
    return str(text)


def live_root(path: str, body: str) -> Markup:
    """The element that a view lives in. path: where its websocket is, with the query."""
    return Markup(f'<div data-live="{html.escape(path)}">{body}</div>')


def first_page(view: LiveView, path: str, script: str) -> str:
    """The whole document of a mounted view, for the first request."""
    return view.page(live_root(path, render_text(view)), Markup(script))
