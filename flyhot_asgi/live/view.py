"""LiveView: the class that users derive from. What it needs of its page it gets through a `Link`."""

from __future__ import annotations

import html
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

from flyhot_asgi.client.script import Markup
from flyhot_asgi.live.frames import encode_nav, encode_push
from flyhot_asgi.live.pubsub import PubSub


class Timer(Protocol):
    """What `send_after` returns."""

    def cancel(self) -> None: ...


class Link(Protocol):
    """A view's connection to its open page. Implemented by LiveSession."""

    def post(self, message: Any) -> None: ...
    def post_after(self, seconds: float, message: Any) -> Timer: ...
    def tell(self, frame: str) -> None: ...
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

    max_rate: float = 50.0
    max_burst: int = 200
    """Events a second that are taken of one page, and how many at once. What comes faster waits."""

    flash: dict[str, str]
    """What to tell the visitor now, by kind ("info", "error"): `put_flash()`. Text; escape it when you render it."""

    _link: Link | None = None
    _path_params: Mapping[str, str] = {}
    _redirected: str | None = None

    # What users override.

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        """Make the state. params: of the path and the query. session: of SessionMiddleware, else empty.

        Runs for the first HTML and again when the websocket opens.
        """
        self.state = {}

    async def handle_params(self, params: dict[str, str]) -> None:
        """The address has other parameters: after `patch()`, a link with `data-patch`, or the browser's back button."""

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

    def push_event(self, event: str, detail: Any = None) -> None:
        """Have the page's own scripts hear of something: a DOM event `live:<event>` on the view's element, with this
        detail (JSON). Sent before what is rendered now. Raises TypeError, ValueError if it is no JSON."""
        frame = encode_push(event, detail)
        if self._link is not None:
            self._link.tell(frame)

    def put_flash(self, kind: str, text: str) -> None:
        """Say something to the visitor, until `clear_flash()`, or a click on `data-click="flyhot:clear-flash"`. After
        `redirect()` the view of the other page says it."""
        self.flash[kind] = text

    def clear_flash(self, kind: str | None = None) -> None:
        """Say it no longer; without a kind, nothing."""
        if kind is None:
            self.flash.clear()
        else:
            self.flash.pop(kind, None)

    def redirect(self, to: str) -> None:
        """Send the visitor to another page, when this handler has ended. What `put_flash()` said goes with him, if that
        page is a LiveView.

        to: a path of this site. In `mount` of the first HTML it is an HTTP redirect. Raises ValueError for anything
        else (an open redirect is a gift to phishers).
        """
        _check_local(to)
        if self._link is None:
            self._redirected = to
        else:
            self._link.tell(encode_nav(to, kind="go", flash=self.flash))

    async def patch(self, query: str | Mapping[str, Any], *, replace: bool = False) -> None:
        """Show other parameters in the address ("?page=2", or {"page": 2}) without leaving the page, and have
        `handle_params` told of them. replace: no entry in the browser's history."""
        encoded = query.lstrip("?") if isinstance(query, str) else urlencode(query, doseq=True)
        if self._link is not None:
            self._link.tell(encode_nav("?" + encoded, kind="replace" if replace else "push"))
        await self.handle_params({**dict(parse_qsl(encoded, keep_blank_values=True)), **self._path_params})

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
    view.flash = {}
    view._link = link
    return view


def _check_local(to: str) -> None:
    """A browser takes "//host" and "/\\host" for another host."""
    if not to.startswith("/") or to[1:2] in ("/", "\\") or any(ord(each) < 32 for each in to):
        raise ValueError(f"redirect() goes to a path of this site, such as '/done'; not to {to!r}")


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
