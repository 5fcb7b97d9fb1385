"""The tag in other people's HTML: where it belongs, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from flyhot_asgi.client.inject import MOST, injecting
from flyhot_asgi.client.script import bundle
from flyhot_asgi.types import Message

SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": [], "flyhot.vsn": "abc"}
HTML = b"text/html; charset=utf-8"


async def through(*parts: bytes, headers: list[tuple[bytes, bytes]] | None = None, kind: bytes = HTML) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    put = injecting(SCOPE, send)
    await put({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind), *(headers or [])]})
    for index, part in enumerate(parts):
        await put({"type": "http.response.body", "body": part, "more_body": index < len(parts) - 1})
    return sent


def body(sent: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in sent)


async def test_it_stands_first_in_the_head_and_the_length_is_right() -> None:
    text = b"<!doctype html><HEAD lang=x><title>t</title></HEAD>"
    sent = await through(text, headers=[(b"content-length", str(len(text)).encode())])
    written = body(sent)
    assert written.startswith(b'<!doctype html><HEAD lang=x><script src="/_flyhot/')
    assert bundle().name.encode() in written and b'data-vsn="abc"' in written
    assert dict(sent[0]["headers"])[b"content-length"] == str(len(written)).encode()


async def test_a_head_that_comes_in_pieces_is_found_and_the_rest_streams() -> None:
    sent = await through(b"<html><he", b"ad><title>", b"rest", b"")
    assert body(sent).count(b"<script") == 1
    assert [message["body"] for message in sent[2:]] == [b"rest", b""]


@pytest.mark.parametrize("text", [b"<div>a fragment</div>", b"<header>no head</header>", b""])
async def test_what_is_no_document_is_left_alone(text: bytes) -> None:
    assert body(await through(text)) == text


async def test_a_document_with_our_tag_gets_no_second_one() -> None:
    text = b'<head><script src="/_flyhot/flyhot.js"></script></head>'
    assert body(await through(text)) == text


@pytest.mark.parametrize("header", [(b"content-encoding", b"gzip"), (b"etag", b'"1"')])
async def test_a_body_that_is_not_ours_to_change_passes(header: tuple[bytes, bytes]) -> None:
    assert body(await through(b"<head></head>", headers=[header])) == b"<head></head>"


async def test_other_kinds_pass() -> None:
    assert body(await through(b"<head></head>", kind=b"text/plain")) == b"<head></head>"


async def test_no_more_than_so_much_is_held_back() -> None:
    sent = await through(b"x" * MOST, b"<head>", b"end")
    assert [len(message.get("body", b"")) for message in sent] == [0, MOST, 6, 3]
