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


@contextmanager
def serving(leaves: Mapping[str, str], *, tokens_required: bool = False) -> Iterator[tuple[int, Visits]]:
    """Serve the leaves on a free port of 127.0.0.1 while the block runs; give the port and what was asked.

    With `tokens_required` requests without a session token are refused, as an instance does whose `HttpTokens` is
    `required`.
    """
    visits, sessions, lock = Visits(), dict[str, float](), threading.Lock()

    class Handler(_Handler):
        def session(self, seconds: int) -> str:
            token = secrets.token_urlsafe(32)
            with lock:
                visits.tokens += 1
                sessions[token] = time.monotonic() + seconds
            return token

        def permitted(self) -> bool:
            token = self.headers.get(_TOKEN)
            if token is None:
                return not tokens_required
            return sessions.get(token, 0.0) > time.monotonic()

        def look(self, path: str) -> str | None:
            with lock:
                visits.requests += 1
                visits.paths.append(path)
            return answer(leaves, path)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="metadata")
        thread.start()
        try:
            yield server.server_port, visits
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """HTTP of the service; what it knows is its subclass's."""

    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    sys_version = ""
    timeout: ClassVar[float] = _SECONDS

    def session(self, seconds: int) -> str:
        raise NotImplementedError

    def permitted(self) -> bool:
        raise NotImplementedError

    def look(self, path: str) -> str | None:
        raise NotImplementedError

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
            self._say(HTTPStatus.OK, self.session(int(seconds)), {_TTL: seconds})

    def do_GET(self) -> None:
        if not self.permitted():
            self._say(HTTPStatus.UNAUTHORIZED)
            return
        found = self.look(self.path)
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
