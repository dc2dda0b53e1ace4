"""A fresh rehearsal cloud, and one that fails on purpose."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from builders.rehearsal.server import application, serving

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

CREDENTIAL = re.compile(r"Credential=[^/]*/[0-9]*/(?P<region>[^/]*)/(?P<service>[^/]*)/")


REFUSAL = b"<Response><Errors><Error><Code>Refused</Code><Message>on purpose</Message></Error></Errors></Response>"


@dataclass(frozen=True)
class Call:
    """One request: the service and region it was signed for, and the action (EC2) or the method and path (EBS)."""

    service: str
    region: str
    action: str


@dataclass
class Faults:
    """Wraps the cloud: keeps its calls, and refuses those that `refuse` names (an HTTP status, or none)."""

    cloud: WSGIApplication
    refuse: Callable[[Call], int | None] = lambda _call: None
    calls: list[Call] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        signed = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed:
            call = Call(signed["service"], signed["region"], _action(environ))
            with self.lock:
                self.calls.append(call)
                status = self.refuse(call)
            if status:
                start_response(f"{status} Refused", [("Content-Length", str(len(REFUSAL)))])
                return [REFUSAL]
        return self.cloud(environ, start_response)

    def count(self, action: str, region: str = "") -> int:
        """Return how many calls had an action that matches, in that region or in all."""
        calls = [call for call in self.calls if not region or call.region == region]
        return sum(re.fullmatch(action, call.action) is not None for call in calls)


def _action(environ: dict[str, Any]) -> str:
    path = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return parse_qs(body.decode()).get("Action", [path])[0]
    return path


@contextmanager
def fresh_cloud() -> Iterator[tuple[str, Faults]]:
    """Serve an empty cloud for the block's time; gives its address and the wrapper around it."""
    faults = Faults(application())
    with serving(faults) as address:
        connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
        connection.request("POST", "/moto-api/reset")
        assert connection.getresponse().status == 200
        connection.close()
        yield address, faults
