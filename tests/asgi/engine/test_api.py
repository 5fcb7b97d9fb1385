"""`Engine`, as somebody uses it who has no web app: files change on disk, the process follows or says why not."""

from __future__ import annotations

import gc
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.engine import Engine, Refused
from flyhot_asgi.errors import UpgradeError

from .project import Project


def test_files_change_and_the_process_follows(project: Project) -> None:
    project.write(init="", m="def greet():\n    return 'old'\nseen = []\n")
    m = project.load("m")
    greet, seen = m.greet, m.seen
    seen.append(1)
    engine = project.engine()
    project.write(m="def greet():\n    return 'new'\nseen = []\n")
    document = engine.plan()
    assert [step["action"] for step in document["steps"]] == ["swap"]
    assert greet() == "old"
    outcome = engine.upgrade()
    assert outcome.verified and outcome.plan == document and outcome.differences == ()
    assert outcome.timings.prepare > 0 and outcome.timings.commit > 0 and outcome.timings.verify > 0
    assert greet() == "new" and m.greet is greet and m.seen is seen == [1]
    engine.undo_last()
    assert greet() == "old"
    engine.close()


def test_several_in_a_row_with_modules_that_come_and_go(project: Project) -> None:
    project.write(init="", m="def f():\n    return 1\n")
    m = project.load("m")
    engine = project.engine()
    project.write(other="def g():\n    return 2\n", m="from TOP.other import g\ndef f():\n    return g()\n")
    assert engine.upgrade().verified and m.f() == 2
    project.write(other="def g():\n    return 3\n")
    assert engine.upgrade().verified and m.f() == 3
    project.write(other=None, m="def f():\n    return 4\n")
    assert engine.upgrade().verified and m.f() == 4
    assert f"{project.top}.other" not in sys.modules
    engine.close()


def test_a_new_module_of_a_package_without_a_file_goes_with_the_undo(project: Project) -> None:
    project.write(init="", m="from TOP.parts import one\n", parts__one="x = 1\n")
    m = project.load("m")
    parts = sys.modules[f"{project.top}.parts"]
    engine = project.engine()
    project.write(
        m="from TOP.parts import one, two\nfrom TOP.more import three\n", parts__two="", more__three="y = 1\n"
    )
    assert engine.upgrade().verified
    assert parts.two is m.two and m.three.y == 1
    engine.undo_last()
    assert not hasattr(parts, "two") and not hasattr(m, "two")
    assert not hasattr(sys.modules[project.top], "more") and f"{project.top}.more" not in sys.modules
    engine.close()


def test_a_module_that_is_imported_later_is_upgraded_as_well(project: Project) -> None:
    project.write(init="", m="x = 1\n", late="def f():\n    return 1\n")
    project.load("m")
    engine = project.engine()
    late = project.load("late")
    project.write(late="def f():\n    return 2\n")
    assert engine.upgrade().verified and late.f() == 2
    project.write(later="def f():\n    return 3\n")
    assert engine.upgrade().verified and project.load("later").f() == 3
    engine.close()


def test_a_src_layout_and_the_package_itself(tmp_path: Path) -> None:
    project = Project(tmp_path, "src")
    project.write(init="VERSION = 1\n", pkg__init="def f():\n    return 1\n")
    project.load("pkg")
    engine = project.engine()
    project.write(init="VERSION = 2\n", pkg__init="def f():\n    return 2\n")
    assert engine.upgrade().verified
    assert sys.modules[project.top].VERSION == 2 and sys.modules[f"{project.top}.pkg"].f() == 2
    engine.close()
    project.close()


def test_a_module_becomes_a_package_and_one_module_again(tmp_path: Path) -> None:
    project = Project(tmp_path)
    try:
        project.write(init="", shop="def price(): return 1\n", main="from TOP.shop import price\nKEPT = []\n")
        main = project.load("main")
        engine, price, kept = project.engine(), main.price, main.KEPT
        project.write(
            shop=None, shop__init="from TOP.shop.prices import price\n", shop__prices="def price(): return 2\n"
        )
        assert engine.upgrade().verified
        assert main.price() == 2 == price() and main.price.__module__ == f"{project.top}.shop.prices"
        project.write(shop="def price(): return 3\n", shop__init=None, shop__prices=None)
        assert engine.upgrade().verified
        assert main.price() == 3 == price() and main.KEPT is kept
        engine.undo_last()
        assert main.price() == 2
        engine.close()
    finally:
        project.close()


def test_a_single_module_is_a_package_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "lonely_module.py").write_text("def f():\n    return 1\n")
    module: Any = importlib.import_module("lonely_module")
    engine = Engine(tmp_path, ["lonely_module"])
    (tmp_path / "lonely_module.py").write_text("def f():\n    return 2\n")
    assert engine.upgrade().verified and module.f() == 2
    engine.close()
    del sys.modules["lonely_module"]


def test_what_can_not_be_done_is_refused_with_where_and_why(project: Project) -> None:
    text = "class A:\n    def __init__(self): self.a = 1\n    def get(self): return self.a\nMADE = []\n"
    project.write(init="", m=text)
    m = project.load("m")
    m.MADE.append(m.A())
    engine = project.engine()
    project.write(m=text.replace("self.a = 1", "self.a = 1; self.b = 2").replace("return self.a", "return self.b"))
    with pytest.raises(Refused) as refused:
        engine.upgrade()
    reason = refused.value.reasons[0]
    assert reason.module == f"{project.top}.m" and reason.file.endswith("m.py") and reason.line
    assert reason.construct and reason.why and reason.mend
    assert refused.value.plan is not None and refused.value.plan["refusals"]
    assert m.A().get() == 1
    with pytest.raises(UpgradeError):
        engine.undo_last()
    engine.close()


def test_a_class_that_was_taken_back_is_no_subclass_any_more(project: Project) -> None:
    project.write(init="", m="class A:\n    pass\n")
    m = project.load("m")
    engine = project.engine()
    project.write(m="class A:\n    pass\nclass B(A):\n    def __init__(self):\n        super().__init__()\n")
    engine.upgrade()
    assert m.A.__subclasses__() == [m.B]
    engine.undo_last()
    assert m.A.__subclasses__() == []
    engine.close()


@pytest.mark.parametrize("text", ["def f(:\n", "raise RuntimeError('at import')\n", "import no_such_module_at_all\n"])
def test_a_release_that_can_not_be_imported_is_refused_with_its_line(project: Project, text: str) -> None:
    project.write(init="", m="def f():\n    return 1\n")
    m = project.load("m")
    engine = project.engine()
    project.write(m=f"def f():\n    return 2\n{text}")
    with pytest.raises(Refused) as refused:
        engine.upgrade()
    assert any(reason.file.endswith("m.py") and reason.line == 3 for reason in refused.value.reasons)
    assert m.f() == 1
    engine.close()


def test_a_file_that_nobody_imports_need_not_be_python(project: Project) -> None:
    project.write(init="", m="def f():\n    return 1\n", broken="this is {{ a }} template\n")
    m = project.load("m")
    engine = project.engine()
    project.write(m="def f():\n    return 2\n", broken="that is {{ another }} template\n")
    assert engine.upgrade().verified and m.f() == 2
    engine.close()


def test_a_file_of_the_same_size_in_the_same_second_is_told_apart(project: Project) -> None:
    """Byte code on disk is valid by time and size: neither release may be imported from the other's."""
    project.write(init="", m="X = [1]\n")
    m = project.load("m")
    engine = project.engine()
    for number in range(2, 6):
        project.write(m=f"X = [{number}]\n")
        assert engine.upgrade().verified and m.X == [number]
    engine.close()


def test_the_process_that_is_the_release_is_compared_all_the_same(project: Project) -> None:
    project.write(init="", m="def f():\n    return 1\n")
    project.load("m")
    engine = project.engine()
    outcome = engine.upgrade()
    assert outcome.verified and outcome.plan["steps"] == []
    engine.close()


# -- the loop ----------------------------------------------------------------------------------

HIDDEN = """
import TOP.helpers as helpers
value = getattr(helpers, 'comp' + 'ute')()
state = {'count': 0}
"""


def test_what_differs_from_a_cold_import_enlarges_the_plan(project: Project) -> None:
    """No reading of the source can see that `value` depends on `compute`."""
    project.write(init="", helpers="def compute():\n    return 1\n", m=HIDDEN, other="from TOP.m import value\n")
    m, other = project.load("m"), project.load("other")
    m.state["count"] = 7
    engine = project.engine()
    project.write(helpers="def compute():\n    return 2\n")
    outcome = engine.upgrade()
    assert outcome.verified and (outcome.passes, outcome.rehearsed) == (2, 0)
    assert (m.value, other.value, m.state) == (2, 2, {"count": 7})
    assert {(step["module"].rpartition(".")[2], step["name"]) for step in outcome.plan["steps"]} >= {("m", "value")}
    engine.undo_last()
    assert (m.value, other.value, m.helpers.compute()) == (1, 1, 1)
    engine.close()


def test_a_difference_that_nothing_mends_is_refused_and_undone(project: Project) -> None:
    text = "import os\nfrom TOP import helpers\nexec('hidden = helpers.' + 'compute()')\n"
    project.write(init="", helpers="def compute():\n    return 1\n", m=text)
    m = project.load("m")
    engine = project.engine()
    project.write(helpers="def compute():\n    return 2\n")
    with pytest.raises(Refused) as refused:
        engine.upgrade()
    assert any("hidden" in reason.construct for reason in refused.value.reasons), refused.value.reasons
    assert m.hidden == 1 and m.helpers.compute() == 1
    engine.close()


def test_a_process_that_has_imported_nothing_is_not_called_upgraded(project: Project) -> None:
    project.write(init="", m="x = 1\n")
    engine = project.engine()
    project.write(m="x = 2\n")
    with pytest.raises(Refused, match="imported nothing"):
        engine.upgrade()
    engine.close()


def test_what_notes_the_name_of_its_program_differs_in_no_process_of_ours(project: Project) -> None:
    text = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('-x')\ndef f(a=1):\n    return a\n"
    project.write(init="", m=text)
    m = project.load("m")
    parser = m.parser
    engine = project.engine()
    project.write(m=text.replace("a=1", "a=2"))
    assert engine.upgrade().verified and m.f() == 2 and m.parser is parser
    engine.close()


def test_what_a_cached_property_kept_is_forgotten_by_instances_that_were_there_before(project: Project) -> None:
    text = (
        "from functools import cached_property\nclass R:\n    @cached_property\n    def area(self):\n        return 1\n"
    )
    project.write(init="", m=f"{text}live = R()\n")
    m = project.load("m")
    assert m.live.area == 1
    engine = project.engine()
    project.write(m=f"{text.replace('return 1', 'return 2')}live = R()\n")
    assert engine.upgrade().verified and m.live.area == 2
    engine.undo_last()
    assert m.live.area == 1
    engine.close()


def test_a_new_module_that_a_loop_of_its_package_tries_to_import_comes(project: Project) -> None:
    loop = (
        "import importlib\nfound = {}\nfor name in ('one', 'two', 'three'):\n    try:\n"
        "        found[name] = importlib.import_module(f'{__name__}.{name}')\n"
        "    except ModuleNotFoundError:\n        pass\n"
    )
    project.write(init="", plug__init=loop, plug__one="def f():\n    return 1\n", plug__two="def f():\n    return 2\n")
    plug = project.load("plug")
    engine = project.engine()
    project.write(plug__three="def f():\n    return 3\n")
    assert engine.upgrade().verified
    assert list(plug.found) == ["one", "two", "three"] and plug.three.f() == 3
    engine.undo_last()
    assert list(plug.found) == ["one", "two"] and not hasattr(plug, "three")
    engine.close()


def test_type_adapters_of_a_union_that_gets_one_kind_more_and_of_a_model_that_is_another(project: Project) -> None:
    text = """
from typing import Annotated, Literal, Union
from pydantic import BaseModel, Field, TypeAdapter
class Created(BaseModel):
    kind: Literal["created"] = "created"
class Deleted(BaseModel):
    kind: Literal["deleted"] = "deleted"
class Updated(BaseModel):
    kind: Literal["updated"] = "updated"
Model = Created
Event = Annotated[Union[Created, Deleted], Field(discriminator="kind")]
adapter = TypeAdapter(Event)
one = TypeAdapter(Model)
"""
    project.write(init="", m=text.replace("class Updated", "class Other"), use="from .m import adapter, one\n")
    m, use = project.load("m"), project.load("use")
    adapter, schema = use.adapter, m.Created.__pydantic_core_schema__
    engine = project.engine()
    project.write(m=text.replace("= Created", "= Deleted").replace("[Created, Deleted]", "[Created, Deleted, Updated]"))
    assert engine.upgrade().verified and use.adapter is adapter
    assert type(adapter.validate_python({"kind": "updated"})) is m.Updated
    assert type(use.one.validate_python({"kind": "deleted"})) is m.Deleted
    assert m.Created.__pydantic_core_schema__ is schema and schema["cls"] is m.Created
    engine.undo_last()
    assert type(use.one.validate_python({"kind": "created"})) is m.Created
    engine.close()


@pytest.mark.parametrize("used", [[], [5]])
def test_what_a_function_keeps_on_itself_stays_where_its_statement_is_executed_again(
    project: Project, used: list[int]
) -> None:
    text = "def get(a=1):\n    try:\n        return get.cache\n    except AttributeError:\n"
    text += "        get.cache = [a and 1]\n        return get.cache\nGOT = get()\n"
    project.write(init="", m=text)
    m = project.load("m")
    m.GOT.extend(used)
    engine = project.engine()
    project.write(m=text.replace("a=1", "a=2"))
    assert engine.upgrade().verified
    assert m.get() is m.GOT and m.get.cache == [1, *used] and m.get.__defaults__ == (2,)
    engine.undo_last()
    assert m.get.cache is m.GOT == [1, *used]
    engine.close()


_READS = """
from pathlib import Path
WORDS = set((Path(__file__).parent / "words.txt").read_text().split())
def known(word): return word in WORDS
"""


def test_a_file_that_is_read_at_import_and_changed_is_a_reason_to_refuse(project: Project) -> None:
    project.write(init="", m=_READS, n="def f(): return 1\n")
    words = project.root / project.top / "words.txt"
    words.write_text("alpha beta")
    project.load("m")
    n = project.load("n")
    engine = project.engine()
    project.write(n="def f(): return 2\n")
    assert engine.upgrade().verified and n.f() == 2, "it did not change"
    words.write_text("alpha beta")  # the same once more, as whoever copies a release over another one does it
    project.write(n="def f(): return 4\n")
    assert engine.upgrade().verified and n.f() == 4
    words.write_text("beta alpha")  # nothing else is made of it
    project.write(n="def f(): return 5\n")
    assert engine.upgrade().verified and n.f() == 5
    words.write_text("alpha beta gamma")
    project.write(n="def f(): return 3\n")
    with pytest.raises(Refused) as refused:
        engine.upgrade()
    assert [reason.file for reason in refused.value.reasons] == [f"{project.top}/words.txt"] and n.f() == 5
    engine.close()


_VERSIONS = {
    "of its distribution": """
from importlib.metadata import version
__version__ = version("TOP")
AGENT = f"app/{__version__}"
""",
    "by a function": """
from importlib.metadata import version
def get(): return tuple(version("TOP").split("."))
__version__ = get()
AGENT = "app/" + ".".join(__version__)
""",
    "of a file": """
from pathlib import Path
__version__ = next(Path(__file__).parent.parent.glob("*.dist-info/METADATA")).read_text().split()[-1]
AGENT = "app/" + __version__
""",
}


def _distribution(project: Project, version: str, before: str = "", entries: str = "") -> None:
    """As an installer lays it beside the package."""
    if before:
        for file in (old := project.root / f"{project.top}-{before}.dist-info").iterdir():
            file.unlink()
        old.rmdir()
    folder = project.root / f"{project.top}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project.top}\nVersion: {version}\n")
    (folder / "entry_points.txt").write_text(f"[{project.top}]\nx = y:z\n{entries}")


@pytest.mark.parametrize("reads", _VERSIONS.values(), ids=_VERSIONS)
def test_a_version_that_is_read_of_a_file_is_read_again(project: Project, reads: str) -> None:
    _distribution(project, "1.0")
    project.write(init=reads, m="from . import AGENT\ndef f(): return 1, AGENT\n")
    m = project.load("m")
    engine = project.engine()
    _distribution(project, "1.1", "1.0")
    project.write(m="from . import AGENT\ndef f(): return 2, AGENT\n")
    assert engine.upgrade().verified and m.f() == (2, "app/1.1")
    engine.undo_last()
    assert m.f() == (1, "app/1.0")
    engine.close()


@pytest.mark.parametrize(
    "made",
    [
        "SEEN = []\nSEEN.append(__version__)\n",
        "def f(v=__version__): return v\n",
        "PARTS = [__version__]\n",
        "def bump():\n    global __version__\n    __version__ += '+'\n",
        "class A:\n    version = __version__\n",
    ],
)
def test_a_version_of_which_more_is_made_than_values_is_refused(project: Project, made: str) -> None:
    _distribution(project, "1.0")
    project.write(init="", v=_VERSIONS["of its distribution"] + made, m="def f(): return 1\n")
    v, m = project.load("v"), project.load("m")
    engine = project.engine()
    _distribution(project, "1.1", "1.0")
    project.write(m="def f(): return 2\n")
    with pytest.raises(Refused, match=r"METADATA"):
        engine.upgrade()
    assert (v.__version__, m.f()) == ("1.0", 1)
    engine.close()


@pytest.mark.parametrize("more", ["", "y = z:a\n"])
def test_entry_points_in_the_folder_of_another_version_are_others_if_they_say_something_else(
    project: Project, more: str
) -> None:
    _distribution(project, "1.0")
    project.write(
        init="", m='from importlib.metadata import entry_points\nNAMES = [e.name for e in entry_points(group="TOP")]\n'
    )
    m = project.load("m")
    engine = project.engine()
    _distribution(project, "1.1", "1.0", entries=more)
    project.write(
        m='from importlib.metadata import entry_points\nNAMES = [e.name for e in entry_points(group="TOP")]\nX = 1\n'
    )
    if more:
        with pytest.raises(Refused, match=r"entry_points\.txt"):
            engine.upgrade()
    else:
        assert engine.upgrade().verified and m.X == 1
    engine.close()


def test_a_file_that_the_release_writes_at_import_is_its_own(project: Project) -> None:
    own = "from pathlib import Path\nNOTE = Path(__file__).with_name('note.txt')\n"
    own += "NOTE.write_text('x')\nNOTE.read_text()\n"
    project.write(init="", m=f"{own}def f(): return 1\n")
    m = project.load("m")
    engine = project.engine()
    project.write(m=f"{own}def f(): return 2\n")
    assert engine.upgrade().verified and m.f() == 2
    engine.close()


_PLUGINS = """
import importlib, pkgutil
TABLE = {}
for info in pkgutil.walk_packages(__path__, __name__ + "."):
    module = importlib.import_module(info.name)
    if hasattr(module, "NAME"):
        TABLE[module.NAME] = module.run
"""


def test_a_loop_over_the_files_of_a_package_finds_one_more_and_enters_what_it_has(project: Project) -> None:
    project.write(init="", plugins__init=_PLUGINS, plugins__a="NAME = 'a'\ndef run(): return 'a1'\n")
    project.write(plugins__sub__init="", plugins__sub__b="NAME = 'b'\ndef run(): return 'b1'\n")
    plugins = project.load("plugins")
    table = plugins.TABLE
    engine = project.engine()
    project.write(
        plugins__a="NAME = 'a'\ndef run(): return 'a2'\n", plugins__sub__c="NAME = 'c'\ndef run(): return 'c1'\n"
    )
    assert engine.upgrade().verified and table is plugins.TABLE
    assert {name: run() for name, run in table.items()} == {"a": "a2", "b": "b1", "c": "c1"}
    assert plugins.info.name.endswith(".sub.c") and plugins.module is sys.modules[plugins.info.name]
    engine.undo_last()
    assert {name: run() for name, run in table.items()} == {"a": "a1", "b": "b1"}
    engine.close()


_TIMED = """
import functools
def timed(f):
    @functools.wraps(f)
    def inner(*a, **k): return f(*a, **k)
    return inner
"""


def test_what_an_earlier_upgrade_left_to_the_collector_is_in_no_later_ones_way(project: Project) -> None:
    decorated = f"{_TIMED}@timed\ndef stamp(): return N\nN = "
    project.write(init="", m=f"{decorated}1\n")
    m = project.load("m")
    engine = project.engine()
    for number, text in enumerate([f"{_TIMED}def stamp(unit='u'): return N\nN = ", decorated, decorated], 2):
        project.write(m=f"{text}{number}\n")
        assert engine.upgrade().verified and m.stamp() == number
    engine.close()


def test_what_a_failed_import_left_to_the_collector_is_in_no_upgrades_way(project: Project) -> None:
    """Of modules that import one another, one can't be the first: what it made of the other is nobody's."""
    tools = "N = {}\ndef stamp({}): return N\nfrom TOP.more import whisper\n"
    project.write(
        init="", tools=tools.format(1, "unit='u'"), more="from TOP import tools\ndef whisper(): return tools.N\n"
    )
    gc.disable()
    try:
        with pytest.raises(ImportError, match="circular"):
            project.load("more")
        m = project.load("tools")
        engine = project.engine()
        project.write(tools=tools.format(2, ""))
        assert engine.upgrade().verified and m.stamp() == 2
    finally:
        gc.enable()
    engine.close()
