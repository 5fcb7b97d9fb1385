"""`keygen`, `pack`, `gc`, `unlock`, `doctor`, `history` as somebody types them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.release.manifest import Manifest
from flyhot_deploy.release.bundle import read_bundle
from flyhot_deploy.release.signing import KeyRing, PublicKey, SecretKey
from flyhot_deploy.repository.gc import find_garbage
from flyhot_deploy.repository.keys import Keys
from flyhot_deploy.repository.lease import acquire, read_lock
from flyhot_deploy.repository.pointer import Current
from flyhot_deploy.repository.repository import Repository
from flyhot_deploy.store.folder import FileStore
from tests.deploy.bundles import KEY, TRUSTED, make_bundle

PROJECT = Path(__file__).resolve().parents[3]


class Shell:
    """The command line in an app's folder."""

    def __init__(self, root: Path, store: Path) -> None:
        self.root = root
        self.store = store
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("FLY", "AWS", "BUCKET"))},
            "PYTHONPATH": str(PROJECT),
            "FLYHOT_STORE": store.as_uri(),
            "FLYHOT_PUBLIC_KEYS": str(KEY.public),
            "FLYHOT_SIGNING_KEY": KEY.reveal(),
        }

    def run(self, *words: str, **environment: str | None) -> subprocess.CompletedProcess[str]:
        merged = {k: v for k, v in {**self.environment, **environment}.items() if v is not None}
        done = subprocess.run(
            [sys.executable, "-m", "flyhot_deploy", *words],
            cwd=self.root, env=merged, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr + done.stdout
        assert KEY.reveal() not in done.stderr + done.stdout
        return done

    def json(self, *words: str, code: int = 0, **environment: str | None) -> dict[str, Any]:
        done = self.run(*words, "--json", **environment)
        assert done.returncode == code, done.stdout + done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        assert document["exit_code"] == code
        return document

    @property
    def repository(self) -> Repository:
        return Repository(FileStore(self.store), Keys("shop"), TRUSTED)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    root = tmp_path / "app"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    (root / "main.py").write_text("print('one')\n")
    return Shell(root, tmp_path / "store")


def test_keygen_keeps_the_secret_from_everybody(shell: Shell) -> None:
    document = shell.json("keygen")
    path = shell.root / "flyhot.key"
    key = SecretKey.parse(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PublicKey.parse(document["public_key"]) == key.public
    assert key.reveal() not in json.dumps(document)
    again = shell.run("keygen")
    assert again.returncode == 2 and "exists" in again.stderr
    assert SecretKey.parse(path.read_text()) == key
    assert shell.run("keygen", "--force").returncode == 0
    assert SecretKey.parse(path.read_text()) != key


def test_a_key_is_no_part_of_a_release(shell: Shell) -> None:
    shell.json("keygen")
    document = shell.json("pack", "-o", "out.flyhot")
    bundle = read_bundle((shell.root / "out.flyhot").read_bytes(), TRUSTED)
    assert set(bundle.files()) == {"main.py", "pyproject.toml"}
    assert document["release"] == bundle.manifest.release


def test_pack_is_reproducible(shell: Shell) -> None:
    for name in ("a.flyhot", "b.flyhot"):
        shell.json("pack", "-o", f"../{name}", "--base", "image:1", "--sequence", "7", SOURCE_DATE_EPOCH="1700000000")
    bundles = [(shell.root.parent / name).read_bytes() for name in ("a.flyhot", "b.flyhot")]
    assert bundles[0] == bundles[1]


def test_pack_without_a_key_says_what_to_do(shell: Shell) -> None:
    done = shell.run("pack", FLYHOT_SIGNING_KEY=None)
    assert done.returncode == 2 and "keygen" in done.stderr
    document = shell.json("pack", "--unsigned", "-o", "out.flyhot", FLYHOT_SIGNING_KEY=None)
    assert document["signed_by"] == []


def test_pack_publish_and_history(shell: Shell) -> None:
    assert shell.json("history")["entries"] == []
    document = shell.json("pack", "--publish", "--base", "image:1")
    manifest = shell.repository.manifest(document["manifest"])
    assert manifest.bases == ("image:1",) and document["file"] is None
    shell.repository.record(3, {"action": "hot", "release": manifest.release, "outcome": "complete"})
    shown = shell.run("history")
    assert manifest.vsn in shown.stdout and "complete" in shown.stdout


def test_pack_records_the_way_from_what_machines_run(shell: Shell) -> None:
    files = {path: (shell.root / path).read_bytes() for path in ("main.py", "pyproject.toml")}
    running = Manifest.of(files, app="shop")
    shell.repository.publish_base(running, files)
    shell.repository.say("m1", {"image": "image:1", "releases": [running.digest], "imported": [["main", "main.py"]]})
    (shell.root / "main.py").write_text("WORD = 'two'\n")
    document = shell.json("pack", "--publish", "--base", "image:1")
    manifest = shell.repository.manifest(document["manifest"])
    assert document["recorded"] and manifest.plan is not None and manifest.structure is not None
    assert (manifest.plan["from"], manifest.plan["to"]) == (running.digest, manifest.release)
    assert set(manifest.structure["modules"]) == {"main"}
    (shell.root / "main.py").write_text("import no_such_module\n")
    document = shell.json("pack", "--publish", "--base", "image:1")
    assert not document["recorded"] and "no_such_module" in document["notes"][0]


def test_a_damaged_signing_key_is_one_clear_error(shell: Shell) -> None:
    done = shell.run("pack", FLYHOT_SIGNING_KEY="flyhot-secret-rubbish")
    assert done.returncode == 2 and "damaged" in done.stderr and "rubbish" not in done.stderr


@pytest.mark.parametrize("address", ["ftp://x", "s3://", "s3://user:word@bucket", "file://host/x", "s3://b?x=1"])
def test_an_address_that_is_none_is_one_clear_error(shell: Shell, address: str) -> None:
    done = shell.run("history", FLYHOT_STORE=address)
    assert done.returncode == 2 and "no address of a store" in done.stderr and "word" not in done.stderr


def test_unlock_frees_a_dead_lock_and_leaves_a_living_one(shell: Shell) -> None:
    store, key = FileStore(shell.store), shell.repository.keys.lock
    assert shell.json("unlock")["was_held_by"] is None
    acquire(store, key, "dead deploy", ttl=0.4)
    assert shell.json("unlock")["was_held_by"] == "dead deploy"
    assert not read_lock(store, key).held
    from flyhot_deploy.repository.lease import kept

    with kept(acquire(store, key, "living deploy", ttl=4)):
        done = shell.run("unlock")
        assert done.returncode == 75 and "living deploy is alive" in done.stderr
        assert shell.json("unlock", "--force")["was_held_by"] == "living deploy"


def test_gc_removes_what_nobody_runs(shell: Shell) -> None:
    repository = shell.repository
    old, current, kept = (make_bundle({"a.py": b"%d" % number}, sequence=number) for number in (1, 2, 3))
    for bundle in (old, current, kept):
        repository.publish(bundle)
    repository.record(3, {"manifest": kept.digest, "deploy": "d3"})
    repository.decide("d1", "commit", epoch=1)
    repository.decide("d3", "commit", epoch=1)
    lease = acquire(repository.store, repository.keys.lock, "test")
    read = repository.pointer()
    where = Current(current.digest, current.manifest.release, 2)
    repository.move(read, read.pointer.with_current(("image:1",), where), lease, KEY)
    lease.release()
    assert shell.json("gc")["removed"] == []
    for path in shell.store.rglob("*"):
        if path.is_file():
            os.utime(path, (1_000_000_000, 1_000_000_000))
    wanted = {
        repository.keys.manifest(old.digest),
        repository.keys.payload(old.manifest.payload.sha256),
        repository.keys.decision("d1"),
    }
    assert set(shell.json("gc", "--dry-run")["removed"]) == wanted
    assert set(shell.json("gc")["removed"]) == wanted
    assert repository.bundle(current.digest) and repository.bundle(kept.digest)
    assert find_garbage(repository).removed == []


def test_gc_waits_for_no_deploy(shell: Shell) -> None:
    acquire(FileStore(shell.store), shell.repository.keys.lock, "a deploy")
    done = shell.run("gc")
    assert done.returncode == 75 and "a deploy" in done.stderr


def test_gc_of_one_channel_leaves_the_payloads_of_another(shell: Shell) -> None:
    staging = Repository(FileStore(shell.store), Keys("shop", "staging"), TRUSTED)
    bundle = make_bundle(channel="staging")
    staging.publish(bundle)
    shell.repository.publish(make_bundle())
    for path in shell.store.rglob("*"):
        if path.is_file():
            os.utime(path, (1_000_000_000, 1_000_000_000))
    assert len(shell.json("gc")["removed"]) == 1
    assert staging.bundle(bundle.digest).files()


def grades(document: dict[str, Any]) -> dict[str, str]:
    return {one["what"]: one["grade"] for one in document["findings"]}


def test_doctor_finds_a_healthy_place_healthy(shell: Shell) -> None:
    document = shell.json("doctor")
    found = grades(document)
    assert (found["python"], found["app"], found["keys"]) == ("ok", "ok", "ok")
    assert (found["store"], found["conditional writes"], found["lock"]) == ("ok", "ok", "ok")
    assert list(shell.store.rglob("probe/*")) == []


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        ({"FLYHOT_PUBLIC_KEYS": None}, "keys"),
        ({"FLYHOT_PUBLIC_KEYS": str(SecretKey(b"x" * 32).public)}, "keys"),
        ({"FLYHOT_STORE": "file:///proc/nowhere"}, "store"),
        (
            {
                "FLYHOT_STORE": "s3://bucket",
                "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
                "AWS_EC2_METADATA_DISABLED": "1",
            },
            "store",
        ),
    ],
)
def test_doctor_names_what_is_wrong_and_the_mend(shell: Shell, environment: dict[str, str | None], what: str) -> None:
    document = shell.json("doctor", code=1, **environment)
    failures = [one for one in document["findings"] if one["grade"] == "failure"]
    assert what in {one["what"] for one in failures}
    assert all(one["do"] for one in failures)


def test_doctor_sees_a_secret_on_a_command_line(shell: Shell) -> None:
    """Somebody started a process with the key among its arguments."""
    careless = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", KEY.reveal()])
    try:
        document = shell.json("doctor", code=1)
    finally:
        careless.kill()
        careless.wait()
    said = [one["said"] for one in document["findings"] if one["what"] == "secrets"]
    assert any(f"process {careless.pid}" in text and "FLYHOT_SIGNING_KEY" in text for text in said)


def test_doctor_tells_dependencies_that_drifted(shell: Shell) -> None:
    bundle = make_bundle(bases=("image:1",))
    repository = shell.repository
    repository.publish(bundle)
    lease = acquire(repository.store, repository.keys.lock, "test")
    read = repository.pointer()
    where = Current(bundle.digest, bundle.manifest.release, 1)
    repository.move(read, read.pointer.with_current(("image:1",), where), lease, KEY)
    lease.release()
    document = shell.json("doctor", code=1, FLYHOT_BASE="image:1")
    said = next(one for one in document["findings"] if one["what"] == "dependencies")
    assert said["grade"] == "failure" and "is installed" in said["said"]
    assert grades(document)["release"] == "ok"


def test_trust_comes_from_the_environment_only(shell: Shell) -> None:
    """A release may bring a pyproject.toml, and must not bring its own keys in it."""
    (shell.root / "pyproject.toml").write_text("[tool.flyhot]\npublic_keys = ['x']\n")
    done = shell.run("doctor")
    assert done.returncode == 2 and "public_keys" in done.stderr
    assert KeyRing().keys == ()
