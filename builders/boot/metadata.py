"""An EC2-like instance metadata service on loopback, strict: what EC2 refuses is refused.

Paths, headers and status codes: Amazon EC2 user guide, "Instance metadata" (IMDSv1 and IMDSv2).
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from builders.boot.instance import Instance

ADDRESS = "169.254.169.254"
MASK = "169.254.169.0/24"
"""The network of a machine that has the service in it."""
VERSIONS = ("1.0", "2007-01-19", "2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "latest")
_TOKEN_PATH = "/latest/api/token"  # noqa: S105 - a path
_TOKEN = "X-aws-ec2-metadata-token"  # noqa: S105 - a header
_TTL = "X-aws-ec2-metadata-token-ttl-seconds"
_LONGEST_TTL = 21600
_REGION = "us-east-1"
_SECONDS = 30.0


@dataclass
class Visits:
    """What has been asked of a service so far."""

    requests: int = 0
    tokens: int = 0
    paths: list[str] = field(default_factory=list)


def tree(instance: Instance, architecture: str) -> dict[str, str]:
    """Return every leaf below a version by its path, as the instance sees it."""
    zone = f"{_REGION}a"
    address = "169.254.169.15"
    document = {
        "accountId": "000000000000",
        "architecture": {"amd64": "x86_64"}.get(architecture, architecture),
        "availabilityZone": zone,
        "imageId": "ami-00000000000000000",
        "instanceId": instance.id,
        "instanceType": "m5.large",
        "pendingTime": "2009-10-22T00:00:00Z",
        "privateIp": address,
        "region": _REGION,
        "version": "2017-09-30",
    }
    return {
        "meta-data/ami-id": str(document["imageId"]),
        "meta-data/ami-launch-index": "0",
        "meta-data/ami-manifest-path": "(unknown)",
        "meta-data/block-device-mapping/ami": "/dev/sda1",
        "meta-data/block-device-mapping/root": "/dev/sda1",
        "meta-data/hostname": instance.hostname,
        "meta-data/instance-action": "none",
        "meta-data/instance-id": instance.id,
        "meta-data/instance-life-cycle": "on-demand",
        "meta-data/instance-type": str(document["instanceType"]),
        "meta-data/local-hostname": instance.hostname,
        "meta-data/local-ipv4": address,
        "meta-data/placement/availability-zone": zone,
        "meta-data/placement/region": _REGION,
        "meta-data/public-keys/0/openssh-key": instance.public_key,
        "meta-data/reservation-id": f"r-{instance.id.removeprefix('i-')}",
        "meta-data/security-groups": "default",
        "meta-data/services/domain": "amazonaws.com",
        "meta-data/services/partition": "aws",
        "user-data": instance.user_data,
        "dynamic/instance-identity/document": json.dumps(document, indent=2),
    }


def answer(leaves: Mapping[str, str], path: str) -> str | None:
    """Return what a GET of `path` gives: a leaf, a listing of what is below, or None for what is not there."""
    version, _, rest = path.removeprefix("/").partition("/")
    if not version:
        return "\n".join(VERSIONS)
    if version not in VERSIONS:
        return None
    rest = rest.rstrip("/")
    if rest in leaves:
        return leaves[rest]
    if rest == "meta-data/public-keys":
        return "0=recipe"
    below = f"{rest}/" if rest else ""
    names = {leaf.removeprefix(below).partition("/") for leaf in leaves if leaf.startswith(below)}
    return "\n".join(sorted({f"{name}{slash}" for name, slash, _ in names})) or None


@dataclass(slots=True)
class _Service:
    """What a service knows: its leaves, whether it wants tokens, the sessions it gave them for, its visits."""

    leaves: Mapping[str, str]
    tokens_required: bool
    visits: Visits = field(default_factory=Visits)
    sessions: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def session(self, seconds: int) -> str:
        """Begin a session and return its token."""
        token = secrets.token_urlsafe(32)
        with self.lock:
            self.visits.tokens += 1
            self.sessions[token] = time.monotonic() + seconds
        return token

    def permits(self, token: str | None) -> bool:
        """Say whether a request with this token, or with none, is answered."""
        if token is None:
            return not self.tokens_required
        return self.sessions.get(token, 0.0) > time.monotonic()

    def look(self, path: str) -> str | None:
        """Note a visit and return what is there."""
        with self.lock:
            self.visits.requests += 1
            self.visits.paths.append(path)
        return answer(self.leaves, path)


@contextmanager
def serving(leaves: Mapping[str, str], *, tokens_required: bool = False) -> Iterator[tuple[int, Visits]]:
    """Serve the leaves on a free port of 127.0.0.1 while the block runs; give the port and what was asked.

    With `tokens_required` requests without a session token are refused, as an instance does whose `HttpTokens` is
    `required`.
    """
    service = _Service(leaves, tokens_required)
    with _Server(service) as server:
        thread = threading.Thread(target=server.serve_forever, name="metadata")
        thread.start()
        try:
            yield server.server_port, service.visits
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, service: _Service) -> None:
        self.service = service
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    """HTTP of the service; what it knows is its server's."""

    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    sys_version = ""
    timeout: ClassVar[float] = _SECONDS
    server: _Server

    def do_PUT(self) -> None:
        seconds = self.headers.get(_TTL, "")
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > 1 << 16:
            self._say(HTTPStatus.BAD_REQUEST)
            self.close_connection = True
            return
        self.rfile.read(int(length))
        if self.path != _TOKEN_PATH:
            self._say(HTTPStatus.NOT_FOUND)
        elif "X-Forwarded-For" in self.headers:
            self._say(HTTPStatus.FORBIDDEN)
        elif not seconds.isdecimal() or not 1 <= int(seconds) <= _LONGEST_TTL:
            self._say(HTTPStatus.BAD_REQUEST)
        else:
            self._say(HTTPStatus.OK, self.server.service.session(int(seconds)), {_TTL: seconds})

    def do_GET(self) -> None:
        if not self.server.service.permits(self.headers.get(_TOKEN)):
            self._say(HTTPStatus.UNAUTHORIZED)
            return
        found = self.server.service.look(self.path)
        if found is None:
            self._say(HTTPStatus.NOT_FOUND)
        else:
            self._say(HTTPStatus.OK, found)

    do_HEAD = do_GET  # noqa: N815 - the base's name

    def _say(self, status: HTTPStatus, text: str = "", headers: Mapping[str, str] | None = None) -> None:
        body = text.encode() if status is HTTPStatus.OK else f"{status.value} - {status.phrase}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing; what was asked is counted."""
