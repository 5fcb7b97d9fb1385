"""Stores by their address: `s3://bucket/prefix`, `file:///folder`, or a plain folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from flyhot_asgi.errors import ConfigError

from .base import Store
from .folder import FileStore

EXAMPLES = "s3://bucket, s3://bucket/prefix or file:///folder"


@dataclass(frozen=True)
class Address:
    """Where a store is. `prefix` goes before every key of ours there; `endpoint` and `region` are for S3 only."""

    scheme: str
    place: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None

    @classmethod
    def parse(cls, text: str, *, endpoint: str | None = None, region: str | None = None) -> Address:
        """Raises ConfigError for what is no address of a store. A password in it is refused, and not shown."""
        if "://" not in text:
            return cls("file", str(Path(text).expanduser().absolute()))
        parts = urlsplit(text)
        if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
            return cls("file", unquote(parts.path))
        if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or parts.query or parts.fragment:
            raise ConfigError(f"this is no address of a store; use {EXAMPLES}", do="mend FLYHOT_STORE")
        return cls("s3", parts.netloc, parts.path.strip("/"), endpoint, region)

    def open(self) -> Store:
        """The store there. Nothing is asked of it yet. Raises ConfigError: boto3 is missing."""
        if self.scheme == "file":
            return FileStore(Path(self.place))
        try:
            from .s3 import S3Store
        except ModuleNotFoundError as exc:
            raise ConfigError(
                f"an S3 store needs {exc.name}, which is not installed", do='pip install "flyhot[deploy]"'
            ) from exc
        return S3Store(self.place, endpoint=self.endpoint, region=self.region)
