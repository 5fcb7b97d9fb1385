"""Security schemes that are made otherwise while routes, and others, hold them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.asgi.engine.lab import Lab

from .serving import serves

TEXT = """
--- deps
from typing import Annotated
from fastapi import Depends
from fastapi.security import APIKeyHeader, HTTPBearer, OAuth2PasswordBearer
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
from fastapi.security import APIKeyHeader, HTTPBearer, OAuth2PasswordBearer
scheme = %s
Token = Annotated[str, Depends(scheme)]
def user(token: Token): return token
User = Annotated[str, Depends(user)]
"""
SCHEMES = {
    "a token's address": ('OAuth2PasswordBearer(tokenUrl="login")', 'OAuth2PasswordBearer(tokenUrl="token")'),
    "errors": ("HTTPBearer()", "HTTPBearer(auto_error=False)"),
    "a header": ('APIKeyHeader(name="x-key")', 'APIKeyHeader(name="x-token", scheme_name="mine")'),
}


@pytest.mark.parametrize(("old", "new"), SCHEMES.values(), ids=SCHEMES)
async def test_a_scheme_that_is_made_otherwise_is_the_same_object(lab: Callable[..., Lab], old: str, new: str) -> None:
    found = await serves(lab, TEXT % (old, new), [("GET", "/token", None), ("GET", "/in/user", None)])
    assert found.main.HELD["in a dict"][0] is found.main.scheme is found.deps.scheme
