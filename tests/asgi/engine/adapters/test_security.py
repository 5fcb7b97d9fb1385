"""Security schemes that are made otherwise while routes, and others, hold them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.asgi.engine.lab import Lab
from tests.asgi.engine.pairs import pair

from .serving import serves

TEXT = """
--- deps
from typing import Annotated
from fastapi import Depends
from fastapi.security import %s
scheme = %s
Token = Annotated[str, Depends(scheme)]
def user(token: Token): return token
User = Annotated[str, Depends(user)]
--- main
from fastapi import APIRouter, FastAPI
from .deps import Token, User, scheme
HELD = {"in a dict": [scheme]}
router = APIRouter(prefix="/in")
@router.get("/user")
def by_user(user: User): return str(user)
app = FastAPI()
@app.get("/token")
def by_token(token: Token): return str(token)
app.include_router(router)
+++ deps
from typing import Annotated
from fastapi import Depends
from fastapi.security import %s
scheme = %s
Token = Annotated[str, Depends(scheme)]
def user(token: Token): return token
User = Annotated[str, Depends(user)]
"""
SCHEMES = {
    "a token's address": ('OAuth2PasswordBearer(tokenUrl="login")', 'OAuth2PasswordBearer(tokenUrl="token")'),
    "errors": ("HTTPBearer()", "HTTPBearer(auto_error=False)"),
    "another kind": ('OAuth2PasswordBearer(tokenUrl="login")', "HTTPBearer(auto_error=False)"),
    "a kind with more of its own": ("HTTPBearer()", 'APIKeyHeader(name="x-token")'),
    "a header": ('APIKeyHeader(name="x-key")', 'APIKeyHeader(name="x-token", scheme_name="mine")'),
}


def _text(old: str, new: str) -> str:
    return TEXT % (old.partition("(")[0], old, new.partition("(")[0], new)


@pytest.mark.parametrize(("old", "new"), SCHEMES.values(), ids=SCHEMES)
async def test_a_scheme_that_is_made_otherwise_is_the_same_object(lab: Callable[..., Lab], old: str, new: str) -> None:
    found = await serves(lab, _text(old, new), [("GET", "/token", None), ("GET", "/in/user", None)])
    assert found.main.HELD["in a dict"][0] is found.main.scheme is found.deps.scheme


def test_what_holds_a_method_of_a_scheme_of_another_kind_is_not_deceived(lab: Callable[..., Lab]) -> None:
    old, new = pair(_text("HTTPBearer()", 'APIKeyHeader(name="x-token")'))
    one = lab(**{**old, "main": old["main"].replace("[scheme]", "[scheme.__call__]")})
    refusal = one.refused(**{**new, "main": old["main"].replace("[scheme]", "[scheme.__call__]")})
    assert "is still held" in refusal.reason
