"""Instances at module level whose class gains attributes: filled from a second one, where that is all that happens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flyhot_asgi.engine import Refused

from .lab import Lab

OLD = """
class Cache:
    def __init__(self): self.entries = {}
class Service:
    def __init__(self, name):
        self.name, self.cache = name, Cache()
    def told(self): return [self.name, len(self.cache.entries)]
service = Service("a")
"""
NEW = """
import asyncio
from collections import defaultdict
class Cache:
    def __init__(self): self.entries = {}
class Audit:
    def __init__(self, of): self.of = of.upper()
class Service:
    def __init__(self, name, strict=False):
        self.name, self.cache = name, Cache()
        self.audit, self.rooms, self.strict = Audit(name), defaultdict(set), strict
        self.lock = asyncio.Lock()
    def told(self): return [self.name, len(self.cache.entries), self.audit.of, len(self.rooms), self.strict]
service = Service("a")
"""
USER = "from .m import Service, service\nHELD = [service]\ndef told(): return service.told()\n"


@pytest.mark.parametrize("made", ['Service("a")', 'Service("a", strict=True)'])
def test_what_the_import_made_gains_attributes(lab: Callable[..., Lab], made: str) -> None:
    one = lab(m=OLD, user=USER)
    one.here = True
    living, cache = one.m.service, one.m.service.cache
    one.comes(m=NEW.replace('Service("a")', made), user=USER)
    assert one.m.service is living is one.user.HELD[0] and living.cache is cache
    assert one.user.told() == ["a", 0, "A", 0, "strict" in made]
    one.undo()
    assert one.user.told() == ["a", 0] and not hasattr(living, "audit")


LOCK = "self.lock = asyncio.Lock()"
REFUSED = {
    "the program changed it": ("one.m.service.cache.entries['k'] = 1", NEW),
    "the program has another one": ("one.user.HELD.append(one.m.Service('b'))", NEW),
    "making it enters it somewhere": ("", "ALL = []\n" + NEW.replace(LOCK, "ALL.append(self)")),
    "making it calls what is not known": ("", NEW.replace(LOCK, "self.code = compile('1', '', 'eval')")),
    "making it calls a method": ("", NEW.replace(LOCK, "self.start()\n    def start(self): ...")),
    "it is no name of a module": ("", NEW + 'ALL = [Service("b")]\n'),
}


@pytest.mark.parametrize("why", REFUSED)
def test_or_it_is_refused(lab: Callable[..., Lab], why: str) -> None:
    done, new = REFUSED[why]
    old = OLD + ('ALL = [Service("b")]\n' if why == "it is no name of a module" else "")
    one = lab(m=old, user=USER)
    one.here = True
    exec(done, {"one": one})
    before = one.user.told()
    with pytest.raises(Refused, match="lack the attribute"):
        one.comes(m=new, user=USER)
    assert one.user.told() == before


def test_a_class_that_changes_with_what_it_derives_from(lab: Callable[..., Lab]) -> None:
    base = "class Base:\n    def __init__(self): self.a = 1\n    def told(self): return self.a\n"
    new = "class Base:\n    def __init__(self): self.a, self.b = 1, 2\n    def told(self): return [self.a, self.b]\n"
    text = "from .base import Base\nclass Service(Base):\n    def __init__(self): super().__init__(); self.c = 3\n"
    one = lab(base=base, m=f"{text}service = Service()\n")
    one.here = True
    one.comes(base=new, m=f"{text}service = Service()\n")
    assert one.m.service.told() == [1, 2]


def test_who_migrates_itself_is_not_filled(lab: Callable[..., Lab]) -> None:
    migrating = NEW + "    def code_change(self, old, extra): self.audit = 1\n"
    migrating = migrating.replace('service = Service("a")\n', "") + 'service = Service("a")\n'
    one = lab(m=OLD, user=USER)
    one.here = True
    with pytest.raises(Refused):
        one.comes(m=migrating, user=USER)
