"""What S3 alone does: retries, lost answers, errors by name, and the header that Tigris wants."""

from __future__ import annotations

import http.client
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from flyhot_deploy.store.base import Conflict, Denied, NoBucket, ObjectStoreError, Unavailable
from flyhot_deploy.store.retry import Retry
from flyhot_deploy.store.s3 import S3Store
from tests.seaweed import free_ports

FAST = Retry(attempts=3, first=0.001, longest=0.002)


@dataclass
class Proxy:
    """Between us and the server. `drop_answers`: so many answers are lost, though the server did its work. `answer`:
    this status instead of asking the server, so many times.
    """

    endpoint: str
    drop_answers: int = 0
    answer: tuple[int, int, bytes] = (0, 0, b"")
    headers: list[dict[str, str]] = field(default_factory=list)
    requests: int = 0


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    state = Proxy("")
    target = urlsplit(upstream)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            state.requests += 1
            state.headers.append(dict(self.headers.items()))
            status, times, said = state.answer
            if times:
                state.answer = (status, times - 1, said)
                self.send_response(status)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
                return
            connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=20)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            data = answer.read()
            connection.close()
            if state.drop_answers:
                state.drop_answers -= 1
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = forward

    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_ports(1)[0]), Handler)
    server.daemon_threads = True
    state.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def between(s3_bucket: S3Store, s3_endpoint: str) -> Iterator[tuple[Proxy, S3Store]]:
    # The signature covers the host header, so that the server must be asked under the proxy's name: it is forwarded.
    with proxy(s3_endpoint) as state:
        yield state, S3Store(s3_bucket.bucket, endpoint=state.endpoint, retry=FAST)


def test_a_lost_answer_to_a_creation_is_no_conflict(between: tuple[Proxy, S3Store], space: str) -> None:
    state, store = between
    state.drop_answers = 1
    etag = store.put(f"{space}/a", b"mine", if_none_match=True)
    assert store.get(f"{space}/a").etag == etag and state.requests >= 3


def test_a_lost_answer_to_a_compare_and_set_is_no_conflict(between: tuple[Proxy, S3Store], space: str) -> None:
    state, store = between
    first = store.put(f"{space}/a", b"1")
    state.drop_answers = 1
    second = store.put(f"{space}/a", b"2", if_match=first)
    assert store.get(f"{space}/a").etag == second


def test_a_conflict_that_follows_a_lost_answer_and_is_anothers_is_one(
    between: tuple[Proxy, S3Store], s3_bucket: S3Store, space: str
) -> None:
    state, store = between
    s3_bucket.put(f"{space}/a", b"theirs")
    state.drop_answers = 1
    with pytest.raises(Conflict):
        store.put(f"{space}/a", b"mine", if_none_match=True)
    assert s3_bucket.get(f"{space}/a").body == b"theirs"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_passes_is_tried_again(between: tuple[Proxy, S3Store], space: str, status: int) -> None:
    state, store = between
    state.answer = (status, 2, b"")
    store.put(f"{space}/a", b"1")
    assert state.requests == 3


def test_what_does_not_pass_is_unavailable_after_all_tries(between: tuple[Proxy, S3Store], space: str) -> None:
    state, store = between
    state.answer = (503, 100, b"")
    with pytest.raises(Unavailable):
        store.get(f"{space}/a")
    assert state.requests == FAST.attempts


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDenied", Denied),
        (400, "ExpiredToken", Denied),
        (404, "NoSuchBucket", NoBucket),
        (400, "Bad", ObjectStoreError),
    ],
)
def test_errors_have_names_and_are_not_tried_again(
    between: tuple[Proxy, S3Store], space: str, status: int, code: str, error: type[Exception]
) -> None:
    state, store = between
    state.answer = (status, 1, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())
    with pytest.raises(error) as caught:
        store.get(f"{space}/a")
    assert type(caught.value) is error and state.requests == 1


def test_every_request_asks_tigris_for_its_leader_and_signs_that(between: tuple[Proxy, S3Store], space: str) -> None:
    state, store = between
    store.put(f"{space}/a", b"1")
    store.get(f"{space}/a")
    list(store.list(space))
    store.delete(f"{space}/a")
    assert len(state.headers) == 4
    for headers in state.headers:
        lower = {name.lower(): value for name, value in headers.items()}
        assert lower["x-tigris-consistent"] == "true"
        assert "x-tigris-consistent" in lower["authorization"].partition("SignedHeaders=")[2].partition(",")[0]


def test_nobody_there_is_unavailable_and_says_where_not_who(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-value")
    store = S3Store("bucket", endpoint=f"http://127.0.0.1:{free_ports(1)[0]}", retry=FAST)
    with pytest.raises(Unavailable) as caught:
        store.get("a")
    assert "s3://bucket" in str(caught.value) and "very-secret-value" not in str(caught.value)
    assert "very-secret-value" not in repr(store.__dict__)


def test_without_credentials_it_is_denied(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    with pytest.raises(Denied, match="no credentials"):
        S3Store("bucket", endpoint="http://127.0.0.1:9", retry=FAST).get("a")
