"""Frameworks through the whole engine: what is found before anybody is held, and what a cold import says afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asgi.engine.project import Project


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


def test_adapters_and_instances_that_live_are_found_although_the_heap_is_hidden_in_the_hold(app: Project) -> None:
    model = "from pydantic import BaseModel\nclass Item(BaseModel):\n    name: str = 'x'\n"
    user = "from pydantic import TypeAdapter\nfrom .m import Item\nADAPTERS = {'k': TypeAdapter(list[Item])}\n"
    app.write(init="", m=model, user=user)
    user_module = app.load("m", "user")
    living = user_module.Item()
    engine = app.engine()
    app.write(m=model + "    price: int = 3\n")
    assert engine.upgrade().verified
    assert user_module.ADAPTERS["k"].validate_python([{}])[0].price == 3
    assert living.price == 3
    engine.close()


def test_a_validator_that_only_a_model_that_is_made_again_used_may_go(app: Project) -> None:
    old = (
        "from typing import Annotated, Any\nfrom pydantic import BaseModel, BeforeValidator\n"
        "def parse(value: Any) -> Any: return value\n"
        "class Settings(BaseModel):\n    origins: Annotated[list[str], BeforeValidator(parse)] = []\n"
        "settings = Settings()\n"
    )
    new = "from pydantic import BaseModel\n"
    new += "class Settings(BaseModel):\n    origins: list[str] = []\nsettings = Settings()\n"
    app.write(init="", m=old)
    module = app.load("m")
    settings = module.settings
    engine = app.engine()
    app.write(m=new)
    assert engine.upgrade().verified
    assert module.settings is settings and not hasattr(module, "parse")
    engine.close()
