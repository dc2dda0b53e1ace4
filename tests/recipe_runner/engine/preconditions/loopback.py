"""A small web server on loopback, for what asks web addresses."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(slots=True)
class Page:
    """What a path answers: once for each of `statuses`, then the last of them for ever."""

    body: bytes = b""
    statuses: Sequence[int] = (200,)
    headers: dict[str, str] = field(default_factory=dict)


class Site:
    """Pages by path; `asked` are the paths in the order they were asked for, `agents` the programs that asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []
        self.agents: set[str] = set()
        self.over = threading.Event()

    def put(self, path: str, body: bytes = b"", *, statuses: Sequence[int] = (200,), **headers: str) -> str:
        """Add a page and return its address."""
        self.pages[path] = Page(body, statuses, headers)
        return f"{self.url}{path}"


class _Handler(http.server.BaseHTTPRequestHandler):
    site: ClassVar[Site]

    def do_GET(self) -> None:
        page = self.site.pages.get(self.path)
        earlier = self.site.asked.count(self.path)
        self.site.asked.append(self.path)
        self.site.agents.add(self.headers["User-Agent"])
        if self.path == "/silent":
            self.site.over.wait()
        elif self.path == "/rude":
            self.wfile.write(b"what do you want?\r\n")
        elif self.path == "/drip":
            self._drip()
        elif page is None:
            self.send_error(404)
        else:
            self.send_response(page.statuses[min(earlier, len(page.statuses) - 1)])
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.body)

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.site.over.wait(0.05):
            self.wfile.write(b".")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing when somebody hangs up."""


@contextmanager
def loopback() -> Iterator[Site]:
    """Serve a site on a free port until the end of the block."""

    class Handler(_Handler):
        pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        site = Handler.site = Site(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            site.over.set()
            server.shutdown()
            thread.join()
