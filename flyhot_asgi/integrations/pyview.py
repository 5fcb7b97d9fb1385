"""PyView (`pyview-web`): unmodified apps are upgraded in place, and rendered again on the same websocket.

Each open view is a unit. Its state is `socket.context`; its class may have

    def code_change(self, old_vsn, socket, extra): socket.context = …

which is given the socket as it will be, and changes its `context` or replaces it. A view without one keeps its context.

The first diff after an upgrade is the whole tree. PyView's own diff compares trees key by key, the statics being one of
the keys: for a template that changed it leaves out the dynamics whose value did not change, and the client, which
replaces the subtree when it gets new statics, prints "undefined" in their place.
"""

from __future__ import annotations

import functools
import html
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..session import Session, Unit
from ..session.unit import State, start_upgraded
from ..types import SESSION_KEY

logger = logging.getLogger("flyhot.live")

_MARK = "__flyhot_installed__"
_NEEDED = {
    "pyview.live_socket": ("ConnectedLiveViewSocket",),
    "pyview.live_view": ("find_associated_file",),
    "pyview.ws_handler": ("_render",),
}
_SOCKET_NEEDS = ("__init__", "close", "diff", "send_info")
_UNIT = "_flyhot_unit"


_KEEP = """<script{nonce}>
window.LiveViewConfig = {{dom: {{onBeforeElUpdated(from, to) {{
  if ((from.tagName === "DETAILS" || from.tagName === "DIALOG") && from.hasAttribute("open"))
    to.setAttribute("open", "");
  if (from === document.activeElement || !("value" in from) || from.type === "file") return;
  if (from.type === "checkbox" || from.type === "radio") {{
    if (from.defaultChecked === to.defaultChecked) to.checked = from.checked;
  }} else if (from.tagName === "SELECT" || from.defaultValue === to.defaultValue) {{
    to.value = from.value;
  }}
}}}}}};
</script>"""


class Html(str):
    """Text that is HTML already (the `__html__` protocol of MarkupSafe)."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def keep_script(nonce: str | None = None) -> str:
    """A script for the head of a PyView page: what was typed, ticked, chosen or opened, and what the server says
    nothing new about, survives every update, not only an upgrade's.

    PyView's client resets fields without focus to the server's value at each diff. For
    `defaultRootTemplate(head_content=…)`: it must stand before PyView's own script. An element that something is put in
    front of must have an id to be known again. `nonce`: of the page's Content-Security-Policy.
    """
    return Html(_KEEP.format(nonce=f' nonce="{html.escape(nonce)}"' if nonce else ""))


class TemplateFolder:
    """Where the template beside a view's module is read: in the release that runs, not in the working tree.

    The runtime finds it as it finds template loaders, and points its `searchpath` into the release.
    """

    def __init__(self, root: Path) -> None:
        self.base = os.path.realpath(root)
        self.searchpath = [self.base]
        self._read: set[str] = set()

    def of(self, file: str) -> str:
        """The file to read in place of `file`."""
        real = os.path.realpath(file)
        if not real.startswith(self.base + os.sep):
            return file
        self._read.add(os.path.relpath(real, self.base))
        if self.searchpath[0] == self.base:
            return file
        moved = os.path.join(self.searchpath[0], os.path.relpath(real, self.base))
        return moved if os.path.isfile(moved) else file

    def reads(self, path: str) -> bool:
        """Was this file, relative to the base, read for a view?"""
        return path in self._read


class PyViewUnit:
    """One open view. State: `{"context": socket.context}`."""

    renders = True
    """Told of a release, it renders."""

    def __init__(self, socket: Any, session: Session, *, number: int) -> None:
        self.id = f"{session.id}/{number}"
        self.old_vsn: str | None = None
        self.due = False
        """The next diff must be the whole tree."""
        self._socket = socket
        self._session = session

    @property
    def cls(self) -> type:
        return type(self._socket.liveview)

    @property
    def label(self) -> str:
        return f"{self.cls.__qualname__} {self._session.path} ({self._socket.topic})"

    @property
    def instance(self) -> object | None:
        return self._socket.liveview if self._socket.connected else None

    def get_state(self) -> State:
        context = getattr(self._socket, "context", None)
        return {} if context is None else {"context": context}

    def replace_state(self, state: State) -> None:
        if "context" in state:
            self._socket.context = state["context"]

    def adapt(self, code_change: Callable[..., object]) -> Callable[[str, State, dict[str, Any]], object]:
        """The view's `code_change(old_vsn, socket, extra)`, to be called with a state as those of other units are."""

        @functools.wraps(code_change)
        def told(old_vsn: str, state: State, extra: dict[str, Any]) -> object:
            socket = _Told(self._socket, state)
            result = code_change(old_vsn, socket, extra)
            return state if result is None else result

        return told

    def resumed(self, vsn: str, changed: bool) -> None:
        """Every view renders, whichever class changed: a template or a function may be what is new."""
        self.due = True
        self._session.spawn(self._render, name=f"rendering {self.label}")
        if changed:
            start_upgraded(self, self._session)

    def _answered(self) -> bool:
        return not self.due

    async def _render(self) -> None:
        """Show the new release, unless the answer to a held event did so. What fails here leaves the old page as it
        is, and hurts this view only."""
        socket = self._socket
        if self._answered() or not socket.connected:
            return
        try:
            tree = await sys.modules["pyview.ws_handler"]._render(socket)
            if self._answered():
                return  # an event was answered meanwhile, with more than this tree knows
            tree = socket.diff(tree)
            if socket.pending_events:
                tree, socket.pending_events = tree | {"e": socket.pending_events}, []
            await socket.websocket.send_text(json.dumps([None, None, socket.topic, "diff", tree]))
        except Exception:
            logger.exception("%s could not be rendered on the new release; its page shows the old one", self.label)


class _Told:
    """A socket as `code_change` sees it: its `context` is the state's; all else is the living socket's, to read."""

    def __init__(self, socket: Any, state: State) -> None:
        object.__setattr__(self, "_socket", socket)
        object.__setattr__(self, "_state", state)

    def __getattr__(self, name: str) -> Any:
        if name == "context":
            try:
                return self._state["context"]
            except KeyError:
                raise AttributeError("this view has no context yet") from None
        return getattr(self._socket, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "context":
            raise AttributeError(f"code_change may set socket.context, not socket.{name}: that could not be undone")
        self._state["context"] = value


def install(root: Path) -> None:
    """Wrap PyView's socket class, if the app imported PyView. Idempotent. `root`: the app's folder.

    A PyView with other insides is left alone and named in the log: its views then don't render again by themselves.
    """
    sockets = sys.modules.get("pyview.live_socket")
    if sockets is None:
        return
    socket_class = getattr(sockets, "ConnectedLiveViewSocket", None)
    if getattr(socket_class, _MARK, False):
        return
    if missing := _missing(socket_class):
        logger.warning("this PyView has no %s: its views are not rendered again after an upgrade", ", ".join(missing))
        return
    _wrap(socket_class)
    view = sys.modules["pyview.live_view"]
    _read_from_release(view, TemplateFolder(root))
    setattr(socket_class, _MARK, True)


def _missing(socket_class: Any) -> list[str]:
    found = [f"{m}.{name}" for m, names in _NEEDED.items() for name in names if not hasattr(sys.modules.get(m), name)]
    return found + [f"ConnectedLiveViewSocket.{name}" for name in _SOCKET_NEEDS if not hasattr(socket_class, name)]


def _read_from_release(view: Any, folder: TemplateFolder) -> None:
    find: Callable[[object, str], str | None] = view.find_associated_file

    @functools.wraps(find)
    def find_in_release(obj: object, extension: str) -> str | None:
        file = find(obj, extension)
        return file if file is None else folder.of(file)

    view.find_associated_file = find_in_release


def has_other_statics(old: object, new: object) -> bool:
    """Is a part of the tree made by another template now? PyView reads a template anew when its file is saved, also
    between two upgrades, and its diff would leave gaps then."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    if "d" in old or "d" in new:
        return False  # a loop: its statics and dynamics are sent together
    if old.get("s") != new.get("s"):
        return True
    return any(has_other_statics(old[key], new[key]) for key in old.keys() & new.keys())


def _unit_of(socket: Any) -> PyViewUnit | None:
    unit: PyViewUnit | None = vars(socket).get(_UNIT)
    return unit


def _wrap(socket_class: Any) -> None:
    init, close, diff, send_info = (getattr(socket_class, name) for name in _SOCKET_NEEDS)

    @functools.wraps(init)
    def attached(self: Any, websocket: Any, *args: Any, **kwargs: Any) -> None:
        init(self, websocket, *args, **kwargs)
        session = websocket.scope.get(SESSION_KEY)
        if isinstance(session, Session):
            unit = PyViewUnit(self, session, number=session.next_number())
            session.attach(unit)
            setattr(self, _UNIT, unit)

    @functools.wraps(close)
    async def closed(self: Any) -> None:
        unit = _unit_of(self)
        if unit is not None:
            unit._session.detach(unit)
        await close(self)

    @functools.wraps(diff)
    def whole_first(self: Any, render: dict[str, Any]) -> Any:
        unit = _unit_of(self)
        if unit is not None and (unit.due or has_other_statics(self.prev_rendered, render)):
            unit.due = False
            self.prev_rendered = render
            return render
        return diff(self, render)

    @functools.wraps(send_info)
    async def at_work(self: Any, event: Any) -> None:
        """Jobs, subscriptions and streams don't pass the gate: they are work of the session's, and wait in a hold."""
        unit = _unit_of(self)
        if unit is None:
            return await send_info(self, event)  # type: ignore[no-any-return]
        async with unit._session.working():
            await send_info(self, event)

    for name, function in zip(_SOCKET_NEEDS, (attached, closed, whole_first, at_work), strict=True):
        setattr(socket_class, name, function)


_: type[Unit] = PyViewUnit
