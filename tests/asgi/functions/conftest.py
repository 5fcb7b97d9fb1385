"""The in-memory server, closed after each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.asgi.session.fakes import Server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    running = Server()
    yield running
    await running.close()
