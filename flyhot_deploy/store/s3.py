"""`s3://bucket`: AWS S3, Tigris, SeaweedFS and whoever else speaks S3 with conditional writes. The one place of boto3.

Endpoint and region come from the environment (AWS_ENDPOINT_URL_S3, AWS_REGION), credentials from wherever boto3 finds
them. Every request asks Tigris for the answer of its leader (`X-Tigris-Consistent`): its default buckets are
eventually consistent between regions, and a stale pointer is worse than a slow one. The header is signed with the
rest, and others ignore it.

Retries are ours (see `retry`), not botocore's, so that a conditional write whose answer was lost is seen as what it is.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
from urllib3.exceptions import HTTPError

from .base import (
    MAX_OBJECT_BYTES,
    Conflict,
    Denied,
    Listed,
    NoBucket,
    NotFound,
    NotModified,
    ObjectStoreError,
    Progress,
    Stored,
    Unavailable,
    check_key,
    check_size,
)
from .retry import Retry

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
CHUNK = 1 << 18
CONSISTENT = "X-Tigris-Consistent"

_DENIED = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"})
_LATER = frozenset({408, 409, 425, 429, 500, 502, 503, 504})

T = TypeVar("T")


class S3Store:
    """A Store in a bucket. `endpoint` and `region` None: as boto3 finds them."""

    def __init__(
        self, bucket: str, *, endpoint: str | None = None, region: str | None = None, retry: Retry | None = None
    ) -> None:
        self.bucket = bucket
        self._retry = retry or Retry()
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": 1},
            max_pool_connections=32,
            # Older endpoints refuse the checksums that botocore adds by itself; ours are in the manifest.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        try:
            self._client = boto3.session.Session().client(
                "s3", endpoint_url=endpoint, region_name=region or "auto", config=config
            )
        except (BotoCoreError, ValueError) as exc:
            raise ObjectStoreError(f"s3://{bucket} can't be used: {exc}", do="look at AWS_ENDPOINT_URL_S3") from exc
        self._client.meta.events.register("before-sign.s3", _ask_for_the_leader)

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}"

    def get(
        self,
        key: str,
        *,
        if_none_match: str | None = None,
        max_bytes: int = MAX_OBJECT_BYTES,
        progress: Progress | None = None,
    ) -> Stored:
        asked = {"Bucket": self.bucket, "Key": check_key(key)}
        if if_none_match is not None:
            asked["IfNoneMatch"] = if_none_match

        def once() -> Stored:
            answer = self._client.get_object(**asked)
            with contextlib.closing(answer["Body"]) as body:
                return Stored(_read(key, body, int(answer["ContentLength"]), max_bytes, progress), str(answer["ETag"]))

        return self._ask(key, "read", once)

    def put(
        self,
        key: str,
        body: bytes,
        *,
        if_match: str | None = None,
        if_none_match: bool = False,
        progress: Progress | None = None,
    ) -> str:
        asked: dict[str, Any] = {"Bucket": self.bucket, "Key": check_key(key)}
        if if_match is not None:
            asked["IfMatch"] = if_match
        if if_none_match:
            asked["IfNoneMatch"] = "*"

        def once() -> str:
            source = io.BytesIO(body) if progress is None else _Told(body, progress)
            return str(self._client.put_object(Body=source, ContentLength=len(body), **asked)["ETag"])

        def mine() -> str | None:
            present = self.get(key)
            return present.etag if present.body == body else None

        return self._ask(key, "written", once, mine if "IfMatch" in asked or "IfNoneMatch" in asked else None)

    def delete(self, key: str) -> None:
        check_key(key)
        with contextlib.suppress(NotFound):
            self._ask(key, "removed", lambda: self._client.delete_object(Bucket=self.bucket, Key=key))

    def list(self, prefix: str) -> Iterator[Listed]:
        after: dict[str, str] = {}
        while True:
            page = self._page(prefix, after)
            for item in page.get("Contents", ()):
                modified = item["LastModified"].timestamp()
                yield Listed(str(item["Key"]), int(item["Size"]), str(item["ETag"]), modified)
            if not page.get("IsTruncated"):
                return
            after = {"ContinuationToken": str(page["NextContinuationToken"])}

    def _page(self, prefix: str, after: dict[str, str]) -> dict[str, Any]:
        def once() -> dict[str, Any]:
            found: dict[str, Any] = self._client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, **after)
            return found

        return self._ask(prefix, "listed", once)

    def _ask(self, key: str, doing: str, once: Callable[[], T], mine: Callable[[], T | None] | None = None) -> T:
        """Try until there is an answer. `mine` finds out, for a conditional write, whether a refusal met our own write:
        the answer to an earlier attempt may have been lost.
        """

        def attempt(number: int) -> T:
            try:
                with _errors(self.url, key, doing):
                    return once()
            except Conflict:
                found = mine() if mine is not None and number else None
                if found is None:
                    raise
                return found

        return self._retry.run(attempt)


class _Told(io.BytesIO):
    """A body that tells how much of it was read."""

    def __init__(self, body: bytes, progress: Progress) -> None:
        super().__init__(body)
        self._total = len(body)
        self._progress = progress

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self._progress(self.tell(), self._total)
        return piece


def _read(key: str, body: Any, size: int, max_bytes: int, progress: Progress | None) -> bytes:
    check_size(key, size, max_bytes)
    pieces: list[bytes] = []
    done = 0
    for piece in body.iter_chunks(CHUNK):
        pieces.append(piece)
        done += len(piece)
        check_size(key, done, max_bytes)
        if progress is not None:
            progress(done, size)
    if done != size:
        raise Unavailable(f"{key} was cut short: {done:,} of {size:,} bytes came", key=key)
    return b"".join(pieces)


def _ask_for_the_leader(request: Any, **_: Any) -> None:
    request.headers[CONSISTENT] = "true"


@contextlib.contextmanager
def _errors(url: str, key: str, doing: str) -> Iterator[None]:
    """Botocore's errors end here."""
    what = f"{url}: {key or 'its objects'} can't be {doing}"
    try:
        yield
    except ClientError as exc:
        raise _named(what, key, url, exc) from exc
    except (NoCredentialsError, PartialCredentialsError) as exc:
        raise Denied(f"{what}: there are no credentials", key=key, do=_CREDENTIALS) from exc
    except (BotoCoreError, OSError, HTTPError) as exc:
        message = f"{what}: no answer ({type(exc).__name__}: {exc})"
        raise Unavailable(message[:500], key=key, do="see whether the endpoint can be reached, then try again") from exc


_CREDENTIALS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (on Fly: `fly storage create` does)"


def _named(what: str, key: str, url: str, exc: ClientError) -> ObjectStoreError:
    error = exc.response.get("Error", {})
    code, said = str(error.get("Code", "")), str(error.get("Message", ""))[:200]
    status = int(exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    why = f"{what}: {status} {code} {said}".rstrip()
    if status == 304:
        return NotModified(f"the object {key} is unchanged", key=key)
    if status == 412:
        return Conflict(f"the object {key} in {url} was changed meanwhile, or is there already", key=key)
    if code == "NoSuchBucket":
        return NoBucket(why, key=key, do="make the bucket (on Fly: `fly storage create`), or name another one")
    if status == 404 and exc.operation_name == "PutObject":
        return Conflict(f"the object {key} in {url} was removed meanwhile", key=key)
    if status == 404:
        return NotFound(f"{url} has no object {key}", key=key)
    if status in (401, 403) or code in _DENIED:
        return Denied(why, key=key, do=_CREDENTIALS)
    if status in _LATER:
        return Unavailable(why, key=key, do="try again in a while")
    return ObjectStoreError(why, key=key)
