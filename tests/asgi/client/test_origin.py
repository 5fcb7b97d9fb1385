"""Who may open a websocket."""

from __future__ import annotations

import pytest

from flyhot_asgi.client.origin import same_origin


def check(origin: str | None, host: str | None, allowed: tuple[str, ...] = ()) -> bool:
    headers = [(b"host", host.encode())] if host is not None else []
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    return same_origin({"headers": headers}, allowed)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://app.example", "app.example"),
        ("https://app.example", "app.example:443"),
        ("http://app.example:80", "app.example"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://APP.example", "app.Example"),
        (None, "app.example"),
    ],
)
def test_its_own_pages_may(origin: str | None, host: str) -> None:
    assert check(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "app.example"),
        ("https://app.example.evil.example", "app.example"),
        ("https://app.example:444", "app.example"),
        ("http://127.0.0.1:8001", "127.0.0.1:8000"),
        ("http://localhost:8000", "127.0.0.1:8000"),
        ("null", "app.example"),
        ("file://", "app.example"),
        ("https://app.example:x", "app.example"),
        ("https://app.example", None),
        ("", ""),
        ("chrome-extension://app.example", "app.example"),
    ],
)
def test_pages_of_others_may_not(origin: str, host: str | None) -> None:
    assert not check(origin, host)


def test_those_that_are_allowed_by_name_may() -> None:
    assert check("https://www.example", "app.example", ("https://www.example",))
