"""Enums whose members come, go, get other names and values, alone and where pydantic's models and FastAPI's routes have
built something of them."""

from __future__ import annotations

_NUMBERS = """
--- m
from enum import Enum, IntEnum
class N({bases}): X = {old}
+++ m
from enum import Enum, IntEnum
class N({bases}): X = {new}
=== hold
held = m.N
=== ask
m.N.X + 1, list(m.N), held is m.N, type(m.N.X) is m.N, m.N(m.N.X.value) is m.N.X
"""
_MODELS = """
--- m
{old}
+++ m
{new}
=== use
m.M(s="a")
=== ask
m.M(s="a").model_dump_json()
[one.name for one in m.S], list(m.S), m.app.openapi()["components"]
__import__("fastapi.testclient").testclient.TestClient(m.app).get("/m?s=a").json()
__import__("fastapi.testclient").testclient.TestClient(m.app).get("/m?s=c").status_code
m.LISTS.validate_python(["a"])
"""
_APP = """
from enum import Enum
from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter
class S({base}Enum):
    A = "a"
    B = "b"
    {more}
class M(BaseModel):
    s: S = S.A
app = FastAPI()
@app.get("/m")
def get(s: S = S.A) -> M: return M(s=s)
LISTS = TypeAdapter(list[S])
{kept}
"""


def _models(old: str, new: str, *, base: str = "str, ", kept: str = "", more: str = "pass") -> str:
    text = _APP.format(base=base, more=more, kept=kept)
    assert old in text
    return _MODELS.format(old=text, new=text.replace(old, new))


def _numbers(bases: str, old: str, new: str) -> str:
    return _NUMBERS.format(bases=bases, old=old, new=new)


CASES = {
    "a number that is a member gets another value": _numbers("int, Enum", "1", "3"),
    "a member comes to numbers": _numbers("int, Enum", "1", "1; Y = 2"),
    "a member comes, another one gets another value": _numbers("int, Enum", "1", "3; Y = 1"),
    "a fraction that is a member gets another value": _numbers("float, Enum", "1.5", "3.5"),
    "an IntEnum's member gets another value": _numbers("IntEnum", "1", "3"),
    "models: a member comes": _models("pass", 'C = "c"'),
    "models: a member goes": _models('    B = "b"\n', ""),
    "models: a member goes, no text": _models('    B = "b"\n', "", base=""),
    "models: a member gets another name": _models('B = "b"', 'BB = "b"'),
    "models: a member gets another value": _models('B = "b"', 'B = "bb"'),
    "models: a default gets another value": _models('A = "a"', 'A = "a"; _order_ = "A B"', base=""),
}
REFUSED = {
    "models: a member goes that an instance has": _models('B = "b"', 'BB = "b"', kept='KEPT = M(s="b")'),
}
