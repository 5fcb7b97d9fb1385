"""A LiveView as a unit: what an upgrade migrates and tells to render."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from flyhot_asgi.live.view import LiveView, check_state
from flyhot_asgi.session.unit import Owner, State, start_upgraded


class Page(Protocol):
    """The open page of a view: its LiveSession."""

    def render_first(self, vsn: str) -> None: ...
    def render_soon(self) -> None: ...


class LiveUnit:
    """State: the view's `state`. After an upgrade the page is rendered before its next event is handled."""

    renders = True
    """Told of a release, it renders."""

    def __init__(self, view: LiveView, page: Page, owner: Owner, *, id: str, path: str) -> None:
        self.id = id
        self.old_vsn: str | None = None
        self._view = view
        self._page = page
        self._owner = owner
        self._path = path

    @property
    def cls(self) -> type:
        return type(self._view)

    @property
    def label(self) -> str:
        return f"{self.cls.__qualname__} {self._path}"

    @property
    def instance(self) -> object | None:
        return self._view

    def get_state(self) -> State:
        """Raises TypeError if the view has made its state something else than a dict."""
        check_state(self._view)
        return dict(self._view.state)

    def replace_state(self, state: State) -> None:
        self._view.state = state

    def resumed(self, vsn: str, changed: bool) -> None:
        """Every page renders, whichever class changed: a template or a function may be what is new."""
        self._page.render_first(vsn)
        if changed:
            start_upgraded(self, self)

    def report(self, what: str) -> None:
        self._owner.report(what)

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None:
        """As the owner of the view's `upgraded()`: run it in the session, then show what it has done."""

        async def work_and_render() -> None:
            await work()
            self._page.render_soon()

        self._owner.spawn(work_and_render, name=name)
