"""S3's object lock as S3 keeps it, in front of a cloud that keeps less of it; and stores that only pretend to keep it.

moto 5.2 refuses to delete a locked version, but lets its lock in mode COMPLIANCE be shortened, weakened or lifted, and
versioning be suspended. The rules here are those of the Amazon S3 user guide ("Locking objects with Object Lock") and
its API reference: PutObject, PutObjectRetention, DeleteObject, PutBucketVersioning, DeleteBucket.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

MODE, UNTIL = "HTTP_X_AMZ_OBJECT_LOCK_MODE", "HTTP_X_AMZ_OBJECT_LOCK_RETAIN_UNTIL_DATE"
BYPASS = "HTTP_X_AMZ_BYPASS_GOVERNANCE_RETENTION"
Environ = dict[str, Any]
Query = dict[str, list[str]]
DENIED = ("403 Forbidden", "AccessDenied")
SUSPENDED = ("409 Conflict", "InvalidBucketState")
NOT_EMPTY = ("409 Conflict", "BucketNotEmpty")
Version = tuple[str, str]
"""A path, `/bucket/key`, and a version."""


@dataclass(frozen=True)
class Lock:
    """What holds a version, and until when."""

    mode: str
    until: datetime

    def yields_to(self, other: Lock | None, *, bypass: bool) -> bool:
        """Say whether it may be replaced: it is over or may be lifted, or the other one is no weaker."""
        stronger = other is not None and other.until >= self.until and other.mode in {self.mode, "COMPLIANCE"}
        return stronger or self.until <= datetime.now(UTC) or (self.mode == "GOVERNANCE" and bypass)


@dataclass
class Strict:
    """Wraps a cloud: refuses whatever would take a locked version away, or its lock, before the time."""

    cloud: WSGIApplication
    locks: dict[Version, Lock] = field(default_factory=dict)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, by a refusal or as the cloud does."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        path, query = environ["PATH_INFO"], parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        if refusal := self._refusal(environ, path, query, body):
            status, code = refusal
            text = f"<Error><Code>{code}</Code><Message>refused by the lock</Message></Error>".encode()
            start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(text)))])
            return [text]
        return self.cloud(environ, self._noting(environ, path, query, body, start_response))

    def _refusal(self, environ: Environ, path: str, query: Query, body: bytes) -> tuple[str, str] | None:
        bypass = environ.get(BYPASS, "").lower() == "true"
        version = (path, query.get("versionId", [""])[0])
        held = self.locks.get(version)
        match environ["REQUEST_METHOD"]:
            case "PUT" if "retention" in query:
                return DENIED if held and not held.yields_to(_lock(body), bypass=bypass) else None
            case "PUT" if "versioning" in query:
                return SUSPENDED if b"Suspended" in body and self._within(path) else None
            case "PUT":
                return _odd(environ)
            case "DELETE" if version[1]:
                return DENIED if held and not held.yields_to(None, bypass=bypass) else None
            case "DELETE":
                return NOT_EMPTY if "/" not in path.strip("/") and self._within(path) else None
            case _:
                return None

    def _within(self, path: str) -> bool:
        return any(where.startswith(f"{path.rstrip('/')}/") for where, _ in self.locks)

    def _noting(
        self, environ: Environ, path: str, query: Query, body: bytes, start_response: StartResponse
    ) -> StartResponse:
        """Return what notes the locks that the cloud has accepted."""

        def answered(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if status.startswith("2") and environ["REQUEST_METHOD"] == "PUT":
                made = {name.lower(): value for name, value in headers}.get("x-amz-version-id", "")
                if "retention" in query and (lock := _lock(body)):
                    self.locks[path, query.get("versionId", [""])[0]] = lock
                elif MODE in environ and made:
                    self.locks[path, made] = Lock(environ[MODE], _moment(environ[UNTIL]))
            return start_response(status, headers, *more)

        return answered


@dataclass(frozen=True)
class Pretending:
    """Wraps a cloud: changes what a request says of its lock, as a store does that takes a lock and keeps another."""

    cloud: WSGIApplication
    change: Callable[[Environ], None]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request whose lock, if it has one, was changed."""
        if MODE in environ:
            self.change(environ)
        return self.cloud(environ, start_response)


def _odd(environ: Environ) -> tuple[str, str] | None:
    """Refuse an object whose lock is over before it begins, or that comes without a checksum."""
    if MODE not in environ:
        return None
    if not any(name.startswith(("HTTP_X_AMZ_CHECKSUM", "HTTP_CONTENT_MD5")) for name in environ):
        return "400 Bad Request", "InvalidRequest"
    return ("400 Bad Request", "InvalidArgument") if _moment(environ[UNTIL]) <= datetime.now(UTC) else None


def _lock(body: bytes) -> Lock | None:
    mode, until = (re.search(rb"<%s>(.*?)</%s>" % (name, name), body) for name in (b"Mode", b"RetainUntilDate"))
    return Lock(mode[1].decode(), _moment(until[1].decode())) if mode and until else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
