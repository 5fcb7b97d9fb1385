"""Which modules are the app's, what they are called, and where its root is."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from flyhot_asgi.engine.living.modules import LoadedModules, find_root, import_name, import_root
from flyhot_asgi.errors import SourceError

from .conftest import Importer

APP = "class App:\n    pass\n\n\napp = App()\n"


# -- the root ----------------------------------------------------------------------------------


def test_the_root_is_where_the_module_that_binds_the_app_is_imported_from(tmp_path: Path, imported: Importer) -> None:
    assert find_root(imported("TOP_main.py", APP).app) == tmp_path


def test_of_a_package_it_is_the_folder_around_it(tmp_path: Path, imported: Importer) -> None:
    imported("TOP/__init__.py")
    assert find_root(imported("TOP/web/main.py", APP).app) == tmp_path
    assert find_root(imported("TOP/api/__init__.py", APP).app) == tmp_path


def test_of_a_src_layout_it_is_src(tmp_path: Path, imported: Importer) -> None:
    assert find_root(imported("TOP/main.py", APP, root="src").app) == tmp_path / "src"


def test_of_an_app_that_is_wrapped_it_is_found_by_the_wrapper(tmp_path: Path, imported: Importer) -> None:
    module = imported("TOP_wrapped.py", "app = object()\n")
    assert find_root(None, object(), module.app) == tmp_path


def test_of_an_app_made_by_a_factory_it_is_found_by_its_endpoints(tmp_path: Path, imported: Importer) -> None:
    module = imported("TOP/views.py", "async def index(request):\n    pass\n", root="code")
    app = Starlette(routes=[Route("/docs", find_root), Route("/", module.index)])
    assert find_root(app) == tmp_path / "code"


def test_of_nothing_it_is_the_working_folder_and_never_pythons_own() -> None:
    assert find_root(None) == Path.cwd()
    assert find_root(object()) == Path.cwd()
    assert find_root(os.path.join) == Path.cwd()  # bound in modules of the standard library only


@pytest.mark.parametrize(
    ("name", "file", "root"),
    [
        ("main", "/srv/main.py", "/srv"),
        ("__main__", "/srv/main.py", "/srv"),
        ("shop.cart", "/srv/src/shop/cart.py", "/srv/src"),
        ("shop", "/srv/src/shop/__init__.py", "/srv/src"),
        ("an.alias.of.a.file", "/m.py", "/"),
    ],
)
def test_import_root(name: str, file: str, root: str) -> None:
    assert import_root(name, Path(file)) == Path(root)


def test_a_module_that_is_run_with_m_keeps_its_name(imported: Importer) -> None:
    module = imported("TOP/main.py")
    assert import_name("__main__", module) == module.__name__
    module.__spec__ = None  # `python main.py`
    assert import_name("__main__", module) == "__main__"


# -- the living modules ---------------------------------------------------------------------------


def live(root: Path, *files: str, prefixes: tuple[str, ...] | None = None) -> list[str]:
    return list(LoadedModules(root, prefixes).live(files))


def test_living_are_modules_of_the_release_in_import_order(tmp_path: Path, imported: Importer) -> None:
    b, a = imported("TOP_b.py"), imported("TOP_a.py")
    assert live(tmp_path, f"{a.__name__}.py", f"{b.__name__}.py") == [b.__name__, a.__name__]
    assert live(tmp_path, f"{a.__name__}.py") == [a.__name__]
    assert live(tmp_path / "elsewhere", f"{a.__name__}.py") == []


def test_a_module_under_two_names_is_one(tmp_path: Path, imported: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or its statements would be executed twice in the same namespace."""
    module = imported("TOP_one.py")
    monkeypatch.setitem(sys.modules, "an_alias", module)
    assert live(tmp_path, f"{module.__name__}.py") == [module.__name__]
    del sys.modules[module.__name__]
    monkeypatch.setitem(sys.modules, module.__name__, module)  # now the alias comes first
    assert live(tmp_path, f"{module.__name__}.py") == [module.__name__]


def test_prefixes_narrow_what_is_first_party(tmp_path: Path, imported: Importer) -> None:
    one, two = imported("TOP_shop.py"), imported("TOP_shopping.py")
    files = [f"{one.__name__}.py", f"{two.__name__}.py"]
    assert live(tmp_path, *files, prefixes=(one.__name__,)) == [one.__name__]


def test_modules_of_another_kind_are_left_alone(
    tmp_path: Path, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lazy(types.ModuleType):
        pass

    module = imported("TOP_lazy.py")
    lazy = Lazy(module.__name__)
    lazy.__file__ = module.__file__
    monkeypatch.setitem(sys.modules, module.__name__, lazy)
    assert live(tmp_path, f"{module.__name__}.py") == []


# -- the names of a release's files ------------------------------------------------------------------


def names(root: Path, modules: list[types.ModuleType], *files: str) -> dict[str, str]:
    loaded = LoadedModules(root)
    found = loaded.sources(files, lambda path: b"", {module.__name__: module for module in modules})
    return {name: source.relpath for name, source in found.items()}


def test_new_files_get_the_names_under_which_they_will_be_imported(tmp_path: Path, imported: Importer) -> None:
    main = imported("TOP/main.py", root="src")
    top = main.__name__.partition(".")[0]
    found = names(tmp_path, [main], f"src/{top}/main.py", f"src/{top}/new.py", f"src/{top}/sub/__init__.py")
    assert found == {
        f"{top}.main": f"src/{top}/main.py",
        f"{top}.new": f"src/{top}/new.py",
        f"{top}.sub": f"src/{top}/sub/__init__.py",
    }


def test_scripts_beside_a_src_folder_are_no_modules(tmp_path: Path, imported: Importer) -> None:
    """`setup.py` at the top can't be imported as `setup`, as nothing is imported from there."""
    main = imported("TOP/main.py", root="src")
    sys.path[:] = [entry for entry in sys.path if entry != str(tmp_path)]
    assert "setup" not in names(tmp_path, [main], "setup.py", f"src/{main.__name__.replace('.', '/')}.py")


def test_a_file_with_the_name_of_another_module_does_not_take_its_place(tmp_path: Path, imported: Importer) -> None:
    main = imported("TOP_main.py")
    found = names(
        tmp_path, [main], f"{main.__name__}.py", "json.py", "time.py", "flyhot_asgi.py", "no-name.py", "a b.py"
    )
    assert list(found) == [main.__name__]


@pytest.mark.parametrize(("here", "there"), [("mod.py", "mod/__init__.py"), ("mod/__init__.py", "mod.py")])
def test_a_module_that_becomes_a_package_or_one_again_keeps_its_name(
    tmp_path: Path, imported: Importer, here: str, there: str
) -> None:
    module = imported(f"TOP/{here}")
    top = module.__name__.partition(".")[0]
    loaded = LoadedModules(tmp_path)
    found = loaded.sources([f"{top}/{there}"], lambda path: b"", {module.__name__: module})
    assert {name: source.path for name, source in found.items()} == {f"{top}.mod": str(tmp_path / top / there)}
    assert found[f"{top}.mod"].is_package == there.endswith("__init__.py")


def test_a_file_that_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    sys.path.insert(0, str(tmp_path))
    try:
        with pytest.raises(SourceError, match=r"bad\.py: it is not Python source"):
            LoadedModules(tmp_path).sources(["bad.py"], lambda path: b"\xff\xfe\x00", {})
    finally:
        sys.path.remove(str(tmp_path))


def test_an_unchanged_file_is_read_once(tmp_path: Path, imported: Importer) -> None:
    main = imported("TOP_main.py")
    loaded, living = LoadedModules(tmp_path), {main.__name__: main}
    first, same, other = (
        loaded.sources([f"{main.__name__}.py"], lambda path, text=text: text, living)[main.__name__]
        for text in (b"x = 1\n", b"x = 1\n", b"x = 2\n")
    )
    assert first is same and first is not other
