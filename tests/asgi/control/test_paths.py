from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flyhot_asgi.control import paths
from flyhot_asgi.control.paths import (
    ControlSocket,
    list_apps,
    open_store,
    prepare_runtime_dir,
    runtime_base,
    runtime_dir,
    socket_path,
    sockets_of,
)
from flyhot_asgi.errors import ConfigError, ControlError
from flyhot_asgi.release.config import Settings


@contextmanager
def listening(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(1)
        yield


def gone_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_base_is_named_by_the_environment_or_by_the_user(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert runtime_base() == runtime
    monkeypatch.delenv("FLYHOT_RUNTIME_DIR")
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    assert runtime_base() == Path(tempfile.gettempdir()) / f"flyhot-{os.getuid()}"


def test_a_folder_for_temporary_files_with_a_long_path_is_left_for_tmp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLYHOT_RUNTIME_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("x" * 60)))
    monkeypatch.setattr(paths, "MAX_SOCKET_PATH", 80)
    assert runtime_base() == Path("/tmp") / f"flyhot-{os.getuid()}"
    assert socket_path(runtime_dir(tmp_path), 4194304).is_absolute()


def test_each_root_has_its_own_folder_however_it_is_spelled(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert runtime_dir(tmp_path / "a") == runtime_dir(tmp_path / "link") == runtime_dir(tmp_path / "b" / ".." / "a")
    assert runtime_dir(tmp_path / "a") != runtime_dir(tmp_path)


def test_the_folder_is_private_and_says_whose_it_is(tmp_path: Path) -> None:
    folder = prepare_runtime_dir(tmp_path, "poll")
    assert folder == runtime_dir(tmp_path)
    assert mode(folder) == 0o700
    assert mode(folder / "app.json") == 0o600
    assert json.loads((folder / "app.json").read_bytes()) == {"root": str(tmp_path.resolve()), "app": "poll"}
    assert prepare_runtime_dir(tmp_path, "poll") == folder


def test_the_folder_in_tmp_is_private_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLYHOT_RUNTIME_DIR")
    with tempfile.TemporaryDirectory(prefix="fh-", dir="/tmp") as short:
        monkeypatch.setattr(tempfile, "gettempdir", lambda: short)
        folder = prepare_runtime_dir(Path(short), "poll")
        assert mode(folder.parent) == 0o700
        assert folder.parent.parent == Path(short)


def test_a_mode_that_lets_others_in_is_mended(tmp_path: Path) -> None:
    folder = prepare_runtime_dir(tmp_path, "poll")
    folder.chmod(0o777)
    prepare_runtime_dir(tmp_path, "poll")
    assert mode(folder) == 0o700


def test_a_link_that_somebody_put_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trap").mkdir()
    runtime_base().mkdir(parents=True)
    runtime_dir(tmp_path).symlink_to(tmp_path / "trap")
    with pytest.raises(ConfigError, match="symbolic link") as caught:
        prepare_runtime_dir(tmp_path, "poll")
    assert "FLYHOT_RUNTIME_DIR" in str(caught.value.do)
    with pytest.raises(ControlError, match="symbolic link"):
        sockets_of(runtime_dir(tmp_path))


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = prepare_runtime_dir(tmp_path, "poll")
    owner = folder.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 4711)
    if owner == 0:
        os.chown(folder, 4712, -1)
    with pytest.raises(ControlError, match="another user"):
        sockets_of(folder)


def test_a_runtime_folder_that_can_not_be_made_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FLYHOT_RUNTIME_DIR", str(tmp_path / "file" / "run"))
    with pytest.raises(ConfigError, match="can't be used"):
        prepare_runtime_dir(tmp_path, "poll")


def test_a_path_too_long_for_a_socket_is_refused_with_the_mend() -> None:
    assert socket_path(Path("/tmp/x"), 12) == Path("/tmp/x/12.sock")
    with pytest.raises(ConfigError) as caught:
        socket_path(Path("/tmp") / ("x" * 100), 12)
    assert "FLYHOT_RUNTIME_DIR" in str(caught.value.do)


def test_live_sockets_are_found_and_dead_ones_removed(tmp_path: Path) -> None:
    folder = prepare_runtime_dir(tmp_path, "poll")
    alive, gone = socket_path(folder, os.getpid()), socket_path(folder, gone_pid())
    left = socket_path(folder, os.getppid())
    with listening(left):
        pass  # closed again: the file stays behind, nobody listens, though there is such a process
    (folder / "notes.sock").touch()
    with listening(alive), listening(gone):
        assert sockets_of(folder) == [ControlSocket(os.getpid(), alive)]
        assert not gone.exists()
        assert not left.exists()
        assert (folder / "notes.sock").exists()


def test_a_process_too_busy_to_accept_is_alive(tmp_path: Path) -> None:
    folder = prepare_runtime_dir(tmp_path, "poll")
    with listening(socket_path(folder, os.getpid())):
        for _ in range(5):  # more than its backlog holds, and it never accepts
            assert len(sockets_of(folder)) == 1


def test_a_folder_that_is_not_there_has_no_sockets(tmp_path: Path) -> None:
    assert sockets_of(tmp_path / "none") == []


def test_apps_that_run_are_listed_with_their_folders(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in ("b", "a", "stopped")]
    for root in roots:
        root.mkdir()
    folders = [prepare_runtime_dir(root, root.name) for root in roots]
    (runtime_base() / "junk").mkdir()
    (runtime_base() / "junk" / "app.json").write_text("[]")
    with listening(socket_path(folders[0], os.getpid())), listening(socket_path(folders[1], os.getpid())):
        found = list_apps()
    assert [(app.app, app.root, len(app.sockets)) for app in found] == [
        ("a", roots[1].resolve(), 1),
        ("b", roots[0].resolve(), 1),
    ]


def test_no_runtime_folder_means_no_apps() -> None:
    assert list_apps() == []


def test_the_store_moves_to_the_runtime_folder_where_the_root_is_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_store(tmp_path, Settings("a")).path == tmp_path / ".flyhot"
    assert open_store(tmp_path, Settings("a")).app == "a"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert open_store(tmp_path, Settings("a")).path == runtime_dir(tmp_path) / "store"


def test_the_longest_socket_path_that_is_allowed_can_be_bound(runtime: Path) -> None:
    runtime.mkdir(parents=True)
    room = paths.MAX_SOCKET_PATH - len(os.fsencode(runtime)) - len("/") - len("/1.sock")
    folder = runtime / ("x" * room)
    folder.mkdir()
    with listening(socket_path(folder, 1)):
        pass
