from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.errors import HashMismatch, ManifestError, StoreError, StoreLocked, UnknownRelease
from flyhot_asgi.release import folder as module
from flyhot_asgi.release.config import Settings
from flyhot_asgi.release.folder import FolderStore, store_path
from flyhot_asgi.release.manifest import Manifest, sha256

FILES = {"app.py": b"x = 1\n", "pkg/page.html": b"<p>", "pkg/same.py": b"x = 1\n"}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / ".flyhot", app="a")


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_release_reads_back_as_it_was_stored(store: FolderStore) -> None:
    manifest = store.put_release(FILES)
    release = store.get_release(manifest.digest)
    assert release.manifest == manifest == Manifest.of(FILES, app="a")
    assert {path: release.read(path) for path in manifest.entries} == FILES
    assert release.python_files() == ("app.py", "pkg/same.py")
    assert (release.digest, release.vsn) == (manifest.digest, manifest.vsn)


def test_what_need_not_last_waits_for_no_disk_and_is_mended_by_the_next_put(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    store.put_release({"a.py": b""})
    monkeypatch.setattr("flyhot_asgi.release.files.os.fsync", synced.append)
    manifest = store.put_release(FILES, lasting=False)
    assert not synced
    lost = store.path / "objects" / manifest.entries["app.py"].sha256[:2] / manifest.entries["app.py"].sha256
    lost.chmod(0o644)
    lost.write_bytes(b"")
    store.put_release(FILES)
    assert store.get_release(manifest.digest).read("app.py") == FILES["app.py"]
    assert synced


def test_storing_the_same_again_changes_nothing(store: FolderStore) -> None:
    store.put_release(FILES)
    before = snapshot(store.path)
    store.put_release(dict(reversed(FILES.items())))
    assert snapshot(store.path) == before


def test_the_store_keeps_itself_out_of_version_control(store: FolderStore) -> None:
    store.put_release(FILES)
    assert (store.path / ".gitignore").read_bytes() == b"*\n"


def test_nothing_is_made_by_reading(store: FolderStore) -> None:
    assert store.releases() == []
    assert store.history().entries == ()
    assert not store.has_release("0" * 64)
    with pytest.raises(UnknownRelease):
        store.resolve("0")
    assert not store.path.exists()


def test_the_tree_holds_the_files_and_is_made_once(store: FolderStore) -> None:
    release = store.get_release(store.put_release(FILES).digest)
    tree = release.tree
    assert tree == store.path / "trees" / release.digest
    assert {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()} == FILES
    inode = tree.stat().st_ino
    assert release.tree.stat().st_ino == inode
    assert os.listdir(tree.parent) == [release.digest]


@pytest.mark.parametrize("damage", ["change", "remove", "replace with a file"])
def test_a_damaged_tree_is_mended(store: FolderStore, damage: str) -> None:
    release = store.get_release(store.put_release(FILES).digest)
    tree = release.tree
    (tree / "app.py").unlink()
    if damage == "change":
        (tree / "app.py").write_bytes(b"x = 2\n")
    if damage == "replace with a file":
        (tree / "pkg" / "page.html").unlink()
        (tree / "pkg" / "same.py").unlink()
        (tree / "pkg").rmdir()
        (tree / "pkg").touch()
    assert (release.tree / "app.py").read_bytes() == FILES["app.py"]
    assert (release.tree / "pkg" / "page.html").read_bytes() == FILES["pkg/page.html"]
    assert os.listdir(tree.parent) == [release.digest]


def test_what_python_leaves_in_a_tree_is_no_damage(store: FolderStore) -> None:
    release = store.get_release(store.put_release(FILES).digest)
    (release.tree / "__pycache__").mkdir()
    (release.tree / "__pycache__" / "app.pyc").touch()
    inode = release.tree.stat().st_ino
    assert release.tree.stat().st_ino == inode


def test_an_empty_release_has_a_tree(store: FolderStore) -> None:
    assert list(store.get_release(store.put_release({}).digest).tree.iterdir()) == []


def test_when_another_process_was_faster_its_tree_is_taken(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    release = store.get_release(store.put_release(FILES).digest)
    real = os.rename
    other = FolderStore(store.path, app="a")

    def rename(old: object, new: object) -> None:
        monkeypatch.setattr(os, "rename", real)
        assert other.unpack(release.manifest).is_dir()
        real(old, new)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "rename", rename)
    assert (release.tree / "app.py").read_bytes() == FILES["app.py"]
    assert os.listdir(release.tree.parent) == [release.digest]


def test_a_changed_object_is_never_read_as_the_real_one_and_the_next_deploy_mends_it(
    store: FolderStore,
) -> None:
    release = store.get_release(store.put_release(FILES).digest)
    digest = sha256(FILES["app.py"])
    path = store.path / "objects" / digest[:2] / digest
    path.chmod(0o644)
    path.write_bytes(b"x = 2\n")
    with pytest.raises(HashMismatch, match=r"app\.py is not what it was") as caught:
        release.read("app.py")
    assert caught.value.file == str(path)
    with pytest.raises(HashMismatch):
        assert release.tree
    assert not (store.path / "trees" / release.digest).exists()
    store.put_release(FILES)
    assert release.read("app.py") == FILES["app.py"]


def test_a_missing_object_is_said_to_be_missing(store: FolderStore) -> None:
    release = store.get_release(store.put_release(FILES).digest)
    digest = sha256(FILES["app.py"])
    (store.path / "objects" / digest[:2] / digest).unlink()
    with pytest.raises(HashMismatch, match="is missing"):
        release.read("app.py")


def test_a_file_that_is_not_in_the_release_is_a_key_error(store: FolderStore) -> None:
    with pytest.raises(KeyError):
        store.get_release(store.put_release(FILES).digest).read("other.py")


def test_a_changed_manifest_is_refused_and_the_next_deploy_mends_it(store: FolderStore) -> None:
    digest = store.put_release(FILES).digest
    path = store.path / "releases" / f"{digest}.json"
    path.write_bytes(path.read_bytes().replace(b"app.py", b"bad.py"))
    with pytest.raises(HashMismatch, match="not what its name says"):
        store.get_release(digest)
    assert not store.has_release(digest)
    store.put_release(FILES)
    assert store.has_release(digest)


def test_a_manifest_of_another_format_is_refused_with_its_file(store: FolderStore) -> None:
    store.put_release(FILES)
    data = b'{"format":9}'
    path = store.path / "releases" / f"{sha256(data)}.json"
    path.write_bytes(data)
    with pytest.raises(ManifestError) as caught:
        store.get_release(sha256(data))
    assert caught.value.file == str(path)


@pytest.mark.parametrize("name", ["", "x", "../../etc/passwd", "0" * 63, "0" * 64, "A" * 64])
def test_a_name_that_is_no_release_is_unknown(store: FolderStore, name: str) -> None:
    store.put_release(FILES)
    with pytest.raises(UnknownRelease):
        store.get_release(name)


def test_a_release_can_be_named_by_its_first_digits(store: FolderStore) -> None:
    digests = [store.put_release({"n.py": str(number).encode()}).digest for number in range(40)]
    assert store.resolve(digests[0]) == digests[0]
    assert store.resolve(f" {digests[0][:20].upper()} ") == digests[0]
    first = {digest[0] for digest in digests}
    shared = next(letter for letter in first if sum(digest[0] == letter for digest in digests) > 1)
    with pytest.raises(UnknownRelease, match="could be any of"):
        store.resolve(shared)
    for nothing in ("", " ", "zz"):
        with pytest.raises(UnknownRelease, match="has no release"):
            store.resolve(nothing)


def test_history_is_appended_and_asked(store: FolderStore) -> None:
    store.record("base", "A", previous=None, outcome="complete")
    entry = store.record("hot", "B", previous="A", outcome="complete", processes=[{"pid": 3, "outcome": "complete"}])
    assert entry.seq == 2
    assert [one.release for one in store.history().entries] == ["A", "B"]
    assert store.previous("B") == "A"
    assert (store.direction("B", "A"), store.direction("A", "B")) == ("down", "up")


def test_a_line_cut_short_by_a_crash_is_overwritten(store: FolderStore) -> None:
    store.record("base", "A", previous=None, outcome="complete")
    with (store.path / "history.jsonl").open("ab") as file:
        file.write(b'{"seq":2,"at":')
    assert store.record("hot", "B", previous="A", outcome="complete").seq == 2
    assert [one.release for one in store.history().entries] == ["A", "B"]


def test_a_corrupt_history_is_an_error_with_its_line(store: FolderStore) -> None:
    store.record("base", "A", previous=None, outcome="complete")
    path = store.path / "history.jsonl"
    path.write_bytes(b"rubbish\n" + path.read_bytes())
    with pytest.raises(StoreError) as caught:
        store.history()
    assert (caught.value.file, caught.value.line) == (str(path), 1)
    with pytest.raises(StoreError):
        store.record("hot", "B", previous="A", outcome="complete")


def test_two_deploys_can_not_hold_the_store(store: FolderStore) -> None:
    with store.locked(), pytest.raises(StoreLocked), FolderStore(store.path, app="a").locked():
        pass


def test_a_store_that_can_not_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = FolderStore(tmp_path / "file" / "store")
    for action in (
        lambda: store.put_release(FILES),
        store.locked,
        lambda: store.record("base", "A", previous=None, outcome="complete"),
    ):
        with pytest.raises(StoreError, match="can't be written") as caught:
            action()
        assert "writable" in str(caught.value.do)


@pytest.mark.parametrize("path", ["objects", "releases"])
def test_a_full_disk_leaves_no_release_behind(store: FolderStore, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    store.put_release({})
    real = module.write_atomically

    def full(target: Path, content: bytes, **more: Any) -> None:
        if path in target.parts:
            raise OSError(28, "No space left on device", str(target))
        real(target, content, **more)

    monkeypatch.setattr(module, "write_atomically", full)
    with pytest.raises(StoreError, match="No space left"):
        store.put_release(FILES)
    monkeypatch.undo()
    assert not store.has_release(Manifest.of(FILES, app="a").digest)
    store.put_release(FILES)
    assert store.has_release(Manifest.of(FILES, app="a").digest)


def test_the_store_is_in_the_apps_folder_unless_told_otherwise(tmp_path: Path) -> None:
    fallback = tmp_path / "elsewhere"
    assert store_path(tmp_path, Settings("a"), fallback=fallback) == tmp_path / ".flyhot"
    named = store_path(tmp_path, Settings("a", store="s/t"), fallback=fallback)
    assert named == (tmp_path / "s" / "t").resolve()
    assert store_path(tmp_path, Settings("a", store="/s"), fallback=fallback) == Path("/s")


def test_a_folder_that_can_not_be_written_to_has_its_store_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def deny(path: Path, mode: int) -> bool:
        asked.append(path)
        return False

    monkeypatch.setattr(os, "access", deny)
    assert store_path(tmp_path, Settings("a"), fallback=tmp_path / "f") == tmp_path / "f"
    (tmp_path / ".flyhot").mkdir()
    store_path(tmp_path, Settings("a"), fallback=tmp_path / "f")
    assert asked == [tmp_path, tmp_path / ".flyhot"]
