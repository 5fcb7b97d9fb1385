"""The verification finds what an apply left undone: each test tampers with a process after the patch."""

from __future__ import annotations

import pytest

from flyhot_asgi.engine import Journal, Patch, verify

OLD = "X = 1\ngone = 1\ndef f(a, b=1): return 1\nclass C:\n    def m(self): return 1\n    def k(self): return 1\n"
NEW = "X = 2\nY = 3\ndef f(a, b=2, *, c=3): return 2\nclass C:\n    def m(self): return 2\n    def n(self): return 2\n"


@pytest.fixture
def patched(lab):
    app = lab(m=OLD)
    old_code = app.m.f.__code__
    plan = app.plan(m=NEW)
    patch = Patch(plan, app.finder)
    patch.stage()
    journal = Journal()
    patch.apply(journal)
    assert verify(patch) == []
    yield app, patch, old_code
    journal.rollback()


def words(patch):
    return " ".join(str(difference) for difference in verify(patch))


def test_a_function_with_old_code(patched):
    app, patch, old_code = patched
    app.m.f.__code__ = old_code
    assert "not the release's" in words(patch)
    assert verify(patch)[0].file.endswith("m.py")


def test_a_function_with_old_defaults(patched):
    app, patch, _ = patched
    app.m.f.__defaults__ = None
    assert "defaults" in words(patch)


def test_a_function_without_its_keyword_defaults(patched):
    app, patch, _ = patched
    app.m.f.__kwdefaults__ = None
    assert "defaults" in words(patch)


def test_a_missing_name(patched):
    app, patch, _ = patched
    del app.m.Y
    assert "`Y` is missing" in words(patch)


def test_a_name_that_should_be_gone(patched):
    app, patch, _ = patched
    app.m.gone = 1
    assert "`gone` should be gone" in words(patch)


def test_a_missing_member(patched):
    app, patch, _ = patched
    del app.m.C.n
    assert "`n` is missing" in words(patch)


def test_a_member_that_should_be_gone(patched):
    app, patch, _ = patched
    app.m.C.k = 1
    assert "`k` should be gone" in words(patch)


def test_names_of_the_cold_import_count(patched):
    app, patch, _ = patched
    names = {app.m.__name__: ["X", "Y", "f", "C", "made_by_a_loop"]}
    assert any("made_by_a_loop" in str(d) for d in verify(patch, names))


def test_a_function_held_by_a_suspended_coroutine_is_seen(lab):
    text = "def make():\n    def inner(): return 1\n    return inner\n"
    app = lab(m=text)

    async def holder():
        local = app.m.make()
        await Pause()
        return local()

    running = holder()
    running.send(None)
    refusal = app.refused(m=text.replace("inner", "other"))
    assert "no counterpart" in refusal.reason
    running.close()


class Pause:
    def __await__(self):
        yield
