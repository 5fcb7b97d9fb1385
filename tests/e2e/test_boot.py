"""A container that boots: real servers and workers, a real bucket, `run --` and the line in the app."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from flyhot_asgi.control.paths import sockets_of
from flyhot_deploy.packing import Terms, pack_files
from flyhot_deploy.release.signing import KeyRing, SecretKey
from flyhot_deploy.repository.keys import Keys
from flyhot_deploy.repository.lease import acquire
from flyhot_deploy.repository.pointer import Current
from flyhot_deploy.repository.repository import Repository
from flyhot_deploy.store.s3 import S3Store
from tests.seaweed import Bucket, free_ports, new_bucket, require_weed, server

pytestmark = pytest.mark.e2e

PROJECT = Path(__file__).resolve().parents[2]
KEY = SecretKey.generate()
IMAGE = "registry.fly.io/shop:deployment-1"
LINE = "import flyhot_deploy; flyhot_deploy.startup_reapply_current()\n"
APP = """
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from flyhot_asgi import HotUpgrade
from {words} import WORD


def home(request):
    page = (Path(__file__).parent / "page.html").read_text()
    return PlainTextResponse(f"{{WORD}} {{page}}")


def trouble(request):
    raise RuntimeError("WHERE")


routes = [Route("/", home), Route("/trouble", trouble)]
app = Starlette(routes=routes, middleware=[Middleware(HotUpgrade)])
"""


def files(number: int, *, line: bool = False) -> dict[str, bytes]:
    """The app at release `number`: its module of words has another name each time."""
    return {
        "pyproject.toml": b"[project]\nname = 'shop'\n",
        "main.py": ((LINE if line else "") + "#\n" * number + APP.format(words=f"words{number}")).encode(),
        f"words{number}.py": f"WORD = 'word{number}'\n".encode(),
        "page.html": f"page{number}".encode(),
    }


@dataclass
class Container:
    """The disk of a machine, and the one server on it."""

    bucket: Bucket
    image: Mapping[str, bytes]
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="fh-", dir="/tmp")).resolve())
    base: str = IMAGE
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: subprocess.Popen[bytes] | None = None

    def reset(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        for path, body in self.image.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(body)

    @property
    def root(self) -> Path:
        return self.folder / "app"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    def start(self, *command: str) -> None:
        environment = {
            **os.environ,
            **self.bucket.environment,
            "PYTHONPATH": str(PROJECT),
            "FLYHOT_RUNTIME_DIR": str(self.folder / "run"),
            "FLYHOT_PUBLIC_KEYS": str(KEY.public),
            "FLYHOT_AGENT": "",
            "FLY_APP_NAME": "shop",
            "FLY_MACHINE_ID": "148ed",
            "FLY_IMAGE_REF": self.base,
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.root, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def get(self, path: str = "/", within: float = 40.0) -> str:
        until = time.monotonic() + within
        while time.monotonic() < until:
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10).text
            assert self.process is not None
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        pytest.fail(f"it doesn't serve\n{self.log[-3000:]}")

    def kill(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(60)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with server(require_weed()) as found:
        yield found


@pytest.fixture
def container(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Container]:
    bucket = new_bucket(endpoint)
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    made = Container(bucket, files(1))
    made.reset()
    yield made
    made.kill()
    shutil.rmtree(made.folder, ignore_errors=True)


class Fleet:
    """What a deployer leaves behind in the bucket."""

    def __init__(self, bucket: Bucket) -> None:
        store = S3Store(bucket.name, endpoint=bucket.endpoint)
        self.repository = Repository(store, Keys("shop"), KeyRing((KEY.public,)))
        self.sequence = 0

    def release(self, contents: Mapping[str, bytes], base: str = IMAGE) -> str:
        self.sequence += 1
        bundle = pack_files(contents, "shop", Terms("shop", "main", self.sequence, (base,)), [KEY])
        self.repository.publish(bundle)
        lease = acquire(self.repository.store, self.repository.keys.lock, "test")
        read = self.repository.pointer()
        current = Current(bundle.digest, bundle.manifest.release, self.sequence)
        self.repository.move(read, read.pointer.with_current((base,), current), lease, KEY)
        lease.release()
        return bundle.manifest.vsn


@pytest.fixture
def fleet(container: Container) -> Fleet:
    return Fleet(container.bucket)


def uvicorn(container: Container, *more: str) -> list[str]:
    return [sys.executable, "-m", "uvicorn", "main:app", "--port", str(container.port), *more]


def run(container: Container, *more: str) -> list[str]:
    return [sys.executable, "-m", "flyhot_deploy", "run", "--", *uvicorn(container, *more)]


def running(container: Container) -> set[str]:
    """The releases that the processes of this container say they run."""
    return set(re.findall(r"runs release ([0-9a-f]{12}) and can be upgraded", container.log))


@pytest.mark.parametrize("workers", [1, 2])
def test_run_serves_the_release_and_says_so(container: Container, fleet: Fleet, workers: int) -> None:
    vsn = fleet.release(files(2))
    container.start(*run(container, "--workers", str(workers), *("--log-config", _logging(container))))
    assert container.get() == "word2 page2"
    assert running(container) == {vsn}
    container.get("/trouble")
    until = time.monotonic() + 10  # the server logs it after it has answered
    while 'raise RuntimeError("WHERE")' not in container.log and time.monotonic() < until:
        time.sleep(0.05)
    assert 'raise RuntimeError("WHERE")' in container.log


def _logging(container: Container) -> str:
    """Uvicorn's own log, and ours beside it."""
    import json

    path = container.folder / "log.json"
    document = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}},
        "root": {"level": "INFO", "handlers": ["out"]},
    }
    path.write_text(json.dumps(document))
    return str(path)


def test_killed_and_started_again_on_a_fresh_disk_it_serves_the_release(container: Container, fleet: Fleet) -> None:
    fleet.release(files(2))
    for _ in range(2):
        container.start(*run(container))
        assert container.get() == "word2 page2"
        container.kill()
        container.reset()
    container.base, container.image = "registry.fly.io/shop:deployment-2", files(3)
    container.reset()
    container.start(*run(container))
    assert container.get() == "word3 page3", "the stale upgrade was laid over a new image"


def test_a_release_that_dies_in_its_startup_gives_way_to_the_image(container: Container, fleet: Fleet) -> None:
    broken = files(2) | {"main.py": b"raise SystemExit('broken at boot')\n"}
    fleet.release(broken)
    for _ in range(3):
        container.start(*run(container))
        assert container.wait() != 0
        container.reset()
    container.start(*run(container))
    assert container.get() == "word1 page1"
    container.kill()
    fleet.release(files(3))
    container.start(*run(container))
    assert container.get() == "word3 page3"


def test_coming_up_forgets_failures(container: Container, fleet: Fleet) -> None:
    """Killed from outside again and again, long after it had come up: that is nobody's failed boot."""
    fleet.release(files(2))
    for _ in range(4):
        container.start(*run(container))
        assert container.get() == "word2 page2"
        container.kill()
        fleet.repository.note_boots("148ed", {})  # what the agent does when it starts


@pytest.mark.parametrize("workers", [1, 2])
def test_the_line_in_the_app_does_the_same(container: Container, fleet: Fleet, workers: int) -> None:
    container.image = files(1, line=True)
    container.reset()
    vsn = fleet.release(files(2, line=True))
    container.start(*uvicorn(container, "--workers", str(workers), "--log-config", _logging(container)))
    assert container.get() == "word2 page2"
    until = time.monotonic() + 60
    while container.log.count("can be upgraded") < workers and time.monotonic() < until:
        time.sleep(0.1)
    assert container.log.count("can be upgraded") == workers, container.log[-3000:]
    assert running(container) == {vsn}


def test_without_a_bucket_a_machine_boots_what_it_has(container: Container, fleet: Fleet) -> None:
    fleet.release(files(2))
    container.start(*run(container))
    assert container.get() == "word2 page2"
    container.kill()
    container.bucket = Bucket(f"http://127.0.0.1:{free_ports(1)[0]}", container.bucket.name)
    began = time.monotonic()
    container.start(*run(container))
    assert container.get() == "word2 page2"
    assert "can't be asked" in container.log and time.monotonic() - began < 40


def test_a_started_process_has_its_control_socket(container: Container, fleet: Fleet) -> None:
    fleet.release(files(2))
    container.start(*run(container))
    container.get()
    folders = [path for path in (container.folder / "run").iterdir() if path.is_dir()]
    assert len(folders) == 1 and len(sockets_of(folders[0])) == 1
