from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.asgi.engine.lab")

from .lab import Lab  # noqa: E402  (after the registration)
from .project import Project  # noqa: E402


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    labs: list[Lab] = []

    def make(**files: str) -> Lab:
        labs.append(Lab(tmp_path, **files))
        return labs[-1]

    yield make
    for one in labs:
        one.close()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    yield made
    made.close()
